#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about the text of files: licence line, #pragma once, comments, blanks, words."""

import re
import sys

import lint
from lint import Fixture

LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"
C_LICENCE = f"/* {LICENCE} */"
COLUMNS = 100

# Text by its name; everything else (images, captures, fuzz seeds) is left alone.
TEXT = (
    ".c", ".h", ".py", ".sh", ".md", ".build", ".txt", ".in", ".xml", ".policy", ".rules", ".conf",
    ".service", ".socket", ".desktop", ".svg", ".ui", ".css", ".clang-format", ".clang-tidy",
    ".editorconfig", ".gitignore",
)
NOT_OURS = ("tests/fuzz/corpus/", "po/", "COPYING")

# What a // comment can hide in: strings, characters and /* comments */.
C_TOKENS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|(//)', re.S)

# Words that no reader's English has: The tree is free of them; "there is none" is English.
REFUSED = re.compile(
    r"\b[Ww]hoever\b|\b[Aa]new\b|(?<![Tt]here )\b(?:is|are|was|were|be)\s+(?:[*#]\s+)?none\b(?!\s+of\b)"
)


def words(name, text):
    for match in REFUSED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield f'{name}:{line}: say it in plain English, without "{" ".join(match[0].split())}"'


def licence(path, name, lines):
    if path.suffix in (".c", ".h"):
        if not lines or lines[0] != C_LICENCE:
            yield f"{name}:1: the first line must be {C_LICENCE}"
    elif path.suffix in (".py", ".sh", ".build") or name == "meson_options.txt" or is_script(lines):
        if not any(line.startswith("#") and LICENCE in line for line in lines[:3]):
            yield f"{name}:1: the first lines lack # {LICENCE}"


def is_script(lines):
    return bool(lines) and lines[0].startswith("#!")


def header(path, name, lines):
    if path.suffix == ".h" and "#pragma once" not in lines[:3]:
        yield f"{name}:2: #pragma once must follow the licence line"


def comments(path, name, text):
    if path.suffix not in (".c", ".h"):
        return
    for match in C_TOKENS.finditer(text):
        if match.group(1):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: comments are /* like this */"


def blanks(path, name, text, lines):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{name}:{number}: blanks at the end of the line"
        if "\t" in line and not lines[0].endswith("/make -f"): # make asks for them
            yield f"{name}:{number}: a tab"
        if path.suffix in (".c", ".h") and len(line) > COLUMNS and '"' not in line:
            yield f"{name}:{number}: longer than {COLUMNS} columns"
    if text and not text.endswith("\n"):
        yield f"{name}:{len(lines)}: no newline at the end"
    if text.endswith("\n\n"):
        yield f"{name}:{len(lines)}: empty lines at the end"


def check(tree):
    problems = []
    for path in lint.files(tree):
        name = str(path.relative_to(tree))
        if name.startswith(NOT_OURS):
            continue
        if not path.name.endswith(TEXT) and not lint.interpreter(path):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problems.append(f"{name}: is not UTF-8")
            continue
        lines = text.splitlines()
        problems += licence(path, name, lines)
        problems += header(path, name, lines)
        problems += comments(path, name, text)
        problems += words(name, text)
        problems += blanks(path, name, text, lines)
    return problems


GOOD = f"{C_LICENCE}\n#pragma once\n\nint f(void); /* see \"http://example\" */\n"

FIXTURES = [
    Fixture(
        "good files pass",
        {
            "dispatcher/model/a.h": GOOD,
            "dispatcher/model/a.c": f'{C_LICENCE}\nconst char *url = "http://example";\n',
            "tests/x.sh": f"#!/bin/sh\n# {LICENCE}\n",
            "tests/y": f"#!/usr/bin/python3\n# {LICENCE}\n",
            "meson.build": f"# {LICENCE}\n",
            "tests/fuzz/corpus/x/seed.txt": "  \t",
        },
        None,
    ),
    Fixture("C without a licence", {"a.c": "int f(void);\n"}, "a.c:1: the first line"),
    Fixture("a script without one", {"run": "#!/bin/sh\n"}, "run:1: the first lines lack"),
    Fixture("a build file without one", {"meson.build": "x = 1\n"}, "meson.build:1:"),
    Fixture("a header without #pragma once", {"a.h": f"{C_LICENCE}\n"}, "a.h:2: #pragma once"),
    Fixture("a // comment", {"a.c": f"{C_LICENCE}\nint x; // no\n"}, "a.c:2: comments"),
    Fixture("blanks at the end", {"a.c": f"{C_LICENCE} \n"}, "a.c:1: blanks"),
    Fixture("refused words", {"a.md": f"Wh{'oever'} reads.\n"}, "a.md:1: say it in plain"),
    Fixture("over two lines", {"a.c": f"{C_LICENCE}\n/* This is\n * {'none'}. */\n"}, "a.c:2: say it in plain"),
    Fixture("there is none, or none of ours", {"a.md": "There is none. It is none of ours.\n"}, None),
    Fixture("a tab", {"a.py": f"# {LICENCE}\nif x:\n\ty\n"}, "a.py:3: a tab"),
    Fixture("tabs in a makefile", {"rules": f"#!/usr/bin/make -f\n# {LICENCE}\n%:\n\tdh $@\n"}, None),
    Fixture("a long line", {"a.h": GOOD + f"/* {'x' * 100} */\n"}, "a.h:5: longer"),
    Fixture("no newline at the end", {"a.c": C_LICENCE}, "no newline"),
    Fixture("foreign bytes", {"a.md": "\udcff"}, "is not UTF-8"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
