# SPDX-License-Identifier: Apache-2.0
"""Makes a HAR file of VCR recordings (YAML): vcr_to_har.py FOLDER HAR

Reads the part of YAML that VCR writes: block mappings and lists, plain, quoted, folded, literal and
binary scalars. Prints how many exchanges there are.
"""
import base64
import json
import pathlib
import re
import sys

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\", "/": "/", "a": "\a", "b": "\b",
           "e": "\x1b", "f": "\f", "v": "\v", " ": " ", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}


class Lines:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.at = 0

    def indent(self):
        """Of the next line that is not blank; -1 at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and not line.startswith("---") and line.strip() != "...":
                return len(line) - len(line.lstrip(" "))
            self.at += 1
        return -1


def scan(text, quote, at):
    """Where the quoted text ends, from `at` on: (True, there), or (False, where to go on when there is more)."""
    while True:
        found = text.find(quote, at)
        if quote == '"':
            escape = text.find("\\", at, found if found >= 0 else len(text))
            if escape >= 0:
                if escape + 2 > len(text):
                    return False, escape
                at = escape + 2
                continue
        if found < 0:
            return False, len(text)
        if quote == "'" and text[found + 1:found + 2] == "'":
            at = found + 2
            continue
        return True, found


def unescape(text):
    def one(match):
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] in "xuU" and len(code) > 1 else ESCAPES[code]
    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", one, text)


def quoted(source, text):
    """A quoted scalar that begins in `text` and may go on over further lines, which are folded."""
    quote = text[0]
    ended, at = scan(text, quote, 1)
    while not ended:
        if source.at >= len(source.lines):
            raise ValueError("a quoted text does not end")
        more = source.lines[source.at].strip()
        source.at += 1
        if quote == '"' and at < len(text):  # a line break that is escaped joins the lines
            text = text[:-1] + (more[1:] if more.startswith("\\ ") else more)
        elif not more:
            text += "\n"
        else:
            text += more if text.endswith("\n") else " " + more
        ended, at = scan(text, quote, at)
    inner = text[1:at]
    return unescape(inner) if quote == '"' else inner.replace("''", "'")


def block(source, header, parent):
    lines = []
    indent = None
    while source.at < len(source.lines):
        line = source.lines[source.at]
        if line.strip():
            depth = len(line) - len(line.lstrip(" "))
            if indent is None:
                indent = depth
            if depth <= parent or depth < indent:
                break
        lines.append(line[indent or 0:])
        source.at += 1
    while lines and not lines[-1].strip():
        lines.pop()
    text = "\n".join(lines) if header[0] == "|" else " ".join(lines)
    return text if "-" in header else text + "\n"


def scalar(source, text, parent):
    binary = text.startswith("!binary")
    text = re.sub(r"^(!\S+|&\S+)\s*", "", text)
    if text[:1] in "|>" and text:
        out = block(source, text, parent)
    elif text[:1] in "'\"" and text:
        out = quoted(source, text)
    else:
        out = text
        while source.at < len(source.lines):  # a plain text may go on, deeper
            line = source.lines[source.at]
            if not line.strip() or len(line) - len(line.lstrip(" ")) <= parent:
                break
            out += " " + line.strip()
            source.at += 1
    return base64.b64decode(out) if binary else out


KEY = re.compile(r"""^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s'"#\[{!|>&*-][^:]*|-[^\s:][^:]*)\s*:(?:\s+(.*)|)$""")


def node(source, least):
    indent = source.indent()
    if indent < least:
        return None
    line = source.lines[source.at][indent:]
    if line.startswith("- ") or line == "-":
        out = []
        while source.indent() == indent and source.lines[source.at][indent:indent + 2].strip() == "-":
            rest = source.lines[source.at][indent + 2:]
            if KEY.match(rest):  # a mapping that begins in the line of its dash
                source.lines[source.at] = " " * (indent + 2) + rest
                out.append(node(source, indent + 1))
            else:
                source.at += 1
                out.append(scalar(source, rest.strip(), indent) if rest.strip() else node(source, indent + 1))
        return out
    out = {}
    while source.indent() == indent:
        match = KEY.match(source.lines[source.at][indent:])
        if not match:
            raise ValueError(f"line {source.at + 1} is no YAML that is known here")
        key = match.group(1).strip("'\"")
        rest = (match.group(2) or "").strip()
        source.at += 1
        if rest:
            out[key] = scalar(source, rest, indent)
        else:
            deeper = source.indent()
            is_list = deeper == indent and source.lines[source.at][indent:].startswith("-")
            out[key] = node(source, indent if is_list else indent + 1)
    return out


def fields(headers):
    out = []
    for name, values in (headers or {}).items():
        for value in values if isinstance(values, list) else [values]:
            out.append({"name": name, "value": value or ""})
    return out


def body_of(message):
    body = message.get("body")
    if isinstance(body, dict):
        body = base64.b64decode(body["base64_string"]) if "base64_string" in body else body.get("string")
    if body is None or body == "":
        return {}
    if isinstance(body, bytes):
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return {"text": body}


def entry(interaction):
    request, response = interaction["request"], interaction["response"]
    status = response["status"]
    status = status["code"] if isinstance(status, dict) else status
    headers = [one for one in fields(response.get("headers")) if one["name"].lower() not in
               ("content-length", "content-encoding", "transfer-encoding")]
    sent = body_of(request)
    query = request.get("query_params") or ""
    made = {"request": {"method": request["method"].upper(), "url": request["uri"] + ("?" + query if query else ""),
                        "headers": fields(request.get("headers"))},
            "response": {"status": int(status), "headers": headers, "content": body_of(response)}}
    if sent:
        made["request"]["postData"] = {"mimeType": "", "text": sent["text"]}
    return made


def main():
    entries = []
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.y*ml")):
        tree = node(Lines(path.read_text(encoding="utf-8")), 0)
        for one in tree["http_interactions"] if "http_interactions" in tree else [tree]:
            entries.append(entry(one))
    pathlib.Path(sys.argv[2]).write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    print(len(entries))


main()
