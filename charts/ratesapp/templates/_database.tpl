{{/* The accesses that can be used for an access, best first. If one is not set, the next one is used. */}}
{{- define "ratesapp.database.standIns" -}}
{{ dict "owner" (list "owner") "ingest" (list "ingest" "owner") "api" (list "api" "ingest" "owner") | toJson }}
{{- end }}

{{/* Where the URL of an access is: {"secretName", "key"} as JSON, {} if there is none. Takes (dict "root" $ "access" NAME). */}}
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

{{/* The environment variable with the URL of an access. Only the API reads from another database than it writes to. */}}
{{- define "ratesapp.database.variable" -}}
{{- $source := include "ratesapp.database.source" . | fromJson -}}
- name: {{ eq .access "api" | ternary "DATABASE_READ_URL" "DATABASE_URL" }}
  valueFrom:
    secretKeyRef: { name: {{ $source.secretName }}, key: {{ $source.key }} }
{{- end }}

{{/* Names of the release's Secrets, as a JSON list: no feed may have them. Takes the root. */}}
{{- define "ratesapp.secretNames" -}}
{{- $names := list -}}
{{- range $access := list "owner" "ingest" "api" -}}
  {{- $names = append $names (include "ratesapp.database.source" (dict "root" $ "access" $access) | fromJson).secretName -}}
{{- end -}}
{{ concat $names (list (.Values.writeTokens).secretName (.Values.database.ca).secretName) | compact | uniq | toJson }}
{{- end }}

{{/* Annotations that change, and so replace the pods, when what pods read at their start changes. Takes the root. */}}
{{- define "ratesapp.database.annotations" -}}
ratesapp/database: {{ pick .Values.database "owner" "ingest" "api" "revision" | toJson | sha256sum | trunc 16 | quote }}
{{- end }}

{{/*
The volume with the certificate authorities of the database, as a JSON list; [] if values name none. It is mounted as a
whole: the kubelet never updates a file that is mounted by `subPath`. Takes the root.
*/}}
{{- define "ratesapp.database.ca.volumes" -}}
{{- $ca := .Values.database.ca | default dict -}}
{{- $items := list (dict "key" $ca.key "path" "ca.crt") -}}
{{- $volumes := list -}}
{{- with $ca.configMapName }}{{ $volumes = append $volumes (dict "name" "database-ca" "configMap" (dict "name" . "items" $items)) }}{{ end -}}
{{- with $ca.secretName }}{{ $volumes = append $volumes (dict "name" "database-ca" "secret" (dict "secretName" . "items" $items)) }}{{ end -}}
{{ $volumes | toJson }}
{{- end }}
