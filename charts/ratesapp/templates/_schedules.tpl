{{/*
What is wrong with a schedule; empty if nothing is. Kubernetes reads schedules with robfig/cron 3, whose limits are in
schedules.json. It would refuse a wrong CronJob in the middle of a release. This template also refuses what Kubernetes
would read differently than it looks: `*-5` means `*`, `,` means no minute at all, and 31 February never comes. Takes
(dict "root" $ "schedule" TEXT).
*/}}
{{- define "ratesapp.schedule.mistake" -}}
{{- $known := .root.Files.Get "schedules.json" | fromJson -}}
{{- $words := regexSplit "[\\s\\p{Z}]+" (trim .schedule) -1 -}}
{{- if hasPrefix "@" .schedule -}}
  {{- if not (regexMatch $known.shortcut .schedule) -}}
    {{ .schedule }} is none of {{ $known.shortcuts }}
  {{- end -}}
{{- else if ne (len $words) 5 -}}
  must have five cron fields, or be {{ $known.shortcuts }}
{{- else -}}
  {{- $mistake := "" -}}
  {{- $days := list -}}
  {{- $months := list -}}
  {{- range $at, $field := $known.fields -}}
    {{- range $part := index $words $at | splitList "," -}}
      {{- $values := include "ratesapp.schedule.values" (dict "field" $field "part" $part) | fromJsonArray -}}
      {{- if not (or $values $mistake) -}}
        {{- $mistake = printf "%q is no %s: %s, in lists, ranges upwards (1-5) and steps (*/2)" $part $field.name $field.takes -}}
      {{- end -}}
      {{- if eq $at 2 }}{{ $days = concat $days $values }}{{ else if eq $at 3 }}{{ $months = concat $months $values }}{{ end -}}
    {{- end -}}
  {{- end -}}
  {{- /* If every day of the week is allowed, only the days of the month count. */ -}}
  {{- $comes := not (regexMatch "(^|,)[*?](/0*1)?(,|$)" (last $words)) -}}
  {{- range $month := $months -}}
    {{- range $day := $days -}}
      {{- if le (int $day) (index $known.monthDays (sub $month 1) | int) }}{{ $comes = true }}{{ end -}}
    {{- end -}}
  {{- end -}}
  {{ $mistake | default ($comes | ternary "" "names a day that no month has") }}
{{- end -}}
{{- end }}

{{/* The values that one part of a field means, as JSON; none if Kubernetes would not accept it. */}}
{{- define "ratesapp.schedule.values" -}}
{{- $text := lower .part -}}
{{- range $name, $value := .field.names }}{{ $text = regexReplaceAll (printf "\\b%s\\b" $name) $text (toString $value) }}{{ end -}}
{{- $values := list -}}
{{- if regexMatch "^([*?]|[0-9]{1,9}(-[0-9]{1,9})?)(/0*[1-9][0-9]{0,8})?$" $text -}}
  {{- $ends := regexFind "^[^/]+" $text | splitList "-" -}}
  {{- $low := .field.least | int -}}
  {{- $high := .field.most | int -}}
  {{- if not (has (first $ends) (list "*" "?")) -}}
    {{- $low = first $ends | atoi -}}
    {{- if or (eq (len $ends) 2) (not (contains "/" $text)) }}{{ $high = last $ends | atoi }}{{ end -}}
  {{- end -}}
  {{- $step := regexFind "[0-9]+$" (regexFind "/.*" $text) | default "1" | atoi -}}
  {{- if and (ge $low (int .field.least)) (le $high (int .field.most)) (le $low $high) -}}
    {{- $values = untilStep $low (add $high 1 | int) $step -}}
  {{- end -}}
{{- end -}}
{{ toJson $values }}
{{- end }}
