#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_host.py BUILD_DIR: `sluice run` beside what people use and beside the same by hand.

Everything that is compared runs in turns, in one go; rows are counted in what came out; each figure is the
median of its runs, time from start to exit and peak memory of the whole process. Writes Markdown.
"""
import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = "10_minutes/air_temperature/historical/"
CANDLES = """
[pipeline]
name = "candles"
[[source]]
plugin = "files"
paths = ["{work}/candles.ndjson"]
stream = "candles"
key = ["symbol", "time"]
columns = [
  {{ name = "symbol", nullable = false }}, {{ name = "time", type = "timestamp", nullable = false }},
  {{ name = "open", type = "float64" }}, {{ name = "high", type = "float64" }}, {{ name = "low", type = "float64" }},
  {{ name = "close", type = "float64" }}, {{ name = "volume", type = "float64" }}, {{ name = "trades", type = "int64" }},
]
[sink]
{sink}
"""
WEATHER = """
[pipeline]
name = "weather"
workers = 4
streams = ["ten_minutes_air_temperature"]
[[source]]
plugin = "dwd"
base_url = {{ env = "DWD_BASE_URL" }}
resolution = "10_minutes"
datasets = ["air_temperature"]
periods = ["historical"]
[sink]
{sink}
"""
ROWS = """
[pipeline]
name = "rows"
workers = {workers}
[[source]]
plugin = "bench-empty"
slices = 20
rows = 1_000_000
[sink]
plugin = "bench-null"
"""
DDL = (
    "CREATE TABLE candles (symbol TEXT NOT NULL, time TEXT NOT NULL, open REAL, high REAL, low REAL, close REAL, "
    "volume REAL, trades INTEGER, PRIMARY KEY (symbol, time)) WITHOUT ROWID"
)
LOAD = f"""
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=NORMAL"); db.execute("{DDL}")
def rows():
    for line in open(sys.argv[1]):
        r = json.loads(line)
        yield (r["symbol"], r["time"], r["open"], r["high"], r["low"], r["close"], r["volume"], r["trades"])
with db:
    db.executemany("INSERT INTO candles VALUES (?,?,?,?,?,?,?,?)", rows())
"""


class Bench:
    def __init__(self, options, work):
        self.options, self.work, self.build = options, work, options.build
        self.tools = self.build / "tests/bench"
        self.env = dict(os.environ, MEASURE_TO=str(work / "measured"), no_proxy="*")

    def sluice(self, config, *more):
        """Command line of a run; its state is always new."""
        return [
            self.build / "bin/sluice", "--quiet", "--trust-plugins", "--plugin-dir", self.build / "lib/sluice/plugins",
            "--plugin-dir", self.tools / "plugins", "--state-dir", self.work / "state", *more, "run", config,
        ]

    def config(self, name, template, **values):
        path = self.work / f"{name}.toml"
        path.write_text(template.format(work=self.work, **values))
        return path

    def clear(self):
        for path in self.work.glob("out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.work / "state", ignore_errors=True)

    def measured(self, command, stdout=subprocess.DEVNULL):
        """(seconds, CPU seconds, peak MiB) of a command that must succeed."""
        subprocess.run([self.tools / "host/bench_measure", *command], env=self.env, stdout=stdout, check=True)
        seconds, cpu, peak, _ = (self.work / "measured").read_text().split()
        return float(seconds), float(cpu), float(peak) / 1024

    def compare(self, title, rows, jobs, limit):
        """jobs: (name, command, counter of rows, standard output's file or None)."""
        runs = {name: [] for name, *_ in jobs}
        for _ in range(self.options.runs):
            for name, command, count, output in jobs:
                self.clear()
                with open(output or os.devnull, "wb") as out:
                    runs[name].append(self.measured(command, out))
                if count is not None and count() != rows:
                    sys.exit(f"{name}: {count()} rows came out, not {rows}")
        median = {name: [statistics.median(run[i] for run in got) for i in range(3)] for name, got in runs.items()}
        print(f"\n| {title} | k rows/s | ratio | seconds | CPU seconds | peak memory |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name, *_ in jobs:
            seconds, cpu, peak = median[name]
            print(f"| {name} | {rows / seconds / 1000:,.0f} | {median[limit][0] / seconds:.2f} | {seconds:.2f} | "
                  f"{cpu:.2f} | {peak:.0f} MiB |", flush=True)

    def in_table(self, table, name="out.db"):
        def count():
            with sqlite3.connect(self.work / name) as db:
                return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count

    def lines(self, path):
        def count():
            with open(self.work / path, "rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        return count

    def rows(self):
        rows = 20_000_000
        jobs = [(f"sluice run, generated rows to a null sink, {n} worker{'s' * (n > 1)}",
                 self.sluice(self.config(f"rows{n}", ROWS, workers=n)), None, None) for n in (1, 2)]
        self.compare("six columns through the whole host", rows, jobs, jobs[0][0])

    def candles(self):
        rows, work = self.options.rows, self.work
        sinks = [self.tools / "sinks/bench_sinks", self.build / "lib/sluice/plugins", work, str(rows)]
        subprocess.run([*sinks, "generate"], check=True, stdout=subprocess.DEVNULL)
        to_sqlite = self.config("to_sqlite", CANDLES, sink=f'plugin = "sqlite"\npath = "{work}/out.db"')
        to_files = self.config("to_files", CANDLES, sink=f'plugin = "files"\npath = "{work}/out"')
        hand = "C++ loop by hand: simdjson, one prepared statement, one thread"
        landed = self.in_table("candles")
        (work / "load.py").write_text(LOAD)
        self.compare("NDJSON → SQLite with key", rows, [
            (hand, [*sinks, "hand-sqlite"], landed, None),
            ("sluice run", self.sluice(to_sqlite), landed, None),
            ("sluice run, lineage = false", self.sluice(to_sqlite, "--set", "pipeline.lineage=false"), landed, None),
            ("sqlite3 .import (CSV)",
             ["sqlite3", work / "out.db", f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {DDL};", ".mode csv",
              f".import --skip 1 {work}/candles.csv candles"], landed, None),
            ("Python json and sqlite3", [sys.executable, work / "load.py", work / "candles.ndjson", work / "out.db"],
             landed, None),
        ], hand)
        jq = "jq -c ."
        self.compare("NDJSON → NDJSON", rows, [
            (jq, ["jq", "-c", ".", work / "candles.ndjson"], self.lines("out.ndjson"), work / "out.ndjson"),
            ("sluice run, checked, typed and durable", self.sluice(to_files), self.lines("out/candles.ndjson"), None),
        ], jq)
        for path in work.glob("candles.*"):
            path.unlink()

    def archives(self):
        files, rows = self.options.files, self.options.files * self.options.rows_per_file
        port = self.work / "port"
        twin = subprocess.Popen(
            [self.build / "tests/twin/sluice-twin", "--port", "0", "--port-file", port, "--files-10min-tu", str(files),
             "--rows-per-file", str(self.options.rows_per_file), "--cache-mib", "1024", "--warm", FOLDER + "*"],
            stdout=subprocess.PIPE, text=True)
        try:
            if not twin.stdout.readline().startswith("ready"):
                sys.exit("the twin did not start")
            base = f"http://127.0.0.1:{port.read_text().strip()}/climate_environment/CDC/observations_germany/climate/"
            self.env["DWD_BASE_URL"] = base
            self.compare_archives(files, rows, base + FOLDER)
        finally:
            twin.terminate()
            twin.wait()

    def compare_archives(self, files, rows, folder):
        table = self.in_table("ten_minutes_air_temperature")
        by_hand = self.tools / "host/archives_by_hand"
        hand = "by hand: libcurl multi, libarchive, three threads"
        null = self.config("null", WEATHER, sink='plugin = "bench-null"')
        self.compare(f"{files:,} archives over loopback HTTP → null sink", rows, [
            (hand, [by_hand, folder, "-"], None, None), ("sluice run", self.sluice(null), None, None)], hand)
        out = self.work / "out.db"
        sqlite = self.config("sqlite", WEATHER, sink=f'plugin = "sqlite"\npath = "{out}"')
        self.compare(f"{files:,} archives over loopback HTTP → SQLite with key", rows, [
            (hand + ", the same statement", [by_hand, folder, out], table, None),
            ("sluice run", self.sluice(sqlite), table, None)], hand + ", the same statement")
        some = max(1, files // 10)
        python = f"Python: urllib, zipfile, sqlite3; {some} of the archives"
        self.compare("the same as people write it", some * self.options.rows_per_file, [
            (python, [sys.executable, HERE / "people.py", folder, out, str(some)], table, None)], python)

    def idle(self):
        null = self.config("null", WEATHER, sink='plugin = "bench-null"')
        jobs = {"sluice run": self.sluice(null), "curl": ["curl", "--silent", "{URL}"]}
        got = {name: [] for name in jobs}
        for _ in range(max(9, self.options.runs)):
            for name, command in jobs.items():
                self.clear()
                answer = subprocess.run([self.tools / "host/bench_idle", "DWD_BASE_URL", *command], env=self.env,
                                        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                got[name].append([float(value) for value in answer.stdout.split("\n")[-2].split()])
        print("\n| waiting for its first answer | start to first request | idle memory | SIGTERM to exit |")
        print("| --- | ---: | ---: | ---: |")
        for name, runs in got.items():
            first, rss, _, stop = (statistics.median(column) for column in zip(*runs))
            print(f"| {name} | {first:.1f} ms | {rss / 1024:.1f} MiB | {stop:.1f} ms |")
        starts = {"/bin/true": ["/bin/true"], "sluice --version": [self.build / "bin/sluice", "--version"],
                  "curl --version": ["curl", "--version"],
                  "sluice check": [*self.sluice(null)[:-2], "check", null]}
        self.env["DWD_BASE_URL"] = "http://127.0.0.1:9/"
        print("\n| start and end | seconds | CPU seconds | peak memory |\n| --- | ---: | ---: | ---: |")
        for name, command in starts.items():
            runs = [self.measured(command) for _ in range(9)]
            seconds, cpu, peak = (statistics.median(column) for column in zip(*runs))
            print(f"| {name} | {seconds * 1000:.1f} ms | {cpu * 1000:.1f} ms | {peak:.1f} MiB |")

    def size(self):
        stripped = self.work / "stripped"
        subprocess.run(["strip", "-o", stripped, self.build / "bin/sluice"], check=True)
        print(f"\nStripped binary: {stripped.stat().st_size / 1e6:.2f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=lambda text: Path(text).resolve(), help="build directory of the preset release")
    parser.add_argument("--rows", type=int, default=2_000_000, help="candles")
    parser.add_argument("--files", type=int, default=1_623, help="archives")
    parser.add_argument("--rows-per-file", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["rows", "candles", "archives", "idle", "size"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as work:
        bench = Bench(options, Path(work))
        for part in options.only:
            getattr(bench, part)()


if __name__ == "__main__":
    main()
