-- Approves the plan that the object shows. For any other plan, object or cluster the word is void.
local plan = (obj.status or {}).plan
if plan == nil or plan.id == nil then
  error("there is no plan to approve")
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["cloudsql-ssl.dev/approve"] = plan.id
return obj
