#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out with the standard library what the recorded charts of Yahoo hold.

    expected.py FIXTURES/yahoo > cases/expected.csv

A line per answer with rows: file, interval, candles, rows without values, first and last day or
time, sums of open, high, low, close (18 digits after the point) and volume, number and sum of
dividends, number of splits.
"""
import json
import struct
import sys
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo


def narrow(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def meant(text, hint):
    """The price behind a 32-bit number that was widened."""
    exact = Decimal(text)
    x = float(text)
    bits = struct.unpack("I", struct.pack("f", abs(x)))[0]
    step = struct.unpack("f", struct.pack("I", bits + 1))[0] - struct.unpack("f", struct.pack("I", bits))[0]
    hinted = exact.quantize(Decimal(1).scaleb(-hint), ROUND_HALF_UP)
    if abs(hinted - exact) <= 4 * Decimal(step):
        return hinted
    if narrow(x) != x:
        return exact
    for digits in range(1, 10):
        short = f"{x:.{digits}g}"
        if narrow(float(short)) == x:
            return Decimal(short)
    return exact


def total(values):
    return format(sum(values, Decimal(0)), ".18f")


def main(root):
    for path in sorted((root / "bodies").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)
        result = (data["chart"]["result"] or [{}])[0]
        stamps = result.get("timestamp")
        if not stamps:
            continue
        meta = result["meta"]
        zone = ZoneInfo(meta["exchangeTimezoneName"])
        quote = result["indicators"]["quote"][0]
        rows = []
        nulls = 0
        for i, stamp in enumerate(map(int, stamps)):
            values = [quote[key][i] for key in ("open", "high", "low", "close")]
            if None in values:
                nulls += 1
                continue
            when = datetime.fromtimestamp(stamp, zone)
            name = when.strftime("%Y-%m-%d") if meta["dataGranularity"] == "1d" else str(stamp)
            rows.append((name, *(meant(v, int(meta["priceHint"])) for v in values),
                         Decimal(quote["volume"][i])))
        events = result.get("events", {})
        dividends = events.get("dividends", {})
        print(path.name, meta["dataGranularity"], len(rows), nulls, rows[0][0], rows[-1][0],
              *(total(row[k] for row in rows) for k in range(1, 5)), int(sum(row[5] for row in rows)),
              len(dividends), total(Decimal(d["amount"]) for d in dividends.values()),
              len(events.get("splits", {})), sep=";")


main(Path(sys.argv[1]))
