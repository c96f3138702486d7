#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD [ROWS] [RUNS]: measures the plugins "sqlite" and "files" beside their peers, in turns,
# and prints Markdown tables of medians, by the clock and by processor time (which a busy machine
# distorts less). Rows are counted in what came out.
set -eu
build=$1 rows=${2:-2000000} runs=${3:-3}
bench="$build/tests/bench/sinks/bench_sinks"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
job() { rm -rf "$work"/out*; "$bench" "$build/lib/sluice/plugins" "$work" "$rows" "$1"; }
job generate > /dev/null

ddl='CREATE TABLE candles (symbol TEXT NOT NULL, time TEXT NOT NULL, open REAL, high REAL, low REAL, close REAL, volume REAL, trades INTEGER, PRIMARY KEY (symbol, time)) WITHOUT ROWID;'
cat > "$work/load.py" <<'PYTHON'
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=NORMAL")
db.execute(sys.argv[3])
def rows():
    for line in open(sys.argv[1]):
        r = json.loads(line)
        yield (r["symbol"], r["time"], r["open"], r["high"], r["low"], r["close"], r["volume"], r["trades"])
with db:
    db.executemany("INSERT INTO candles VALUES (?,?,?,?,?,?,?,?)", rows())
PYTHON
# Seconds by the clock and of processor time of a command.
timed() {
  local TIMEFORMAT='%R %U %S'
  { time "$@" > /dev/null 2> "$work/errors"; } 2>&1 | awk '{ printf "%.3f %.3f\n", $1, $2 + $3 }'
  if [ -s "$work/errors" ]; then cat "$work/errors" >&2; exit 1; fi
}
peer_import() { sqlite3 "$work/out.db" "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; $ddl" '.mode csv' ".import --skip 1 $work/candles.csv candles"; }
peer_python() { python3 "$work/load.py" "$work/candles.ndjson" "$work/out.db" "$ddl"; }
peer_jq() { jq -c . "$work/candles.ndjson" > "$work/out.ndjson"; }
counted() { case $1 in
  *sqlite*|*import|*python) test "$(sqlite3 "$work/out.db" 'SELECT count(*) FROM candles')" = "$rows" ;;
  ndjson) test "$(wc -l < "$work/out/candles.ndjson")" = "$rows" ;;
  *jq) test "$(wc -l < "$work/out.ndjson")" = "$rows" ;;
esac || { echo "$1: rows are missing" >&2; exit 1; }; }

jobs="hand-sqlite sqlite sqlite-lineage peer_import peer_python hand-parse read-ndjson read-csv ndjson peer_jq"
for run in $(seq "$runs"); do
  for name in $jobs; do
    rm -rf "$work"/out*
    case $name in
      peer_*) seconds=$(timed "$name") ;;
      *) seconds=$(timed job "$name") ;;
    esac
    counted "$name"
    echo "$seconds" >> "$work/times.$name"
  done
done
# rate JOB FIELD: thousands of rows in a second; field 1 by the clock, 2 by processor time.
rate() { cut -d' ' -f"$2" "$work/times.$1" | sort -n | awk -v rows="$rows" '{ t[NR] = $1 } END { printf "%d", rows / t[int((NR + 1) / 2)] / 1000 }'; }
ratio() { echo "$(rate "$1" "$3") $(rate "$2" "$3")" | awk '{ printf "%.2f", $1 / $2 }'; }
line() { echo "| $2 | $(rate "$1" 1) | $(ratio "$1" "$3" 1) | $(rate "$1" 2) | $(ratio "$1" "$3" 2) |"; }
head() { echo; echo "| $1 | k rows/s | ratio | k rows per CPU second | ratio |"; echo "| --- | ---: | ---: | ---: | ---: |"; }
echo "$rows candles, $(nproc) cores, medians of $runs runs, load $(cut -d' ' -f1 /proc/loadavg)."
head "NDJSON → SQLite with key"
line hand-sqlite "C++ loop by hand: simdjson, one prepared statement" hand-sqlite
line sqlite "sluice: plugins files and sqlite, one thread" hand-sqlite
line sqlite-lineage "the same with lineage" hand-sqlite
line peer_import "sqlite3 .import (CSV)" hand-sqlite
line peer_python "Python json and sqlite3" hand-sqlite
head "to typed columns, one core"
line hand-parse "NDJSON: simdjson on demand by hand, values summed up" hand-parse
line read-ndjson "NDJSON: plugin files" hand-parse
line read-csv "CSV: plugin files" hand-parse
head "NDJSON → NDJSON"
line peer_jq "jq -c ." peer_jq
line ndjson "sluice: plugin files, source and sink, one thread, durable" peer_jq
