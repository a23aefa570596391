#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What data/doc/map.md leads to is there: files, folders, functions and tables, and every ADR that is named
anywhere. The ADRs' numbers have no gap."""

import re
import sys

import lint
from lint import Fixture

MAP = "data/doc/map.md"
RECORDS = "data/doc/adr"
CODE = ("dispatcher/", "applet/", "polkit/", "data/", "tests/")

A_PATH = re.compile(r"(?<![\w/.-])(?:dispatcher|applet|polkit|data|tests)(?:/[\w.-]+)*\w")
A_FUNCTION = re.compile(r"`(\w+)\(\)`")
A_TABLE = re.compile(r"[Tt]able `(\w+)`")
AN_ADR = re.compile(r"\bADR (\d+)")


def sources(tree):
    return {
        str(path.relative_to(tree)): path.read_text(encoding="utf-8", errors="replace")
        for path in lint.files(tree, ".c", ".h")
        if str(path.relative_to(tree)).startswith(CODE)
    }


def defined(name, texts):
    """At the start of a line: not where it is called."""
    there = re.compile(rf"^\w.*\b{name}\(", re.M)
    return any(there.search(text) for text in texts)


def leads_nowhere(tree, line, code):
    named = [path for path in A_PATH.findall(line) if "/" in path]
    yield from (f"there is no {path}" for path in named if not (tree / path).exists())
    texts = [code[path] for path in named if path in code] or code.values()
    yield from (f"{name}() is nowhere" for name in A_FUNCTION.findall(line) if not defined(name, code.values()))
    yield from (f"table {name} is not in these files" for name in A_TABLE.findall(line)
                if not any(re.search(rf"\b{name}\b", text) for text in texts))  # fmt: skip


def check(tree):
    problems = []
    records = {int(path.name[:4]) for path in (tree / RECORDS).glob("[0-9][0-9][0-9][0-9]-*.md")}
    problems += [f"{RECORDS}: number {n} is missing" for n in range(1, max(records, default=0)) if n not in records]
    for path in lint.files(tree, ".md", ".c", ".h", ".py", ".in", ".xml"):
        name = str(path.relative_to(tree))
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for record in map(int, AN_ADR.findall(line)):
                if record not in records and name != "tests/lint/map.py":
                    problems.append(f"{name}:{number}: there is no ADR {record}")
    code = sources(tree)
    if (tree / MAP).exists():
        for number, line in enumerate((tree / MAP).read_text(encoding="utf-8").splitlines(), 1):
            problems += [f"{MAP}:{number}: {what}" for what in leads_nowhere(tree, line, code)]
    return problems


GOOD = {
    "dispatcher/model/event.c": "static const Row actions[] = { 1 };\n\nint ks_event_parse(int x)\n{\n}\n",
    "data/doc/adr/0001-writer.md": "# 1\n",
}
ROW = "| actions | dispatcher/model/event.c, table `actions`, `ks_event_parse()`; ADR 1 |\n"

FIXTURES = [
    Fixture("a map that leads somewhere", {**GOOD, MAP: ROW}, None),
    Fixture("a file that is gone", {**GOOD, MAP: "dispatcher/model/events.c\n"}, "there is no dispatcher/model/events.c"),
    Fixture("a folder that is gone", {**GOOD, MAP: "| dispatcher/engine | x |\n"}, "there is no dispatcher/engine"),
    Fixture("a function that is gone", {**GOOD, MAP: ROW + "`ks_event_read()`\n"}, "map.md:2: ks_event_read() is nowhere"),
    Fixture("a function that is only called", {**GOOD, "dispatcher/a.c": "    f();\n", MAP: "`f()`\n"}, "f() is nowhere"),
    Fixture("a table of another file", {**GOOD, "dispatcher/b.c": "rows\n", MAP: ROW.replace("`actions`", "`rows`")}, "table rows"),
    Fixture("a gap", {"data/doc/adr/0002-b.md": "# 2\n"}, "data/doc/adr: number 1 is missing"),
    Fixture("a record that is missing", {**GOOD, "README.md": "ADR 2 says why.\n"}, "README.md:1: there is no ADR 2"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
