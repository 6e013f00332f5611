{{/* The beginning of all names. It leaves room for the longest suffix of an object whose name becomes a label. */}}
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
The pod of a Job cannot be changed, so the Job's name ends in a hash of the pod. Another image, or anything else that
the cluster would refuse to change, makes a new Job. With the same pod, it is the same Job, which has already run.
*/}}
{{- define "ratesapp.job.name" -}}
{{ printf "%s-%s-%s" (include "ratesapp.name" .root) .component (.pod | fromYaml | toJson | sha256sum | trunc 10) }}
{{- end }}
