{{- define "ratesapp.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/*
What every pod of the release has in common; passes the `restricted` Pod Security Standard.
Takes (dict "root" $ "component" NAME "serviceAccount" NAME "writesToClaim" BOOLEAN).
*/}}
{{- define "ratesapp.pod" -}}
serviceAccountName: {{ include "ratesapp.name" .root }}-{{ .serviceAccount }}
# Nothing here speaks to the Kubernetes API.
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  seccompProfile: { type: RuntimeDefault }
  {{- if .writesToClaim }}
  # The image's group, so that it may write to a claim that comes owned by root.
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
# Pods of a lost node are replaced after half a minute and not after Kubernetes' five: none keeps state of its own.
tolerations:
  - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 30 }
  - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30 }
{{- end }}

{{/* What every container has in common. Takes the root. */}}
{{- define "ratesapp.container" -}}
image: {{ include "ratesapp.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Variables that every container reads. Takes the root. */}}
{{- define "ratesapp.environment" -}}
- { name: LOG_LEVEL, value: {{ .Values.logLevel }} }
- { name: LOG_FORMAT, value: json }
- { name: RETRACTABLE_DAYS, value: {{ .Values.retractableDays | int64 | quote }} }
{{- end }}

{{/*
Init container that waits for the schema of this image where the pod itself will look.
Takes (dict "root" $ "access" "ingest"|"api").
*/}}
{{- define "ratesapp.schema.wait" -}}
- name: schema
  {{- include "ratesapp.container" .root | nindent 2 }}
  args: [migrate, --wait]
  env:
    {{- include "ratesapp.environment" .root | nindent 4 }}
    {{- include "ratesapp.database.variable" . | nindent 4 }}
  resources:
    {{- toYaml .root.Values.migration.resources | nindent 4 }}
{{- end }}
