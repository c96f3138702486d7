#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out, with nothing of the plugin, what the recorded files of Binance hold.

Usage: expected.py FIXTURES >cases/expected.csv
A line: file; rows; first and last time in microseconds; exact sums. Candles of which the service says
that they are open are left out, as it was when the answer was recorded.
"""
import csv
import json
import re
import sys
from decimal import Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
root = Path(sys.argv[1])


def body_of(path):
    """The body of a cassette, or the file itself."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".yml":
        return text
    return re.search(r"body: '(\[.*\])'", text, re.S).group(1)


def micros(value):
    return value if value >= 10**14 else value * 1000


def line(name, rows, times, sums):
    total = [format(sum(column), "f") for column in sums]
    print(";".join([name, str(rows), str(times[0]), str(times[-1]), *total]))


def candles(name, rows, closed_before=None):
    rows = [r for r in rows if closed_before is None or int(r[6]) < closed_before]
    columns = [[Decimal(str(r[i])) for r in rows] for i in (1, 2, 3, 4, 5, 7, 8)]
    line(name, len(rows), [micros(int(r[0])) for r in rows], columns)


for path in sorted(root.rglob("*")):
    name = str(path.relative_to(root))
    if "klines" in name and path.suffix in (".json", ".yml") and "bogus" not in name:
        rows = json.loads(body_of(path), parse_float=Decimal)
        open_last = name.startswith(("nautilus", "cassettes"))
        candles(name, rows, rows[-1][6] if open_last else None)
    elif path.parent.name == "vision" and path.suffix == ".csv" and "1m" in name:
        candles(name, list(csv.reader(path.open())))
    elif "agg" in name.lower() and "trades" in name.lower() and path.parent.name in (
            "gct", "nautilus", "cassettes_mwlang") and "bogus" not in name:
        trades = json.loads(body_of(path), parse_float=Decimal)
        columns = [[Decimal(str(t[k])) for t in trades] for k in ("p", "q", "a", "f", "l")]
        columns.append([Decimal(int(t["m"])) for t in trades])
        line(name, len(trades), [micros(t["T"]) for t in trades], columns)
