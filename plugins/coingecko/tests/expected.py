#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out with the standard library what the recorded answers of CoinGecko hold.

    expected.py FIXTURES/coingecko > cases/expected.csv

A line per answer: file, number of the recorded exchange in it, kind, length of a step in seconds,
from, to (seconds), rows, sums of the columns with 18 digits after the point.
"""
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path

getcontext().prec = 60
UNIT = Decimal(1).scaleb(-18)


def bodies(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return [text]
    found = re.findall(r"^      string: '(.*)'$", text, re.MULTILINE)
    return [body for body in found if body.startswith(("{", "["))]


def exact(value):
    return None if value is None else Decimal(value).quantize(UNIT, ROUND_HALF_UP)


def total(values):
    return format(sum((v for v in values if v is not None), Decimal(0)), ".18f")


def chart(name, number, data, step):
    keys = ("prices", "market_caps", "total_volumes")
    stamps = [int(t) for t, _ in data["prices"]]
    begin = (stamps[0] // 1000 // step + 1) * step
    end = stamps[-2] // 1000 // step * step
    columns = []
    for key in keys:
        slots = {}
        for t, v in data[key][:-1]:
            slot = int(t) // 1000 // step * step
            if begin <= slot < end and (slot not in slots or int(t) < slots[slot][0]):
                slots[slot] = (int(t), exact(v))
        columns.append(slots)
    print(name, number, "chart", step, begin, end, len(columns[0]),
          *(total(v for _, v in c.values()) for c in columns), sep=";")


def candles(name, number, data, body):
    # The last one had not ended when it was recorded.
    rows = [(int(t) // 1000 - body, *map(exact, prices)) for t, *prices in data][:-1]
    print(name, number, "ohlc", body, rows[0][0], rows[-1][0] + body, len(rows),
          *(total(row[i] for row in rows) for i in range(1, 5)), sep=";")


def main(root):
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".json", ".yml") or "openapi" in path.parts:
            continue
        for number, body in enumerate(bodies(path)):
            data = json.loads(body, parse_float=Decimal)
            name = str(path.relative_to(root))
            if isinstance(data, dict) and "prices" in data:
                gap = (int(data["prices"][-2][0]) - int(data["prices"][0][0])) / 1000 / len(data["prices"])
                chart(name, number, data, 300 if gap < 1000 else 3600 if gap < 10000 else 86400)
            elif isinstance(data, list) and data and isinstance(data[0], list):
                candles(name, number, data, int(data[1][0] - data[0][0]) // 1000)


main(Path(sys.argv[1]))
