#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the contract's headers for what no compiler does.

  check_headers.py INCLUDE CORPUS   every function pointer is tagged, no header is longer than 150
                                    lines, every type is in the corpus
  check_headers.py --self-test      proves that it finds what it is there for
"""
import pathlib
import re
import sys

MAX_LINES = 150
CLASSES = ("[ctl]", "[reader]", "[writer]", "[any-thread]")
# A member `result (*name)(parameters);` with the comment behind it.
MEMBER = re.compile(r"\(\*(\w+)\)\s*\(([^;]*)\);[ \t]*(//[^\n]*)?")
TYPE = re.compile(r"^\} (sluice_\w+_t);", re.MULTILINE)


def problems_of(name, text):
    found = []
    lines = text.count("\n")
    if lines > MAX_LINES:
        found.append(f"{name}: {lines} lines, more than {MAX_LINES}")
    for member in MEMBER.finditer(text):
        function, parameters, comment = member.group(1), member.group(2), member.group(3) or ""
        place = f"{name}:{text.count(chr(10), 0, member.start()) + 1}: {function}"
        if sum(tag in comment for tag in CLASSES) != 1:
            found.append(f"{place} needs one tag of {' '.join(CLASSES)} behind it")
        if ("sluice_error_t*" in parameters) != ("[may-fail]" in comment):
            found.append(f"{place} takes a sluice_error_t* but is not [may-fail], or the reverse")
    return found


def check(include, corpus):
    found = []
    known = pathlib.Path(corpus).read_text(encoding="utf-8")
    headers = sorted(pathlib.Path(include, "sluice").rglob("*.h"))
    if not headers:
        found.append(f"{include}: no headers")
    for header in headers:
        text = header.read_text(encoding="utf-8")
        name = str(header.relative_to(include))
        found += problems_of(name, text)
        for type_name in TYPE.findall(text):
            if f"CORPUS({type_name});" not in known:
                found.append(f"{name}: {type_name} is not in {corpus}")
    return found


def self_test():
    good = "void (*a)(void* self);  // [ctl]\nint (*b)(sluice_error_t* e);  // [reader] [may-fail]\n"
    cases = [
        (good, 0),
        ("void (*a)(void* self);\n", 1),
        ("void (*a)(void* self);  // [ctl] [reader]\n", 1),
        ("int (*a)(void* self,\n  sluice_error_t* e);  // [ctl]\n", 1),
        ("void (*a)(void* self);  // [ctl] [may-fail]\n", 1),
        ("\n" * 151, 1),
    ]
    return [f"self-test: {text!r} gives {problems_of('h', text)}, not {count} problems"
            for text, count in cases if len(problems_of("h", text)) != count]


def main(arguments):
    if arguments == ["--self-test"]:
        found = self_test()
    elif len(arguments) == 2:
        found = check(*arguments)
    else:
        print(__doc__, file=sys.stderr)
        return 64
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


sys.exit(main(sys.argv[1:]))
