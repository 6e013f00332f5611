{{/* Reports all mistakes in values that a schema cannot find. Takes the root. */}}
{{- define "ratesapp.checks" -}}
{{- $mistakes := list -}}
{{- range list "image" "database" "api" "places" "feeds" "compaction" "routes" -}}
  {{- range include (printf "ratesapp.checks.%s" .) $ | splitList "\n" -}}
    {{- with trim . }}{{ $mistakes = append $mistakes . }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- if $mistakes -}}
  {{- fail (printf "\n\nThe values do not fit together:\n  %s\n" (join "\n  " $mistakes)) -}}
{{- end -}}
{{- end }}

{{/* Each of the following templates writes a line for each mistake. */}}
{{- define "ratesapp.checks.image" -}}
{{- if and (eq (.Values.image.tag | default "") "latest") (not .Values.image.digest) }}
image.tag: latest is no version; name one, or a digest
{{- end }}
{{- end }}

{{- define "ratesapp.checks.database" -}}
{{- $source := dict -}}
{{- range $access := list "owner" "ingest" "api" -}}
  {{- with index $.Values.database $access -}}
    {{- if and .secretName .url }}
database.{{ $access }}: secretName and url are both set; keep one
    {{- end -}}
  {{- end -}}
  {{- $_ := set $source $access (include "ratesapp.database.source" (dict "root" $ "access" $access) | fromJson) -}}
{{- end -}}
{{- with .Values.database.ca -}}
  {{- if and .configMapName .secretName }}
database.ca: configMapName and secretName are both set; keep one
  {{- end -}}
{{- end -}}
{{- $compaction := .Values.compaction | default dict -}}
{{- if not $source.api }}
database: no access is set; name the Secret with a Postgres URL: --set database.owner.secretName=NAME,database.owner.key=KEY
{{- else -}}
  {{- if and .Values.migration.enabled (not $source.owner) }}
database.owner: needed by the migration; set it, or migration.enabled=false where the schema comes from elsewhere
  {{- end -}}
  {{- if and $compaction.enabled $compaction.retentionDays (not $source.owner) }}
database.owner: needed by compaction.retentionDays; only the owner of the tables can drop old months
  {{- end -}}
  {{- if not $source.ingest -}}
    {{- if values (.Values.feeds | default dict) | compact }}
database.ingest: needed by feeds
    {{- end -}}
    {{- if (.Values.operator).enabled }}
database.ingest: needed by the operator; set it, or operator.enabled=false where the database is a copy
    {{- end -}}
    {{- if $compaction.enabled }}
database.ingest: needed by compaction; set it, or compaction.enabled=false where the database is a copy
    {{- end -}}
    {{- with .Values.places }}{{ if or .ports .configMapName .claimName }}
database.ingest: needed by the import of places
    {{- end }}{{ end -}}
    {{- if (.Values.writeTokens).secretName }}
writeTokens.secretName: clients cannot write without database.ingest
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "ratesapp.checks.api" -}}
{{- if regexMatch "^(localhost|(::[Ff]{4}:)?127\\..*|[0:]*:0*1)$" (.Values.api.host | default "") }}
api.host: {{ .Values.api.host }} is the pod's own loopback, which no probe and no client reaches; leave it empty, or name :: or 0.0.0.0
{{- end -}}
{{- with .Values.api.autoscaling -}}
  {{- if .enabled -}}
    {{- if gt (int .minReplicas) (int .maxReplicas) }}
api.autoscaling.minReplicas: {{ .minReplicas }} is more than maxReplicas, {{ .maxReplicas }}
    {{- end -}}
    {{- $resources := include "ratesapp.resources" (list $.Values.api.resources) | fromYaml | dig "resources" dict -}}
    {{- if not (or ($resources.requests).cpu ($resources.limits).cpu) }}
api.resources.requests.cpu: api.autoscaling counts by it; set it, or api.autoscaling.enabled=false
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "ratesapp.checks.places" -}}
{{- with .Values.places -}}
  {{- if ne (empty .ports) (empty .regions) }}
places: ports and regions are imported together; one of them is missing
  {{- end -}}
  {{- if gt (list .ports .configMapName .claimName | compact | len) 1 }}
places: ports, configMapName and claimName each bring the places; keep one
  {{- end -}}
  {{- range $key := list "ports" "regions" -}}
    {{- if regexMatch "\\x{FFFD}" (index $.Values.places $key | default "") }}
places.{{ $key }}: is not UTF-8
    {{- end -}}
  {{- end -}}
  {{- /* kubectl apply keeps them in an annotation of at most 256 KiB, and Helm twice in a Secret of at most 1 MiB. */ -}}
  {{- $bytes := dict "ports" .ports "regions" .regions | toJson | len -}}
  {{- if gt $bytes 250000 }}
places: ports and regions are {{ $bytes }} bytes as JSON, and 250000 is the most that Helm and kubectl can note; bring them in places.configMapName or places.claimName
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "ratesapp.checks.feeds" -}}
{{- range $feed, $given := .Values.feeds -}}
  {{- if $given -}}
    {{- with include "ratesapp.schedule.mistake" (dict "root" $ "schedule" $given.schedule) | trim }}
feeds.{{ $feed }}.schedule: {{ . }}
    {{- end -}}
    {{- with $given.timeZone -}}
      {{- if not (regexMatch ($.Files.Get "schedules.json" | fromJson).timeZone .) }}
feeds.{{ $feed }}.timeZone: {{ quote . }} is no time zone such as Europe/Paris or Etc/UTC
      {{- end -}}
    {{- end -}}
    {{- if not (regexMatch "^(?i:https?://|s3://)[^/ ]|^/" $given.source) }}
feeds.{{ $feed }}.source: must be http(s)://…, s3://… or an absolute path
    {{- else if regexMatch "^[a-zA-Z0-9]+://[^/?#]*@" $given.source }}
feeds.{{ $feed }}.source: has a user or password, which all who may see Feeds would read
    {{- else if and (hasPrefix "/" $given.source) (not $given.volume) }}
feeds.{{ $feed }}.volume: source is a path, and no claim is named that it lies in
    {{- end -}}
    {{- if has $given.credentialsSecretName (include "ratesapp.secretNames" $ | fromJsonArray) }}
feeds.{{ $feed }}.credentialsSecretName: {{ $given.credentialsSecretName }} is the release's own; make a Secret for the feed
    {{- end -}}
    {{- if and $given.volume $given.maxBadRows (not $given.rejectsClaimName) }}
feeds.{{ $feed }}.rejectsClaimName: lines that maxBadRows leaves out are kept beside a file, and volume is read-only
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "ratesapp.checks.compaction" -}}
{{- with .Values.compaction -}}
  {{- with include "ratesapp.schedule.mistake" (dict "root" $ "schedule" .schedule) | trim }}
compaction.schedule: {{ . }}
  {{- end -}}
  {{- with .retentionDays -}}
    {{- if lt (int .) (int $.Values.retractableDays) }}
compaction.retentionDays: {{ . }} days would drop batches that retractableDays, {{ $.Values.retractableDays }}, promises to keep
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "ratesapp.checks.routes" -}}
{{- with .Values.httpRoute -}}
  {{- if and .enabled (not .parentRefs) }}
httpRoute.parentRefs: name the Gateway
  {{- end -}}
{{- end -}}
{{- end }}
