#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out what the recorded tables hold, with Python's standard library alone, for
fixtures_test.cpp.

    python3 expected.py FOLDER_OF_FIXTURES > cases/expected.csv
"""
import glob
import json
import os
import re
import sys


def signed(value):
    return value - (1 << 32) if value >> 31 else value


def shown(entry, name):
    value = (entry.get("displayProperties") or {}).get(name)
    return value if isinstance(value, str) else None


def summary(entries):
    """Of {key: entry}, with keys as in the JSON form."""
    texts = {n: [shown(e, n) for e in entries.values()] for n in ("name", "description")}
    present = {n: [t for t in texts[n] if t is not None] for n in texts}
    return [
        len(entries),
        sum(int(k) for k in entries),
        sum(signed(int(k)) for k in entries),
        sum(e.get("index", 0) for e in entries.values()),
        sum(bool(e.get("redacted")) for e in entries.values()),
        len(present["name"]),
        sum(len(t.encode()) for t in present["name"]),
        sum(len(t.encode()) for t in present["description"]),
    ]


def read_json(path):
    with open(path, encoding="utf-8-sig") as file:
        return json.load(file)


def read_dump(path):
    """Rows of the SQLite form, written out by hand with commas too many."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        text = re.sub(r",(\s*[\]}])", r"\1", file.read())
    (rows,) = json.loads(text).values()
    entries = {str(row["id"] & 0xFFFFFFFF): row["json"] for row in rows}
    assert all(int(k) == e["hash"] for k, e in entries.items())
    assert len(entries) == len(rows)
    return entries


def main(root):
    print("# kind;file or older;newer;numbers")
    versions = {}
    for path in sorted(glob.glob(os.path.join(root, "flat-destiny", "Destiny*.json"))):
        name = os.path.basename(path)
        try:
            entries = read_json(path)
        except json.JSONDecodeError:
            print(";".join(["page", name]))
            continue
        print(";".join(["table", name] + [str(n) for n in summary(entries)]))
        versions.setdefault(name.split(".")[0], []).append((name, entries))
    for of_table in versions.values():
        for (old_name, old), (new_name, new) in zip(of_table, of_table[1:]):
            both = old.keys() & new.keys()
            numbers = [
                sum(old[k] != new[k] for k in both),
                len(new.keys() - old.keys()),
                len(old.keys() - new.keys()),
                sum(bool(old[k].get("redacted")) and not new[k].get("redacted") for k in both),
            ]
            print(";".join(["pair", old_name, new_name] + [str(n) for n in numbers]))
    for path in sorted(glob.glob(os.path.join(root, "sqlite-dump-2017", "*.json"))):
        name = os.path.basename(path)
        print(";".join(["dump", name] + [str(n) for n in summary(read_dump(path))]))
    for path in sorted(glob.glob(os.path.join(root, "flat-destiny", "manifest.*.json"))):
        response = read_json(path)["Response"]
        tables = response["jsonWorldComponentContentPaths"]
        numbers = [
            len(tables),
            len(tables["en"]),
            sum(response["version"].encode()),
            sum(tables["zh-chs"]["DestinyPlaceDefinition"].encode()),
            sum(response["mobileWorldContentPaths"]["pt-br"].encode()),
        ]
        print(";".join(["manifest", os.path.basename(path)] + [str(n) for n in numbers]))


main(sys.argv[1])
