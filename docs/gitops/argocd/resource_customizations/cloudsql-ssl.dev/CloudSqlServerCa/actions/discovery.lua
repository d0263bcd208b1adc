-- Actions on a CloudSqlServerCa, which is Healthy while it waits. Base functions of Lua 5.1 only: Argo CD opens no other library.
local actions = {}

local isAsked = false
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.type == "ServerCaRotated" and condition.status == "False" and condition.reason == "AwaitingApproval" then
    isAsked = true
  end
end
local plan = (obj.status or {}).plan
actions["approve"] = { ["disabled"] = not isAsked or plan == nil or plan.id == nil }
return actions
