# SPDX-License-Identifier: Apache-2.0
# What the demos share. Each is a pipeline of config/ from nothing into SQLite, offline: the test twin stands in for
# the service. `source` it, then:
#
#   demo_begin NAME BUILD_DIR WORK_DIR [option of the twin]...
#   first_run config/NAME.toml [--set …]...      everything is fetched
#   ask "title" "SELECT …"                       an answer from the database
#   second_run KIND...                           the same again; the demo fails if requests of these kinds are made
#   demo_end "sentence"
set -euo pipefail

say() { printf '\n== %s\n' "$*"; }
fail() { echo "demo: $*" >&2; exit 1; }

demo_begin() {
  demo=$1 build=$(realpath "$2")
  mkdir -p "$3"
  work=$(realpath "$3")
  root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
  database="$work/$demo.db"
  shift 3
  rm -rf "$work/$demo.state" "$database"* "$work/twin.port"
  "$build/tests/twin/sluice-twin" --port 0 --port-file "$work/twin.port" "$@" >"$work/twin.log" 2>&1 &
  twin=$!
  trap 'kill $twin 2>/dev/null || true' EXIT
  for _ in $(seq 600); do
    grep -q '^ready' "$work/twin.log" && break
    kill -0 $twin 2>/dev/null || { cat "$work/twin.log" >&2; exit 1; }
    sleep 0.1
  done
  service="http://127.0.0.1:$(cat "$work/twin.port")"
  export no_proxy=127.0.0.1
}

sluice() {
  "$build/bin/sluice" --trust-plugins --plugin-dir "$build/lib/sluice/plugins" --state-dir "$work/$demo.state" "$@"
}

tell() { curl -s "$service/_twin/$1" "${@:2}"; }  # a control endpoint of the twin
forget() { tell reset-stats -d '' >/dev/null; }
# Requests since forget(), of all kinds or of those named.
asked() {
  tell stats | jq -r --args '[.by_kind | to_entries[] | select($ARGS.positional == [] or (.key | IN($ARGS.positional[]))) | .value] | add // 0' -- "$@"
}

first_run() {
  config=("$@")
  say "What would be done (sluice plan)"
  sluice plan "${config[@]}" | grep -v 'CREATE TABLE'
  forget
  say "First run: everything is fetched (sluice run)"
  sluice run "${config[@]}"
  echo "requests: $(asked)"
}

ask() {
  say "$1"
  sqlite3 -header -column "$database" "$2"
}

second_run() {
  forget
  say "Second run: nothing is fetched"
  sluice run "${config[@]}"
  local again
  again=$(asked "$@")
  echo "requests of the kinds $*: $again; all requests: $(asked)"
  [ "$again" = 0 ] || fail "the second run fetched again what had landed ($again requests)"
}

demo_end() {
  say "Done: $*"
  echo "The database is $database"
}
