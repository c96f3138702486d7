#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD [ROWS] [RUNS]: measures the plugins "sqlite" and "files" beside their peers, in turns,
# and prints Markdown tables of medians. Rows are counted in what came out.
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
timed() { # seconds of a command
  start=$(date +%s.%N); "$@" > /dev/null; end=$(date +%s.%N)
  echo "$end $start" | awk '{ printf "%.3f\n", $1 - $2 }'
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
    case $name in
      peer_*) rm -rf "$work"/out*; seconds=$(timed "$name") ;;
      *) seconds=$(job "$name") ;;
    esac
    counted "$name"
    echo "$seconds" >> "$work/times.$name"
  done
done
rate() { sort -n "$work/times.$1" | awk -v rows="$rows" '{ t[NR] = $1 } END { printf "%d", rows / t[int((NR + 1) / 2)] / 1000 }'; }
line() { echo "| $2 | $(rate "$1") | $(echo "$(rate "$1") $(rate "$3")" | awk '{ printf "%.2f", $1 / $2 }') |"; }
echo "$rows candles, $(nproc) cores, medians of $runs runs."
echo
echo "| NDJSON → SQLite with key | k rows/s | of the C++ loop |"
echo "| --- | ---: | ---: |"
line hand-sqlite "C++ loop by hand: simdjson, one prepared statement" hand-sqlite
line sqlite "sluice: plugins files and sqlite, one thread" hand-sqlite
line sqlite-lineage "the same with lineage" hand-sqlite
line peer_import "sqlite3 .import (CSV)" hand-sqlite
line peer_python "Python json and sqlite3" hand-sqlite
echo
echo "| to typed columns, one core | k rows/s | of simdjson by hand |"
echo "| --- | ---: | ---: |"
line hand-parse "NDJSON: simdjson on demand by hand, values summed up" hand-parse
line read-ndjson "NDJSON: plugin files" hand-parse
line read-csv "CSV: plugin files" hand-parse
echo
echo "| NDJSON → NDJSON | k rows/s | of jq |"
echo "| --- | ---: | ---: |"
line peer_jq "jq -c ." peer_jq
line ndjson "sluice: plugin files, source and sink, one thread, durable" peer_jq
