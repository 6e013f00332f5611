#!/usr/bin/env bash
# Sends files of prices as the pieces of one batch, and publishes it: consumers see all of it or nothing.
#
#   TOKEN=… examples/upload.sh FEED FILE...
#
# It may be run again whatever became of it: the same files are the same batch. RATES_URL is where the service is,
# http://127.0.0.1:3000 if not set. Needs curl (7.76 or newer).
set -euo pipefail
[ $# -ge 2 ] || { echo "Usage: TOKEN=… upload.sh FEED FILE..." >&2; exit 2; }
: "${TOKEN:?is not set: npm start prints one, docs/api.md says how to make one}"
feed=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# send METHOD PATH [curl's options...]: the answer; of an error, its problem document, and the end. Everything sent here
# may be repeated, so curl does it after 429 and 503, when Retry-After says. The token comes in a file, because the list
# of processes shows arguments to every user of the machine.
send() {
  local method=$1 path=$2
  shift 2
  if ! curl -sS --fail-with-body --retry 10 -X "$method" -o "$work/answer" -D "$work/headers" \
    -H @<(echo "Authorization: Bearer $TOKEN") "$@" "${RATES_URL:-http://127.0.0.1:3000}$path"; then
    [ ! -s "$work/answer" ] || { cat "$work/answer"; echo; } >&2
    exit 1
  fi
  cat "$work/answer"
}
state_of() { sed 's/.*"state":"\([a-z]*\)".*/\1/'; }

key=$(cat -- "$@" | sha256sum | cut -d' ' -f1)
state=$(send POST /batches -H "Idempotency-Key: $key" -H "Content-Type: application/json" \
  -d "{\"feed\":\"$feed\",\"source\":\"upload.sh\"}" | state_of)
batch=$(tr -d '\r' <"$work/headers" | sed -n 's/^location: //Ip')

if [ "$state" = loading ]; then
  number=0
  for file; do
    send PUT "$batch/pieces/$number" -H "Content-Type: text/csv" -T "$file"
    echo
    number=$((number + 1))
  done
fi
if [ "$state" = loading ] || [ "$state" = auditing ]; then
  # Saying how many pieces there are keeps a batch that lacks one from being published.
  state=$(send POST "$batch/publish" -H "Content-Type: application/json" -d "{\"pieces\":$#}" | state_of)
fi
# A large batch is audited for longer than an answer may wait.
while [ "$state" = auditing ] || [ "$state" = audited ]; do
  sleep 1
  state=$(send GET "$batch" | state_of)
done
echo "$batch is $state."
[ "$state" = published ]
