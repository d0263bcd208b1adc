{{- define "operator.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.fullname" -}}
{{- $name := include "operator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: cloudsql-ssl-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{ default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "operator.leaseName" -}}
{{ default (include "operator.fullname" .) .Values.leaderElection.leaseName }}
{{- end }}

{{/* "true" where a policy of the chart lets only those approve who hold the verb. */}}
{{- define "operator.guardsApproval" -}}
{{- if kindIs "bool" .Values.approvalPolicy.enabled -}}
{{ .Values.approvalPolicy.enabled }}
{{- else -}}
{{ empty .Values.namespaces }}
{{- end -}}
{{- end }}

{{- define "operator.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository $tag }}
{{- end -}}
{{- end }}

{{/* The flags that have a value of their own, name: value. */}}
{{- define "operator.flags" -}}
namespaces: {{ join "," .Values.namespaces | quote }}
allowed-instances: {{ join "," .Values.allowedInstances | quote }}
rotatable-instances: {{ join "," .Values.rotatableInstances | quote }}
followable-instances: {{ join "," .Values.followableInstances | quote }}
server-ca-resync: {{ printf "%vs" (int64 .Values.serverCaResyncSeconds) | quote }}
max-resets-per-hour: {{ .Values.maxResetsPerHour | int64 | quote }}
max-rotations-per-hour: {{ .Values.maxRotationsPerHour | int64 | quote }}
require-preconditions: {{ .Values.requirePreconditions | quote }}
approval: {{ .Values.approval | quote }}
approval-guarded: {{ eq (include "operator.guardsApproval" .) "true" | quote }}
concurrency: {{ .Values.concurrency | int64 | quote }}
cloudsql-endpoint: {{ .Values.cloudsql.endpoint | quote }}
cloudsql-mutate-qps: {{ .Values.cloudsql.mutateQps | quote }}
cloudsql-read-qps: {{ .Values.cloudsql.readQps | quote }}
request-timeout: {{ printf "%vs" (int64 .Values.cloudsql.requestTimeoutSeconds) | quote }}
leader-elect: {{ .Values.leaderElection.enabled | quote }}
lease-name: {{ include "operator.leaseName" . | quote }}
lease-namespace: {{ .Release.Namespace | quote }}
lease-duration: {{ printf "%vs" (int64 .Values.leaderElection.leaseDurationSeconds) | quote }}
lease-renew-deadline: {{ printf "%vs" (int64 .Values.leaderElection.renewDeadlineSeconds) | quote }}
lease-retry-period: {{ printf "%vs" (int64 .Values.leaderElection.retryPeriodSeconds) | quote }}
shutdown-timeout: {{ printf "%vs" (int64 .Values.shutdownTimeoutSeconds) | quote }}
health-address: {{ printf ":%v" (int64 .Values.healthPort) | quote }}
metrics-address: {{ printf ":%v" (int64 .Values.metrics.port) | quote }}
log-format: {{ .Values.log.format | quote }}
log-level: {{ .Values.log.level | quote }}
{{- end }}

{{/* What the operator does in the namespaces that it works in. docs/operations.md has a reason for each line. */}}
{{- define "operator.rules" -}}
- apiGroups: [cloudsql-ssl.dev]
  resources: [cloudsqlservercas, cloudsqlsslresets]
  verbs: [get, list, watch]
- apiGroups: [cloudsql-ssl.dev]
  resources: [cloudsqlservercas/status, cloudsqlsslresets/status]
  verbs: [update]
# Its annotations say which instances it may reset, or follow.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- with .Values.publishedKinds }}
# A server-side apply is a patch, and a create where there is nothing yet. Never list: no Secret is searched for.
- apiGroups: [""]
  resources:
    {{- range . }}
    - {{ printf "%ss" (lower .) }}
    {{- end }}
  verbs: [get, create, patch]
{{- end }}
{{- with without .Values.workloadKinds "Rollout" }}
- apiGroups: [apps]
  resources:
    {{- range . }}
    - {{ printf "%ss" (lower .) }}
    {{- end }}
  verbs: [get, list, watch, patch]
{{- end }}
{{- if or (has "StatefulSet" .Values.workloadKinds) .Values.rollout.reload }}
# Which pods keep a StatefulSet from rolling, and which are to read the files again. No pod is read by its name or executed in.
- apiGroups: [""]
  resources: [pods]
  verbs: [list{{ if .Values.deleteUnreadyPods }}, delete{{ end }}{{ if .Values.rollout.reload }}, patch{{ end }}]
{{- end }}
{{- if has "Rollout" .Values.workloadKinds }}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, list, watch, patch]
{{- end }}
# A repeated event is counted on the first one.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
