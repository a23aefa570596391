#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files may stand at the top, and how long a C file may be."""

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


def check(tree):
    return [*top(tree)] + [
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
    Fixture("a file that is too long", {"dispatcher/a.c": "\n" * (MOST + 1)}, "601 lines"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES, warnings))
