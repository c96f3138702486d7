#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the recorded metadata of DWD hold, worked out with Python's standard library alone.

    expected_metadata.py FIXTURES > cases/metadata.csv

One line an archive (or folder that was one) and stream: path;stream;station;rows;column=values/sum;...
where the sum is of numbers, of days since 1970, or of the characters of texts. metadata_test.cpp holds
the plugin's rows against it.
"""
import datetime
import glob
import os
import sys
import zipfile
from decimal import Decimal

STREAMS = {
    "Metadaten_Geographie_": ("station_positions", {
        "Stationshoehe": "height", "Geogr.Breite": "latitude", "Geogr.Laenge": "longitude",
        "von_datum": "from_date", "bis_datum": "to_date", "Stationsname": "name"}),
    "Metadaten_Stationsname_": ("station_names", {
        "Stationsname": "name", "Betreibername": "name", "Von_Datum": "from_date",
        "Bis_Datum": "to_date"}),
    "Metadaten_Parameter_": ("parameter_history", {
        "Von_Datum": "from_date", "Bis_Datum": "to_date", "Stationsname": "station_name",
        "Parameter": "code", "Parameterbeschreibung": "description", "Einheit": "unit",
        "Datenquelle (Strukturversion=SV)": "data_source", "Zusatz-Info": "remarks",
        "Besonderheiten": "particulars", "Literaturhinweis": "literature"}),
    "Metadaten_Geraete_": ("instruments", {
        "Stationsname": "station_name", "Geo. Laenge [Grad]": "longitude",
        "Geo. Breite [Grad]": "latitude", "Stationshoehe [m]": "station_height",
        "Geberhoehe ueber Grund [m]": "sensor_height",
        "Barometerhoehe ueber NN [m]": "barometer_height", "Von_Datum": "from_date",
        "Bis_Datum": "to_date", "Geraetetyp Name": "device", "Messverfahren": "method"}),
}
NUMBERS = {"height", "latitude", "longitude", "station_height", "sensor_height", "barometer_height"}
EPOCH = datetime.date(1970, 1, 1)


def size(column, text):
    if column in NUMBERS:
        return Decimal(text)
    if column.endswith("_date"):
        return Decimal((datetime.datetime.strptime(text, "%Y%m%d").date() - EPOCH).days)
    return Decimal(len(text))


def rows_of(text, names):
    header, rows = None, []
    for line in text.replace("\r", "").split("\n"):
        fields = [field.strip() for field in line.split(";")]
        if fields[0].lower() == "stations_id":
            header = fields
        elif fields[0].isdigit():
            row = dict(zip(header, fields))
            rows.append({names[key]: value for key, value in row.items() if key in names})
    return rows


def summary(rows):
    out = []
    for column in sorted({column for row in rows for column in row}):
        values = [size(column, row[column]) for row in rows if row.get(column)]
        out.append(f"{column}={len(values)}/{sum(values, Decimal(0)):.4f}")
    return [str(len(rows))] + out


def main(folder):
    archives = {}
    for path in glob.glob(folder + "/**/*", recursive=True):
        if path.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    archives.setdefault(path, {})[name] = archive.read(name)
        elif os.path.basename(path).startswith("Metadaten_"):
            with open(path, "rb") as file:
                archives.setdefault(os.path.dirname(path), {})[os.path.basename(path)] = file.read()
    for path, members in sorted(archives.items()):
        for prefix, (stream, names) in STREAMS.items():
            rows, station = [], None
            for name, text in sorted(members.items()):
                if name.startswith(prefix) and name.endswith(".txt") and name[-9:-4].isdigit():
                    station = name[-9:-4]
                    rows += rows_of(text.decode("latin-1"), names)
            if rows:
                print(";".join([os.path.relpath(path, folder), stream, station] + summary(rows)))


main(sys.argv[1])
