#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/advice.md names everything that a program or the README recommends to do, and the test that does it in
the situation in which it is said; and nothing that is not recommended, or no test, any more."""

import re
import sys
from pathlib import PurePath

import lint
from lint import Fixture

TABLE = "tests/advice.md"
COMMENT = re.compile(r"/\*.*?\*/", re.S)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
MACROS = {"KS_PROGRAM": '"nm-killswitch"', "KS_GUARD_UNIT": '"nm-killswitch.service"'}
COMMAND = re.compile(
    r"\b(nm-killswitch (?:status|lock|unlock|lan|pause|resume|auto|mode|disconnect|allow|vpn|rules|export|always-on|share|test|refused|report)\b(?: (?:add|set|list|remove|on|off|always|drops|vpn|--[a-z-]+))*"
    r"|nmcli (?:--ask )?[a-z]+(?: [a-z]+)?|systemctl [a-z-]+ [A-Za-z-]+|journalctl -[a-z]|date --set)"
)
REASON = re.compile(r"\.reason = \"([a-z-]+)\"")
ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \| (.+) \|$", re.M)
TEST = re.compile(r"`([^`:]+)::([^`]+)`")
NO_TEST = "none yet"


def texts_of(path):
    """Its string literals, each in one piece."""
    text = COMMENT.sub("", path.read_text())
    for name, value in MACROS.items():
        text = re.sub(rf"\b{name}\b", value, text)
    return LITERAL.findall(re.sub(r'"\s*"', "", text))


def recommended(tree):
    """Each once: where it stands, and what is to be done."""
    found = set()
    for folder in ("dispatcher", "applet"):
        for path in sorted((tree / folder).rglob("*.c")):
            name = str(PurePath(path.relative_to(tree)))
            found |= {(name, match.strip()) for text in texts_of(path) for match in COMMAND.findall(text)}
            found |= {(name, f"reason {word}") for word in REASON.findall(path.read_text())}
    readme = tree / "README.md"
    if readme.is_file():
        for line in readme.read_text().splitlines():
            if line.startswith("    "):
                found |= {("README.md", match.strip()) for match in COMMAND.findall(line)}
    return found


def check_tests(tree, where, what, cell):
    tests = TEST.findall(cell)
    if not tests and not cell.startswith(NO_TEST):
        yield f'{TABLE}: {where}, "{what}": neither a test nor "{NO_TEST}"'
    for file, function in tests:
        path = tree / "tests" / file
        if not path.is_file() or not re.search(rf"\b{re.escape(function)}\b", path.read_text()):
            yield f"{TABLE}: there is no {file}::{function}"


def check(tree):
    table = tree / TABLE
    if not table.is_file():
        return [f"{TABLE} is missing"]
    rows = {(where, what): cell for where, what, cell in ROW.findall(table.read_text())}
    there = recommended(tree)
    problems = [f'{where}: recommends "{what}", of which {TABLE} says nothing' for where, what in sorted(there - set(rows))]
    problems += [f'{TABLE}: {where} does not recommend "{what}"' for where, what in sorted(set(rows) - there)]
    for (where, what), cell in rows.items():
        problems += check_tests(tree, where, what, cell)
    return problems


SOURCE = {"dispatcher/a.c": 'const char *x = "Open it: "\n  "nm-killswitch unlock";\n'}
TRIED = {"tests/world/test_a.py": "def test_open():\n    pass\n"}
GOOD = "| `dispatcher/a.c` | `nm-killswitch unlock` | `world/test_a.py::test_open` |\n"
FIXTURES = [
    Fixture("all is tried", {**SOURCE, **TRIED, TABLE: GOOD}, None),
    Fixture("one is not named", {**SOURCE, TABLE: "nothing\n"}, 'dispatcher/a.c: recommends "nm-killswitch unlock"'),
    Fixture("a command in the README", {"README.md": "Do:\n\n    sudo nm-killswitch vpn add X\n", TABLE: ""}, "vpn add"),
    Fixture("a reason", {"dispatcher/b.c": '{ .reason = "no-vpn" }', TABLE: ""}, "reason no-vpn"),
    Fixture("a test that is gone", {**SOURCE, TABLE: GOOD}, "there is no world/test_a.py::test_open"),
    Fixture("a sentence that is gone", {**TRIED, TABLE: GOOD}, "does not recommend"),
    Fixture("an empty cell", {**SOURCE, TABLE: "| `dispatcher/a.c` | `nm-killswitch unlock` | later |\n"}, "neither a test"),
    Fixture("no table", SOURCE, "is missing"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
