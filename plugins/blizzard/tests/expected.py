#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works out cases/expected.csv from the recorded answers with Python's standard library alone.

  plugins/blizzard/tests/expected.py ../shared/fixtures/blizzard > plugins/blizzard/tests/cases/expected.csv
"""
import json
import pathlib
import re
import sys

LOCALE = re.compile(r"^[a-z]{2}_[A-Z]{2}$")


def fnv(data, state=0x6C62272E07BB014262B821756295C58D):
    for byte in data:
        state = (state ^ byte) * 0x0000000001000000000000000000013B % (1 << 128)
    return f"{state:032x}"


def localised(value):
    return isinstance(value, dict) and value and all(
        LOCALE.match(k) and (v is None or isinstance(v, str)) for k, v in value.items())


def pick(value, locale):
    return value.get(locale) if localised(value) else value


def text(value):
    out = ""
    for c in value:
        if c in '"\\':
            out += "\\" + c
        elif c == "\n":
            out += "\\n"
        elif c < " ":
            out += f"\\u{ord(c):04x}"
        else:
            out += c
    return '"' + out + '"'


def stripped(link):
    def parts(match):
        kept = [p for p in match.group(1).split("-") if not re.fullmatch(r"[0-9][0-9._]*", p)]
        return "namespace=" + "-".join(kept)
    return re.sub(r"namespace=([^&]*)", parts, link, count=1)


def canonical(value, locale):
    if localised(value):
        chosen = value.get(locale)
        return "null" if chosen is None else text(chosen)
    if isinstance(value, dict):
        return "{" + ",".join(text(k) + ":" + canonical(value[k], locale)
                              for k in sorted(value, key=lambda k: k.encode())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(v, locale) for v in value) + "]"
    if isinstance(value, str):
        return text(stripped(value) if value.startswith("http") else value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    number = repr(value)
    return number[:-2] if number.endswith(".0") else number


def row_hash(value, locale):
    return fnv(("1 " + canonical(value, locale)).encode())


def main():
    root = pathlib.Path(sys.argv[1])
    for folder in ("argentpony-resx", "rbattlenet-decoded", "wae-12.0.7"):
        files = sorted(p for p in (root / folder).rglob("*.json") if p.name != "index.json")
        hashes = "".join(row_hash(json.loads(p.read_text("utf-8")), "de_DE") for p in files)
        print("canonical", folder, len(files), fnv(hashes.encode()), sep=";")

    items = sorted((root / "wae-12.0.7/item").glob("*.json"))
    items += [root / "argentpony-resx/ItemResponse.json"]
    items += sorted((root / "rbattlenet-decoded").glob("wow_item.*.json"))
    items += sorted((root / "rbattlenet-decoded").glob("wow_item_multiple.*.json"))
    items += sorted((root / "rbattlenet-decoded").glob("wow_classic_item.*.json"))
    items += sorted((root / "rbattlenet-decoded").glob("wow_classic_item_multiple.*.json"))
    for path in items:
        doc = json.loads(path.read_text("utf-8"))
        fields = [doc["id"], doc["level"], doc["required_level"], doc["item_class"]["id"],
                  doc["item_subclass"]["id"], doc["purchase_price"], doc["sell_price"],
                  doc.get("purchase_quantity", "-"), doc["quality"]["type"],
                  doc["inventory_type"]["type"],
                  doc.get("preview_item", {}).get("binding", {}).get("type", "-"),
                  fnv(pick(doc["name"], "ru_RU").encode()), row_hash(doc, "ru_RU")]
        print("item", path.relative_to(root), *fields, sep=";")

    classes = [root / "argentpony-resx/ItemClassResponse.json"]
    classes += sorted((root / "wae-12.0.7/item-class").glob("*.json"))
    classes += sorted((root / "rbattlenet-decoded").glob("wow*_item_class.*.json"))
    classes += sorted((root / "rbattlenet-decoded").glob("wow*_item_class_multiple.*.json"))
    for path in classes:
        doc = json.loads(path.read_text("utf-8"))
        names = "".join(pick(s["name"], "ko_KR") for s in doc["item_subclasses"])
        print("class", path.relative_to(root), doc["class_id"], len(doc["item_subclasses"]),
              sum(s["id"] for s in doc["item_subclasses"]), fnv(names.encode()), sep=";")

    realms = [root / "argentpony-resx/ConnectedRealmResponse.json"]
    realms += sorted((root / "rbattlenet-decoded").glob("wow_connected_realm.*.json"))
    realms += sorted((root / "rbattlenet-decoded").glob("wow_connected_realm_multiple.*.json"))
    for path in realms:
        doc = json.loads(path.read_text("utf-8"))
        slugs = "".join(r["slug"] for r in doc["realms"])
        print("connected_realm", path.relative_to(root), doc["id"], len(doc["realms"]),
              doc["population"]["type"], sum(r["id"] for r in doc["realms"]), fnv(slugs.encode()),
              sep=";")

    for name in ("argentpony-resx/ConnectedRealmsIndexResponse.json",
                 "rbattlenet-decoded/wow_connected_realm_all.0.body.json"):
        links = [e["href"] for e in json.loads((root / name).read_text("utf-8"))["connected_realms"]]
        ids = {int(re.search(r"/connected-realm/(\d+)", link).group(1)) for link in links}
        print("index", name, len(ids), sum(ids), sep=";")

    for name in ("argentpony-resx/AuctionsResponse.json", "argentpony-resx/CommoditiesResponse.json",
                 "radcortez-auction-data-sample.json"):
        every = json.loads((root / name).read_text("utf-8"))["auctions"]
        rows = [r for r in every if "id" in r and "item" in r]  # one list ends in a link
        sums = [sum(r.get(k, 0) for r in rows)
                for k in ("id", "bid", "buyout", "unit_price", "quantity")]
        print("auctions", name, len(rows), len(every) - len(rows), *sums, sum(r["item"]["id"] for r in rows),
              sum(len(r["item"].get("modifiers", [])) for r in rows),
              sum(r["item"].get("pet_species_id", 0) for r in rows), sep=";")


main()
