#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""po/POTFILES names every file with text for people, and no other."""

import re
import sys

import lint
from lint import Fixture

LIST = "po/POTFILES"
# Comments and strings are skipped, so that only calls count.
C_TOKENS = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|\b((?:_|N_|C_|NC_|g_dngettext|ngettext)\s*\()', re.S
)
MERGED = (".desktop.in", ".metainfo.xml.in", ".policy.in")


def has_text(path):
    if path.suffix == ".c":
        return any(match.group(1) for match in C_TOKENS.finditer(path.read_text(encoding="utf-8")))
    if path.suffix == ".ui":
        return 'translatable="yes"' in path.read_text(encoding="utf-8")
    if path.name.endswith(".gschema.xml"):
        return "<summary>" in path.read_text(encoding="utf-8")
    return path.name.endswith(MERGED)


def check(tree):
    listed = [
        line for line in (tree / LIST).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    found = {
        str(path.relative_to(tree))
        for path in lint.files(tree, ".c", ".ui", ".in", ".gschema.xml")
        if has_text(path) and path.relative_to(tree).parts[0] != "tests"
    }
    problems = [f"{LIST}: lacks {name}" for name in sorted(found - set(listed))]
    problems += [f"{LIST}: {name} has no text for people" for name in listed if name not in found]
    if listed != sorted(set(listed)):
        problems.append(f"{LIST}: is not sorted, or names a file twice")
    return problems


WITH_TEXT = 'f(_("Lock"));\n'
FIXTURES = [
    Fixture(
        "a complete list passes",
        {
            LIST: "# files\na.c\nb.ui\nc.desktop.in\n",
            "a.c": WITH_TEXT,
            "b.ui": '<property translatable="yes">Lock</property>',
            "c.desktop.in": "Name=Lock",
            "d.c": '/* _("no") */ const char *x = "_(\\"no\\")"; int y = some_(1);\n',
            "tests/e.c": WITH_TEXT,
        },
        None,
    ),
    Fixture("a file is missing", {LIST: "", "a.c": WITH_TEXT}, "lacks a.c"),
    Fixture("a plural is missing", {LIST: "", "a.c": 'g_dngettext(D, "a", "b", n);\n'}, "lacks a.c"),
    Fixture("a window is missing", {LIST: "", "a.ui": 'translatable="yes"'}, "lacks a.ui"),
    Fixture("a policy is missing", {LIST: "", "a.policy.in": ""}, "lacks a.policy.in"),
    Fixture("a file that is gone", {LIST: "a.c\n"}, "a.c has no text"),
    Fixture("a list without order", {LIST: "b.c\na.c\n", "a.c": WITH_TEXT, "b.c": WITH_TEXT}, "not sorted"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
