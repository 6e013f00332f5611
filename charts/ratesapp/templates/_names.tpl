{{/* What every name begins with. Room is left for the longest suffix of an object whose name becomes a label. */}}
{{- define "ratesapp.name" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains "ratesapp" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-ratesapp" (.Release.Name | trunc 31 | trimSuffix "-") }}
{{- end -}}
{{- end }}

{{/*
A Job's pod cannot be changed. Its name therefore ends in a hash of the pod: another image, or anything else that the
cluster would refuse to change, makes another Job, and the same pod is the same Job, which has run.
*/}}
{{- define "ratesapp.job.name" -}}
{{ printf "%s-%s-%s" (include "ratesapp.name" .root) .component (.pod | fromYaml | toJson | sha256sum | trunc 10) }}
{{- end }}
