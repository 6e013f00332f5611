#!/usr/bin/env bash
# A client of the rates API, with curl (7.76 or newer) and awk. Prints a line for each day: the day, the price and how
# many prices it is the mean of, `-` for null.
#
#   examples/clients/rates.sh ORIGIN DESTINATION FROM TO [--csv | --follow]
#
# --csv prints the service's own CSV; --follow asks every second and prints again when the rates have changed. RATES_URL
# is where the service is, http://127.0.0.1:3000 if not set.
set -euo pipefail

usage() {
  echo "Usage: rates.sh ORIGIN DESTINATION FROM TO [--csv | --follow]" >&2
  exit 2
}
[ $# -ge 4 ] && [ $# -le 5 ] || usage
origin=$1 destination=$2 from=$3 to=$4 option=${5:-}
case $option in "" | --csv | --follow) ;; *) usage ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/etag"

# ask: puts the rates into $work/rates.csv, unless the service says with a 304, which is cheap, that those are still
# right. curl tries again after 429 and 503, and waits for as long as Retry-After says.
ask() {
  local status
  status=$(curl -sS --get "${RATES_URL:-http://127.0.0.1:3000}/rates" \
    --data-urlencode "origin=$origin" --data-urlencode "destination=$destination" \
    --data-urlencode "date_from=$from" --data-urlencode "date_to=$to" \
    -H "Accept: text/csv" --etag-compare "$work/etag" --etag-save "$work/etag.new" \
    --retry 10 -o "$work/answer" -w '%{http_code}')
  case $status in
  200) mv "$work/answer" "$work/rates.csv" && mv "$work/etag.new" "$work/etag" ;;
  304) ;;
  *)
    # A problem document (RFC 9457): `type` is what a program should look at, `detail` is for people.
    cat "$work/answer" >&2
    echo >&2
    exit 1
    ;;
  esac
}

lines() {
  tr -d '\r' <"$work/rates.csv" |
    awk -F, -v OFS='\t' 'NR > 1 { print $1, ($2 == "" ? "-" : $2), ($3 == "" ? "-" : $3) }'
}

ask
if [ "$option" = --csv ]; then
  cat "$work/rates.csv"
  exit
fi
shown=$(lines)
echo "$shown"
while [ "$option" = --follow ]; do
  sleep 1
  ask
  now=$(lines)
  [ "$now" = "$shown" ] || printf '\n%s\n' "$now"
  shown=$now
done
