{{/*
Labels that select pods. They never change.
Takes (dict "root" $ "component" NAME), like all templates in this file.
*/}}
{{- define "ratesapp.selector" -}}
app.kubernetes.io/name: ratesapp
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of objects. Pods do not get them, because a new chart version would change them and so replace every pod. */}}
{{- define "ratesapp.labels" -}}
{{ include "ratesapp.selector" . }}
app.kubernetes.io/part-of: ratesapp
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/*
Labels of an object whose pods run the image. Only these have the version: a new image then changes no other object, and
a release needs no rights on Services or Roles.
*/}}
{{- define "ratesapp.labels.versioned" -}}
{{- $image := include "ratesapp.image.values" . | fromJson -}}
{{- $version := $image.tag | default ($image.digest | default "" | trimPrefix "sha256:" | trunc 12) | default .root.Chart.AppVersion -}}
{{ include "ratesapp.labels" . }}
app.kubernetes.io/version: {{ $version | trunc 63 | trimAll "-_." | quote }}
{{- end }}
