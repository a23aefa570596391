#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A room's README names every source file in it, and none that is not there. That of tests/fuzz tells what each
target reaches."""

import re
import sys

import lint
from lint import Fixture

ROOMS = ("dispatcher/*", "applet", "polkit")
QUOTED = re.compile(r"`([^`\s]+)`")
SOURCES = (".c", ".h")
FUZZ = "tests/fuzz"


def rooms(tree):
    for pattern in ROOMS:
        for folder in sorted(tree.glob(pattern)):
            if folder.is_dir() and any(folder.glob("*.[ch]")):
                yield folder


def check_room(tree, folder):
    name = folder.relative_to(tree)
    readme = folder / "README.md"
    if not readme.is_file():
        yield f"{name}: no README.md"
        return
    named = set(QUOTED.findall(readme.read_text()))
    stems = {word.rpartition(".")[0] if word.endswith(SOURCES) else word for word in named}
    for stem in sorted({path.stem for path in folder.glob("*.[ch]")} - stems):
        yield f"{name}/README.md: says nothing of `{stem}`"
    for word in sorted(named):
        if word.endswith(SOURCES) and not any((base / word).is_file() for base in (folder, tree / "dispatcher", tree)):
            yield f"{name}/README.md: there is no {word}"


def check_fuzz(tree):
    folder = tree / FUZZ
    there = {path.stem.removeprefix("fuzz-") for path in folder.glob("fuzz-*.c")}
    told = set(re.findall(r"^\| ([a-z-]+) \| \d+ \|", (folder / "README.md").read_text(), re.M)) if there else set()
    for name in sorted(there ^ told):
        yield f"{FUZZ}/README.md: " + (f"says nothing of what {name} reaches" if name in there else f"there is no {name}")


def check(tree):
    return [problem for folder in rooms(tree) for problem in check_room(tree, folder)] + [*check_fuzz(tree)]


ROOM = "dispatcher/model/"
FIXTURES = [
    Fixture(
        "all are named, with or without ending",
        {ROOM + "lock.c": "", ROOM + "lock.h": "", ROOM + "world.h": "", ROOM + "README.md": "`lock`, `world.h`\n"},
        None,
    ),
    Fixture("one is not", {ROOM + "lock.c": "", ROOM + "README.md": "locks\n"}, "says nothing of `lock`"),
    Fixture(
        "one has gone",
        {ROOM + "lock.c": "", ROOM + "README.md": "`lock.c`, `key.c`\n"},
        "there is no key.c",
    ),
    Fixture(
        "a fuzz target of which nobody says what it reaches",
        {f"{FUZZ}/fuzz-people.c": "", f"{FUZZ}/README.md": "| target | seeds |\n|---|---|\n"},
        "says nothing of what people reaches",
    ),
    Fixture("a room without one", {ROOM + "lock.c": ""}, "dispatcher/model: no README.md"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
