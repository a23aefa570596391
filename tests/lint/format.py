#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All C is as clang-format leaves it. `format.py --fix` puts it right in place.

The version is pinned: each formats a few things in its own way. With another version the check is
skipped, which fails in CI.
"""

import subprocess
import sys

import lint

VERSION = "14"


def command():
    return [lint.tool("clang-format", VERSION), f"--style=file:{lint.ROOT / '.clang-format'}"]


def check(tree):
    paths = lint.c_files(tree)
    if not paths:
        return []
    said = subprocess.run(
        [*command(), "--dry-run", "-Werror", *paths], capture_output=True, text=True, check=False
    )
    names = sorted({line.split(":")[0] for line in said.stderr.splitlines() if ": error: " in line})
    problems = []
    for name in names:
        right = subprocess.run([*command(), name], capture_output=True, text=True, check=True)
        problems.append(difference(name, right.stdout) + "in place: tests/lint/format.py --fix")
    if said.returncode and not problems:
        problems.append(said.stderr)
    return problems


def difference(name, right):
    return subprocess.run(
        ["diff", "-u", "--label", name, "--label", "formatted", name, "-"],
        input=right, capture_output=True, text=True, check=False,
    ).stdout


GOOD = """\
static const Row rows[] = {
    { "lock", ks_lock, 1 },
    { "unlock", ks_unlock, 2 },
};

int ks_lock(const char *name)
{
    if (!name)
        return (int) sizeof(rows);
    return 0;
}
"""

FIXTURES = [
    lint.Fixture("good C passes", {"dispatcher/model/lock.c": GOOD}, None),
    lint.Fixture(
        "a tab",
        {"dispatcher/model/lock.c": GOOD.replace("        return", "\treturn")},
        "dispatcher/model/lock.c",
    ),
    lint.Fixture(
        "a pointer on the left",
        {"dispatcher/model/lock.h": "int ks_lock(const char* name);\n"},
        "dispatcher/model/lock.h",
    ),
    lint.Fixture(
        "a line that is too long",
        {"tests/unit/lock.c": f"int x = {' + '.join(['10000'] * 20)};\n"},
        "tests/unit/lock.c",
    ),
]


def fix():
    try:
        return subprocess.call([*command(), "-i", *lint.c_files(lint.ROOT)])
    except lint.Skip as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(fix() if sys.argv[1:] == ["--fix"] else lint.run(check, FIXTURES))
