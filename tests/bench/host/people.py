#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""people.py URL-OF-FOLDER DATABASE FILES: weather archives into SQLite as people write it in an afternoon."""
import io
import re
import sqlite3
import sys
import urllib.request
import zipfile
from datetime import datetime, timedelta

folder, database, files = sys.argv[1:]
db = sqlite3.connect(database)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=NORMAL")
db.execute(
    "CREATE TABLE ten_minutes_air_temperature (station_id INTEGER, time TEXT, quality INTEGER, pressure REAL, "
    "temperature REAL, ground REAL, humidity REAL, dew REAL, PRIMARY KEY (station_id, time)) WITHOUT ROWID"
)
page = urllib.request.urlopen(folder).read().decode()
for name in re.findall(r'href="([^"]+\.zip)"', page)[: int(files)]:
    archive = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(folder + name).read()))
    mez = "_19991231_" in name
    rows = []
    for member in archive.namelist():
        if not member.startswith("produkt_"):
            continue
        for line in archive.read(member).decode("latin-1").splitlines()[1:]:
            fields = [field.strip() for field in line.split(";")]
            time = datetime.strptime(fields[1], "%Y%m%d%H%M") - timedelta(hours=1 if mez else 0)
            values = [None if float(value) == -999 else float(value) for value in fields[3:8]]
            rows.append((int(fields[0]), time.strftime("%Y-%m-%dT%H:%M:%SZ"), int(fields[2]), *values))
    with db:
        db.executemany("INSERT OR REPLACE INTO ten_minutes_air_temperature VALUES (?,?,?,?,?,?,?,?)", rows)
