-- Health of a CloudSqlSslReset for Argo CD. Base functions of Lua 5.1 only: Argo CD opens no other library.
local hs = {}

local status = obj.status
if status == nil or status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  hs.status = "Progressing"
  hs.message = "Waiting for the operator to see this generation"
  return hs
end

local found = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "True" then
    found[condition.type] = condition
  end
end

local function is(health, condition)
  hs.status = health
  hs.message = condition.reason .. ": " .. (condition.message or "")
  return hs
end

if found.Stalled ~= nil then
  return is("Degraded", found.Stalled)
end
local held = { Suspended = true, AwaitingApproval = true, OutsideWindow = true }
if found.Reconciling ~= nil and held[found.Reconciling.reason] then
  return is("Suspended", found.Reconciling)
end
if found.Reconciling ~= nil then
  return is("Progressing", found.Reconciling)
end
if found.Ready ~= nil then
  return is("Healthy", found.Ready)
end

hs.status = "Progressing"
hs.message = "Waiting for the condition Ready"
return hs
