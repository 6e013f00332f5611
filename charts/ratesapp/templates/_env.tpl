{{/*
The variables of a container: those of every container, its database, its own, and those that values add. Added
variables must not have a name that the chart sets. If two variables have the same name, Kubernetes takes the later one,
so `pod.env` would silently override `logLevel`.
Takes (dict "root" $ "component" NAME "access" NAME "variables" YAML).
*/}}
{{- define "ratesapp.env" -}}
{{- $own := list (include "ratesapp.env.common" .root) (include "ratesapp.database.variable" .) (.variables | default "") | compact | join "\n" -}}
{{- $names := list -}}
{{- range fromYamlArray $own }}{{ $names = append $names .name }}{{ end -}}
{{- $added := list -}}
{{- range $source := include "ratesapp.env.added" . | fromJsonArray -}}
  {{- range $variable := last $source -}}
    {{- if has .name $names -}}
      {{- fail (printf "\n\n%s: %s is the chart's own\n" (first $source) .name) -}}
    {{- end -}}
    {{- $others := list -}}
    {{- range $added }}{{ if ne .name $variable.name }}{{ $others = append $others . }}{{ end }}{{ end -}}
    {{- $added = append $others $variable -}}
  {{- end -}}
{{- end -}}
{{ $own }}
{{- with $added }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The variables that values add to a component, as JSON: pairs of a key of values and a list of variables. Null for the
env of a component removes those of `pod.env`.
*/}}
{{- define "ratesapp.env.added" -}}
{{- $component := include "ratesapp.pod.component" . -}}
{{- $pod := (index .root.Values $component).pod | default dict -}}
{{- $replaced := and (hasKey $pod "env") (kindIs "invalid" $pod.env) -}}
{{
  list
    (list "pod.env" ($replaced | ternary list (.root.Values.pod).env))
    (list (printf "%s.pod.env" $component) $pod.env)
  | toJson
}}
{{- end }}

{{/* The variables of every container. Takes the root. */}}
{{- define "ratesapp.env.common" -}}
- { name: LOG_LEVEL, value: {{ .Values.logLevel }} }
- { name: LOG_FORMAT, value: json }
- { name: RETRACTABLE_DAYS, value: {{ .Values.retractableDays | int64 | quote }} }
{{- end }}
