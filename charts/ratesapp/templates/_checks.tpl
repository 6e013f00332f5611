{{/* Mistakes that a schema cannot see, all of them at once. Takes the root. */}}
{{- define "ratesapp.checks" -}}
{{- $mistakes := list -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) -}}
  {{- $mistakes = append $mistakes "image.tag: latest is no version; name one, or a digest" -}}
{{- end -}}
{{- $source := dict -}}
{{- range $access := list "owner" "ingest" "api" -}}
  {{- $given := get $.Values.database $access -}}
  {{- if and $given.secretName $given.url -}}
    {{- $mistakes = append $mistakes (printf "database.%s: secretName and url are both set; keep one" $access) -}}
  {{- end -}}
  {{- $_ := set $source $access (include "ratesapp.database.source" (dict "root" $ "access" $access) | fromJson) -}}
{{- end -}}
{{- if not $source.api -}}
  {{- $mistakes = append $mistakes "database: no access is set; name the Secret with a Postgres URL: --set database.owner.secretName=NAME,database.owner.key=KEY" -}}
{{- else -}}
  {{- if and .Values.migration.enabled (not $source.owner) -}}
    {{- $mistakes = append $mistakes "database.owner: needed by the migration; set it, or migration.enabled=false where the schema comes from elsewhere" -}}
  {{- end -}}
  {{- if and .Values.compaction.enabled .Values.compaction.retentionDays (not $source.owner) -}}
    {{- $mistakes = append $mistakes "database.owner: needed by compaction.retentionDays; only the owner of the tables can drop old months" -}}
  {{- end -}}
  {{- if not $source.ingest -}}
    {{- if .Values.feeds -}}{{- $mistakes = append $mistakes "database.ingest: needed by feeds" -}}{{- end -}}
    {{- if .Values.compaction.enabled -}}
      {{- $mistakes = append $mistakes "database.ingest: needed by compaction; set it, or compaction.enabled=false where the database is a copy" -}}
    {{- end -}}
    {{- if .Values.places.ports -}}{{- $mistakes = append $mistakes "database.ingest: needed by the import of places" -}}{{- end -}}
    {{- if .Values.writeTokens.secretName -}}{{- $mistakes = append $mistakes "writeTokens.secretName: nobody can write without database.ingest" -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- with .Values.api.autoscaling -}}
  {{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
    {{- $mistakes = append $mistakes (printf "api.autoscaling.minReplicas: %d is more than maxReplicas, %d" (int .minReplicas) (int .maxReplicas)) -}}
  {{- end -}}
{{- end -}}
{{- if ne (empty .Values.places.ports) (empty .Values.places.regions) -}}
  {{- $mistakes = append $mistakes "places: ports and regions are imported together; one of them is missing" -}}
{{- end -}}
{{- range $feed, $given := .Values.feeds -}}
  {{- if and $given.volume $given.maxBadRows (not $given.rejectsClaimName) -}}
    {{- $mistakes = append $mistakes (printf "feeds.%s.rejectsClaimName: lines that maxBadRows leaves out are kept beside a file, and volume is read-only" $feed) -}}
  {{- end -}}
{{- end -}}
{{- with .Values.compaction.retentionDays -}}
  {{- if lt (int .) (int $.Values.retractableDays) -}}
    {{- $mistakes = append $mistakes (printf "compaction.retentionDays: %d days would drop batches that retractableDays, %d, promises to keep" (int .) (int $.Values.retractableDays)) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
  {{- $mistakes = append $mistakes "httpRoute.parentRefs: name the Gateway" -}}
{{- end -}}
{{- if $mistakes -}}
  {{- fail (printf "\n\nThe values do not fit together:\n  %s\n" (join "\n  " $mistakes)) -}}
{{- end -}}
{{- end }}
