#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy finds nothing in the project's C (.clang-tidy). Uses the compile commands of KS_BUILD.

The version is pinned, as in format.py: each finds other things. What is not installed, the tests, is looked at
only with KS_FULL=1: it is a third of the files.
"""

import concurrent.futures
import json
import os
import subprocess
import sys

import lint

VERSION = "14"

# Flags of gcc that clang does not know are no finding.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-everything"]


def tidy(path, arguments):
    command = [
        lint.tool("clang-tidy", VERSION), "--quiet", f"--config-file={lint.ROOT / '.clang-tidy'}",
        *EXTRA, str(path), *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [done.stdout or done.stderr] if done.returncode else []


def compiled(build):
    """The project's own C files that the build compiles."""
    left_out = [] if os.environ.get("KS_FULL") else [lint.ROOT / "tests"]
    with open(build / "compile_commands.json", encoding="utf-8") as file:
        paths = {(build / entry["directory"] / entry["file"]).resolve() for entry in json.load(file)}
    return sorted(
        path
        for path in paths
        if path.is_relative_to(lint.ROOT)
        and not path.is_relative_to(build.resolve())  # generated
        and not any(path.is_relative_to(folder) for folder in left_out)
        and path.suffix == ".c"
    )


def check(tree):
    if tree == lint.ROOT:
        build = lint.build_folder()
        paths, arguments = compiled(build), ["-p", str(build)]
        if not paths:
            return ["the build folder compiles no C file of the project"]
    else:
        paths, arguments = lint.c_files(tree), ["--", "-std=gnu11"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda path: tidy(path, arguments), paths)
        return [problem for problems in found for problem in problems]


GOOD = """\
#include <stdlib.h>
int last(const int *numbers, size_t length);
int last(const int *numbers, size_t length)
{
    return length > 0 ? numbers[length - 1] : -1;
}
"""

FIXTURES = [
    lint.Fixture("good C passes", {"a.c": GOOD}, None),
    lint.Fixture(
        "memory that is used after it was freed",
        {
            "a.c": "#include <stdlib.h>\nint f(void);\nint f(void)\n{\n    int *p = malloc(4);\n"
            "    if (!p)\n        return 0;\n    *p = 1;\n    free(p);\n    return *p;\n}\n"
        },
        "clang-analyzer-unix.Malloc",
    ),
    lint.Fixture(
        "a semicolon that ends the if",
        {"a.c": "int f(int a);\nint f(int a)\n{\n    if (a);\n        a = 2;\n    return a;\n}\n"},
        "bugprone-suspicious-semicolon",
    ),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
