#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files may stand at the top, how long a C file and a function may be, and that the name of a type or header means one
thing."""

import re
import sys

import lint
from lint import Fixture

FOLDERS = {"applet", "data", "dispatcher", "findings", "po", "polkit", "tests", ".ci", ".github"}
FILES = {
    "COPYING", "CONTRIBUTING.md", "NEWS.md", "README.md", "SECURITY.md", "meson.build",
    "meson.options", "meson_options.txt", "compile_commands.json",
}

AIM = 300  # lines of a C file: more is worth a warning ...
MOST = 600  # ... and this many are too many
LONGEST = 60  # lines between the braces of a function; most have ten
# but for a switch over all that there is, a few lines each
SWITCHES = {"dispatcher/rules/expression.c": "build_step", "dispatcher/model/lock-text.c": "ks_key_text"}


def top(tree):
    for path in sorted(tree.iterdir()):
        name = path.name
        if not path.is_dir():
            if name not in FILES and not name.startswith("."):
                yield f"{name}: no file of this name at the top"
        elif name not in FOLDERS | lint.IGNORED_FOLDERS and not lint.is_build_folder(path):
            yield f"{name}/: no folder of this name at the top; there are {', '.join(sorted(FOLDERS))}"


def lengths(tree):
    for path in lint.c_files(tree):
        yield str(path.relative_to(tree)), len(path.read_text(errors="replace").splitlines())


FUNCTION = re.compile(r"^[^\n{}#/]*?\b(\w+)\([^{}]*?\)\n\{\n(.*?)^\}", re.M | re.S)


def long_functions(tree):
    for path in lint.c_files(tree):
        name = str(path.relative_to(tree))
        if path.suffix != ".c" or name.startswith("tests/"):
            continue
        for match in FUNCTION.finditer(path.read_text(errors="replace")):
            lines = match.group(2).count("\n")
            if lines > LONGEST and SWITCHES.get(name) != match.group(1):
                yield f"{name}: {match.group(1)}() has {lines} lines, more than {LONGEST}; split it by what it does"


TYPE = re.compile(r"^typedef (?:struct|enum|union)\b[^;{]*?\b(Ks\w+);|^\} (Ks\w+);", re.M)


def types(tree):
    """A header may name a structure that only its source shows; two headers are two meanings."""
    homes = {}
    for path in lint.c_files(tree):
        name = str(path.relative_to(tree))
        if path.suffix == ".h" and not name.startswith("tests/"):
            for match in TYPE.finditer(path.read_text(errors="replace")):
                homes.setdefault(match.group(1) or match.group(2), set()).add(name)
    for kind, files in sorted(homes.items()):
        if len(files) > 1:
            yield f"{kind}: means one thing in each of {', '.join(sorted(files))}; one meaning a name"


def headers(tree):
    """Two of one name are two things to a reader, whichever folder they stand in."""
    homes = {}
    for path in lint.c_files(tree):
        name = path.relative_to(tree)
        if path.suffix == ".h" and name.parts[0] != "tests":
            homes.setdefault(path.name, []).append(str(name))
    for header, files in sorted(homes.items()):
        if len(files) > 1:
            yield f"{header}: stands in each of {', '.join(sorted(files))}; one meaning a name"


def check(tree):
    return [*top(tree), *types(tree), *headers(tree), *long_functions(tree)] + [
        f"{name}: {lines} lines, more than {MOST}; split it"
        for name, lines in lengths(tree)
        if lines > MOST
    ]


def warnings(tree):
    return [f"{name}: {lines} lines" for name, lines in lengths(tree) if AIM < lines <= MOST]


FIXTURES = [
    Fixture(
        "the project's folders pass",
        {"dispatcher/a.c": "\n" * MOST, "README.md": "", ".clang-format": "", "build-x/a": ""},
        None,
    ),
    Fixture("another folder at the top", {"src/a.c": ""}, "src/: no folder"),
    Fixture("another file at the top", {"notes.txt": ""}, "notes.txt: no file"),
    Fixture(
        "a long switch that is known, and a short function",
        {"dispatcher/rules/expression.c": f"static int build_step(int a,\n    int b)\n{{\n{'x;' * 9}\n" + "    a();\n" * 90 + "}\n"},
        None,
    ),
    Fixture(
        "a function that is too long",
        {"dispatcher/a.c": "static int f(void)\n{\n    g();\n}\n\nint ks_long(int a,\n            int b)\n{\n" + "    a();\n" * (LONGEST + 1) + "}\n"},
        f"ks_long() has {LONGEST + 1} lines",
    ),
    Fixture(
        "a name that means two things",
        {"dispatcher/a.h": "typedef struct KsLook KsLook;\n", "applet/b.h": "typedef struct {\n    int x;\n} KsLook;\n"},
        "KsLook: means one thing in each of applet/b.h, dispatcher/a.h",
    ),
    Fixture(
        "a header that stands twice",
        {"dispatcher/a/held.h": "", "applet/held.h": ""},
        "held.h: stands in each of applet/held.h, dispatcher/a/held.h",
    ),
    Fixture("a file that is too long", {"dispatcher/a.c": "\n" * (MOST + 1)}, "601 lines"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES, warnings))
