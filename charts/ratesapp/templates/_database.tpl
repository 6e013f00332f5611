{{/* Accesses in the order of their power; one that is not set is stood in for by the one before. */}}
{{- define "ratesapp.database.standIns" -}}
{{ dict "owner" (list "owner") "ingest" (list "ingest" "owner") "api" (list "api" "ingest" "owner") | toJson }}
{{- end }}

{{/* Where the URL of an access stands: {"secretName", "key"} as JSON, {} without any. Takes (dict "root" $ "access" NAME). */}}
{{- define "ratesapp.database.source" -}}
{{- $root := .root -}}
{{- $source := dict -}}
{{- range get (include "ratesapp.database.standIns" $root | fromJson) .access -}}
  {{- $given := index $root.Values.database . | default dict -}}
  {{- if not $source -}}
    {{- if $given.secretName -}}
      {{- $source = dict "secretName" $given.secretName "key" $given.key -}}
    {{- else if $given.url -}}
      {{- $source = dict "secretName" (printf "%s-database" (include "ratesapp.name" $root)) "key" (printf "%s-url" .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{ $source | toJson }}
{{- end }}

{{/* The variable with an access' URL. Only the API reads from elsewhere than it writes to. */}}
{{- define "ratesapp.database.variable" -}}
{{- $source := include "ratesapp.database.source" . | fromJson -}}
- name: {{ eq .access "api" | ternary "DATABASE_READ_URL" "DATABASE_URL" }}
  valueFrom:
    secretKeyRef: { name: {{ $source.secretName }}, key: {{ $source.key }} }
{{- end }}

{{/* Annotations that replace pods when what they read at their start has changed. Takes the root. */}}
{{- define "ratesapp.database.annotations" -}}
ratesapp/database: {{ pick .Values.database "owner" "ingest" "api" "revision" | toJson | sha256sum | trunc 16 | quote }}
{{- end }}
