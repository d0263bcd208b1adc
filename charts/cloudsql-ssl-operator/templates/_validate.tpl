{{/* Values that contradict each other: each message names the value and the way out. All are reported at once. */}}
{{- define "operator.validate" -}}
{{- $v := .Values -}}
{{- $problems := list -}}
{{- if and (gt (int $v.replicas) 1) (not $v.leaderElection.enabled) -}}
{{- $problems = append $problems (printf "replicas is %d and leaderElection.enabled is false: several replicas would work at a time. Set replicas to 1, or leaderElection.enabled to true" (int $v.replicas)) -}}
{{- end -}}
{{- if le (int $v.terminationGracePeriodSeconds) (int $v.shutdownTimeoutSeconds) -}}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds (%d) is not longer than shutdownTimeoutSeconds (%d): the kubelet would kill steps in flight. Raise it above %d" (int $v.terminationGracePeriodSeconds) (int $v.shutdownTimeoutSeconds) (int $v.shutdownTimeoutSeconds)) -}}
{{- end -}}
{{- $longestStep := add 15 (int $v.cloudsql.requestTimeoutSeconds) -}}
{{- if le (int $v.shutdownTimeoutSeconds) (int $longestStep) -}}
{{- $problems = append $problems (printf "shutdownTimeoutSeconds (%d) is not longer than cloudsql.requestTimeoutSeconds and 15 together: a call in flight would be cut off. Raise it above %d" (int $v.shutdownTimeoutSeconds) (int $longestStep)) -}}
{{- end -}}
{{- with $v.leaderElection -}}
{{- if le (int .leaseDurationSeconds) (int .renewDeadlineSeconds) -}}
{{- $problems = append $problems (printf "leaderElection.leaseDurationSeconds (%d) is not longer than leaderElection.renewDeadlineSeconds (%d): another replica would take the Lease while this one still writes. Raise it above %d" (int .leaseDurationSeconds) (int .renewDeadlineSeconds) (int .renewDeadlineSeconds)) -}}
{{- end -}}
{{- if le (mul 10 (int .renewDeadlineSeconds)) (mul 12 (int .retryPeriodSeconds)) -}}
{{- $problems = append $problems (printf "leaderElection.renewDeadlineSeconds (%d) is not longer than 1.2 times leaderElection.retryPeriodSeconds (%d): a renewal may come too late. Raise it, or lower the other" (int .renewDeadlineSeconds) (int .retryPeriodSeconds)) -}}
{{- end -}}
{{- end -}}
{{- $pdb := $v.podDisruptionBudget -}}
{{- $hasMin := not (kindIs "invalid" $pdb.minAvailable) -}}
{{- $hasMax := not (kindIs "invalid" $pdb.maxUnavailable) -}}
{{- if and $pdb.enabled $hasMin $hasMax -}}
{{- $problems = append $problems "podDisruptionBudget.minAvailable and podDisruptionBudget.maxUnavailable are both set: Kubernetes takes one. Set the other to null" -}}
{{- else if and $pdb.enabled (not $hasMin) (not $hasMax) -}}
{{- $problems = append $problems "podDisruptionBudget.enabled is true, and neither podDisruptionBudget.maxUnavailable nor podDisruptionBudget.minAvailable is set: set one, or podDisruptionBudget.enabled to false" -}}
{{- end -}}
{{- $blocks := printf "no replica may be evicted, and a node would never drain. Lower minAvailable below replicas (%d)" (int $v.replicas) -}}
{{- if and $pdb.enabled (gt (int $v.replicas) 1) $hasMin (not (kindIs "string" $pdb.minAvailable)) (ge (int $pdb.minAvailable) (int $v.replicas)) -}}
{{- $problems = append $problems (printf "podDisruptionBudget.minAvailable is %d: %s" (int $pdb.minAvailable) $blocks) -}}
{{- end -}}
{{- if and $v.podMonitor.enabled $v.serviceMonitor.enabled -}}
{{- $problems = append $problems "podMonitor.enabled and serviceMonitor.enabled are both true: every series would be scraped twice. Set one of them to false" -}}
{{- end -}}
{{- if and $v.prometheusRule.enabled (not $v.prometheusRule.runbookBaseUrl) -}}
{{- $problems = append $problems "prometheusRule.enabled is true and prometheusRule.runbookBaseUrl is empty: the alerts would link to nothing. Set it to the URL where your people read docs/runbooks.md" -}}
{{- end -}}
{{- if eq (int $v.metrics.port) (int $v.healthPort) -}}
{{- $problems = append $problems (printf "metrics.port and healthPort are both %d: give one of them another port" (int $v.healthPort)) -}}
{{- end -}}
{{- if and (not $v.serviceAccount.create) (not $v.serviceAccount.name) -}}
{{- $problems = append $problems "serviceAccount.create is false and serviceAccount.name is empty: name the ServiceAccount that is there, or set serviceAccount.create to true" -}}
{{- end -}}
{{- if and (not $v.serviceAccount.create) $v.serviceAccount.annotations -}}
{{- $problems = append $problems "serviceAccount.annotations is set and serviceAccount.create is false: they would be lost. Annotate the ServiceAccount yourself, or set serviceAccount.create to true" -}}
{{- end -}}
{{- if and $v.googleCredentials.secretName (hasKey $v.serviceAccount.annotations "iam.gke.io/gcp-service-account") -}}
{{- $problems = append $problems "googleCredentials.secretName and the annotation iam.gke.io/gcp-service-account in serviceAccount.annotations are both set: the key would win over Workload Identity. Remove one of them" -}}
{{- end -}}
{{- if $v.namespaces -}}
{{- range $value := list "allowedInstances" "rotatableInstances" "followableInstances" -}}
{{- range $entry := get $v $value -}}
{{- $parts := splitList "=" $entry -}}
{{- if and (gt (len $parts) 1) (not (has (first $parts) $v.namespaces)) -}}
{{- $problems = append $problems (printf "%s speaks of the namespace %s (%s), which is not in namespaces: add it there, or remove the entry" $value (first $parts) $entry) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $valueOf := include "operator.valueOfFlag" . | fromYaml -}}
{{- range $arg := $v.extraArgs -}}
{{- $flag := $arg | trimPrefix "--" | splitList "=" | first -}}
{{- with get $valueOf $flag -}}
{{- $problems = append $problems (printf "extraArgs holds --%s, which the chart sets itself: use the value %s" $flag .) -}}
{{- end -}}
{{- end -}}
{{- range $v.extraEnv -}}
{{- $flag := .name | trimPrefix "CLOUDSQL_SSL_" | lower | replace "_" "-" -}}
{{- if and (hasPrefix "CLOUDSQL_SSL_" .name) (hasKey $valueOf $flag) -}}
{{- $problems = append $problems (printf "extraEnv holds %s, which the flag that the chart sets would override: use the value %s" .name (get $valueOf $flag)) -}}
{{- end -}}
{{- if and (eq .name "GOOGLE_APPLICATION_CREDENTIALS") $v.googleCredentials.secretName -}}
{{- $problems = append $problems "extraEnv holds GOOGLE_APPLICATION_CREDENTIALS, and googleCredentials.secretName is set: remove one of them" -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\nThese values do not go together:\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end }}

{{- define "operator.valueOfFlag" -}}
namespaces: namespaces
allowed-instances: allowedInstances
rotatable-instances: rotatableInstances
followable-instances: followableInstances
server-ca-resync: serverCaResyncSeconds
max-resets-per-hour: maxResetsPerHour
max-rotations-per-hour: maxRotationsPerHour
require-preconditions: requirePreconditions
approval: approval
approval-guarded: approvalPolicy.enabled
concurrency: concurrency
cloudsql-endpoint: cloudsql.endpoint
cloudsql-mutate-qps: cloudsql.mutateQps
cloudsql-read-qps: cloudsql.readQps
request-timeout: cloudsql.requestTimeoutSeconds
leader-elect: leaderElection.enabled
lease-name: leaderElection.leaseName
lease-namespace: leaderElection.leaseName
lease-duration: leaderElection.leaseDurationSeconds
lease-renew-deadline: leaderElection.renewDeadlineSeconds
lease-retry-period: leaderElection.retryPeriodSeconds
shutdown-timeout: shutdownTimeoutSeconds
health-address: healthPort
metrics-address: metrics.port
log-format: log.format
log-level: log.level
{{- end }}
