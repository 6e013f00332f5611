{{/*
The image of a component, as JSON. What ingests may run another one for a while: a release replaces the servers first.
Takes (dict "root" $ "component" NAME).
*/}}
{{- define "ratesapp.image.values" -}}
{{- $given := (.root.Values.ingest).image | default dict -}}
{{- if and $given.repository (has .component (list "ingest" "operator" "compaction")) -}}
{{ toJson $given }}
{{- else -}}
{{ toJson .root.Values.image }}
{{- end -}}
{{- end }}

{{- define "ratesapp.image" -}}
{{- $chart := .root.Chart -}}
{{- with include "ratesapp.image.values" . | fromJson -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/*
What all pods of the release share. It passes the `restricted` Pod Security Standard.
Takes (dict "root" $ "component" NAME "serviceAccount" NAME "speaksToKubernetes" BOOLEAN).
*/}}
{{- define "ratesapp.pod" -}}
{{- $given := include "ratesapp.pod.values" . | fromJson -}}
serviceAccountName: {{ include "ratesapp.name" .root }}-{{ .serviceAccount }}
# The operator alone uses the Kubernetes API.
automountServiceAccountToken: {{ .speaksToKubernetes | default false }}
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
{{- with $given.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $given.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $given.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
tolerations:
  # Pods of a lost node are replaced after half a minute instead of the five minutes of Kubernetes: none has state of
  # its own.
  - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 30 }
  - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30 }
  {{- with $given.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
What values set for the pods of a component, as JSON: `pod`, and over it the values of the component, such as `api.pod`.
Maps are merged by name, and null removes a name. Tolerations are added to each other. A component's affinity and
priority class replace those of `pod`, also with nothing. Null for any of them removes what `pod` says.
Takes (dict "root" $ "component" NAME).
*/}}
{{- define "ratesapp.pod.values" -}}
{{- $pod := dict "labels" dict "annotations" dict "nodeSelector" dict "tolerations" list -}}
{{- range list .root.Values.pod (index .root.Values (include "ratesapp.pod.component" .)).pod -}}
  {{- $given := . | default dict -}}
  {{- range $map := list "labels" "annotations" "nodeSelector" -}}
    {{- if and (hasKey $given $map) (kindIs "invalid" (get $given $map)) }}{{ $_ := set $pod $map dict }}{{ end -}}
    {{- range $name, $value := index $given $map -}}
      {{- if kindIs "invalid" $value }}{{ $_ := unset (get $pod $map) $name }}{{ else }}{{ $_ := set (get $pod $map) $name $value }}{{ end -}}
    {{- end -}}
  {{- end -}}
  {{- if hasKey $given "tolerations" -}}
    {{- $kept := kindIs "invalid" $given.tolerations | ternary list $pod.tolerations -}}
    {{- $_ := $given.tolerations | default list | concat $kept | set $pod "tolerations" -}}
  {{- end -}}
  {{- range $name := list "affinity" "priorityClassName" -}}
    {{- if hasKey $given $name }}{{ $_ := get $given $name | set $pod $name }}{{ end -}}
  {{- end -}}
{{- end -}}
{{ toJson $pod }}
{{- end }}

{{/* The component whose `pod` values are used. The Job that imports places uses those of the migration. */}}
{{- define "ratesapp.pod.component" -}}
{{ eq .component "places" | ternary "migration" .component }}
{{- end }}

{{/*
Labels and annotations of a pod: those from values, and those of the chart. Values must not change the chart's own,
because Services and NetworkPolicies find pods by them.
Takes (dict "root" $ "component" NAME "feed" NAME "annotations" DICT).
*/}}
{{- define "ratesapp.pod.metadata" -}}
{{- $own := dict "labels" (include "ratesapp.selector" . | fromYaml) "annotations" (.annotations | default dict) -}}
{{- with .feed }}{{ $_ := set $own.labels "ratesapp/feed" . }}{{ end -}}
{{- $given := include "ratesapp.pod.values" . | fromJson -}}
{{- $metadata := dict -}}
{{- range $map := list "labels" "annotations" -}}
  {{- range $name, $value := get $given $map -}}
    {{- if hasKey (get $own $map) $name -}}
      {{- fail (printf "\n\n%s.pod.%s, or pod.%s: %s is the chart's own\n" (include "ratesapp.pod.component" $) $map $map $name) -}}
    {{- end -}}
  {{- end -}}
  {{- with merge (get $own $map) (get $given $map) }}{{ $_ := set $metadata $map . }}{{ end -}}
{{- end -}}
{{ toYaml $metadata }}
{{- end }}

{{/* What all containers share. Takes (dict "root" $ "component" NAME). */}}
{{- define "ratesapp.container" -}}
image: {{ include "ratesapp.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/*
An init container that waits for the schema of this image, in the database that the pod itself will use.
Takes (dict "root" $ "component" NAME "access" "ingest"|"api").
*/}}
{{- define "ratesapp.schema.wait" -}}
- name: schema
  {{- include "ratesapp.container" . | nindent 2 }}
  args: [migrate, --wait]
  env:
    {{- include "ratesapp.env" (omit . "variables") | nindent 4 }}
  {{- include "ratesapp.resources" (list .root.Values.migration.resources) | nindent 2 }}
  {{- include "ratesapp.volumeMounts" (dict "root" .root) | nindent 2 }}
{{- end }}

{{/* The volumes of a pod: those of every pod, and those of its component. Takes (dict "root" $ "volumes" LIST). */}}
{{- define "ratesapp.volumes" -}}
{{- with concat (include "ratesapp.database.ca.volumes" .root | fromJsonArray) (.volumes | default list) -}}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* What a container mounts of them. Takes (dict "root" $ "mounts" LIST). */}}
{{- define "ratesapp.volumeMounts" -}}
{{- $mounts := list -}}
{{- range include "ratesapp.database.ca.volumes" .root | fromJsonArray -}}
  {{- $mounts = append $mounts (dict "name" .name "mountPath" "/etc/ratesapp-database" "readOnly" true) -}}
{{- end -}}
{{- with concat $mounts (.mounts | default list) -}}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/*
Requests and limits of a container, if there are any. Takes a list of them: later ones override earlier ones, and null
removes one.
*/}}
{{- define "ratesapp.resources" -}}
{{- $resources := dict -}}
{{- range . -}}
  {{- range $kind, $quantities := . -}}
    {{- $kept := kindIs "invalid" $quantities | ternary dict (index $resources $kind | default dict) -}}
    {{- range $name, $quantity := $quantities -}}
      {{- if kindIs "invalid" $quantity }}{{ $_ := unset $kept $name }}{{ else }}{{ $_ := toString $quantity | set $kept $name }}{{ end -}}
    {{- end -}}
    {{- if $kept }}{{ $_ := set $resources $kind $kept }}{{ else }}{{ $_ := unset $resources $kind }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- with $resources -}}
resources:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}
