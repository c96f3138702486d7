# SPDX-License-Identifier: Apache-2.0
#
# What the recorded exports hold, worked out with Python's json alone:
#   python3 plugins/discord/tests/expected.py ../shared/fixtures/discord > plugins/discord/tests/cases/exports.csv
import json
import pathlib
import sys

CHECK = 1_000_003

print("file;messages;id_check;characters;edited;pinned;replies;authors;attachments;bytes;reactions;reaction_count;differs")
for path in sorted(pathlib.Path(sys.argv[1], "dce-exports").glob("*.json")):
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    messages = document["messages"]
    files = [f for m in messages for f in m["attachments"]]
    reactions = [r for m in messages for r in m["reactions"]]
    print(
        path.name,
        len(messages),
        sum(int(m["id"]) % CHECK for m in messages),
        sum(len(m["content"]) for m in messages),
        sum(m["timestampEdited"] is not None for m in messages),
        sum(m["isPinned"] for m in messages),
        sum(m["type"] == "Reply" for m in messages),
        len({m["author"]["id"] for m in messages}),
        len(files),
        sum(f["fileSizeBytes"] for f in files),
        len(reactions),
        sum(r["count"] for r in reactions),
        int(document["messageCount"] != len(messages)),
        sep=";",
    )
