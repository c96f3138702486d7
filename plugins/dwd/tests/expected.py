#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the recorded DWD files hold, worked out with Python's standard library alone.

    expected.py FIXTURES > cases/expected.csv

One line a file: path;stream;rows;first time;last time;CODE=values/sum;... where the sum is that of
all values that are not missing. fixtures_test.cpp holds the plugin's rows against it.
"""
import datetime
import glob
import os
import sys
import zipfile
from decimal import Decimal

STREAMS = {
    "produkt_zehn_now_tu": "ten_minutes_air_temperature", "produkt_zehn_min_sd": "ten_minutes_solar",
    "produkt_zehn_min_fx": "ten_minutes_extreme_wind", "produkt_tu_stunde": "hourly_air_temperature",
    "produkt_ff_stunde": "hourly_wind", "produkt_n_stunde": "hourly_cloudiness",
    "produkt_p0_stunde": "hourly_pressure", "produkt_rr_stunde": "hourly_precipitation",
    "produkt_sd_stunde": "hourly_sun", "produkt_td_stunde": "hourly_dew_point",
    "produkt_vv_stunde": "hourly_visibility", "produkt_klima_tag": "daily_kl",
    "produkt_klima_monat": "monthly_kl", "precip_hourly": "hourly_precipitation",
    "pressure_hourly": "hourly_pressure", "suntime_hourly": "hourly_sun",
    "temp_hourly": "hourly_air_temperature", "wind_hourly": "hourly_wind",
    "month_temp": "hourly_air_temperature",
}


def stream_of(name):
    return next((s for start, s in STREAMS.items() if name.startswith(start)), None)


def instant(text, stream):
    formats = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M"}
    time = datetime.datetime.strptime(text, formats[len(text)])
    if stream.startswith("ten_minutes") and time.year < 2000:
        time -= datetime.timedelta(hours=1)
    return time.strftime("%Y-%m-%dT%H:%M")


def summary(text, stream):
    lines = [line for line in text.replace("\r", "").split("\n") if line.strip()]
    header = [name.strip() for name in lines[0].split(";")]
    rows = [dict(zip(header, (v.strip() for v in line.split(";")))) for line in lines[1:]]
    when = "MESS_DATUM" if "MESS_DATUM" in header else "MESS_DATUM_BEGINN"
    out = [stream, str(len(rows)), instant(rows[0][when], stream), instant(rows[-1][when], stream)]
    for code in header:
        if code in ("STATIONS_ID", "eor", "") or code.startswith("MESS_DATUM"):
            continue
        values = [row[code] for row in rows]
        try:
            numbers = [Decimal(v) for v in values]
            present = [n for n in numbers if n != -999 and not (code == "V_N" and n == -1)]
            out.append(f"{code}={len(present)}/{sum(present, Decimal(0)):.3f}")
        except ArithmeticError:
            out.append(f"{code}={sum(v != '-999' for v in values)}/text")
    return out


def main(folder):
    found = []
    for path in glob.glob(folder + "/**/*", recursive=True):
        short = os.path.relpath(path, folder)
        if path.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.startswith("produkt_"):
                        found.append((short, archive.read(name).decode("ascii"), stream_of(name)))
        elif path.endswith(".txt") and stream_of(os.path.basename(path)):
            with open(path, encoding="ascii", newline="") as file:
                found.append((short, file.read(), stream_of(os.path.basename(path))))
    for short, text, stream in sorted(found):
        print(";".join([short] + summary(text, stream)))


main(sys.argv[1])
