#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python that runs with the demonstration's packages (tests/lib/dependencies.sh) imports nothing that they lack."""

import ast
import sys

import lint
from lint import Fixture

TESTS = "tests"
ROOTS = ("world/demo.py", "unit/*.py", "kernel/*.py", "lib/*.py")
BROUGHT = {"gi"}  # python3-gi; nothing else is there but Python itself
# a name is looked for in the importing file's folder first, then where the programs add to sys.path
FOLDERS = (".", "lib")


def imports(path):
    """(line, level, module, names) of each import that runs as soon as the file is imported."""
    left = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            yield from ((node.lineno, 0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or "", [alias.name for alias in node.names]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            left.extend(ast.iter_child_nodes(node))


def own_files(tests, path, level, module, names):
    """The files of this project that an import reads; None: it is not this project's."""
    parts = module.split(".") if module else []
    places = [path.parents[level - 1]] if level else [path.parent, *(tests / folder for folder in FOLDERS)]
    for place in places:
        base = place.joinpath(*parts)
        inner = [base / f"{name}.py" for name in names if (base / f"{name}.py").is_file()]
        own = [file for file in (base.with_suffix(".py"), base / "__init__.py") if parts and file.is_file()]
        if own or inner:
            return [*own, *inner]
    return None


def check(tree):
    tests = tree / TESTS
    left = [path for root in ROOTS for path in sorted(tests.glob(root))]
    if not left:
        return [f"{TESTS}: none of {', '.join(ROOTS)} is there"]
    seen = set(left)
    problems = []
    while left:
        path = left.pop()
        for line, level, module, names in imports(path):
            files = own_files(tests, path, level, module, names)
            if files is None and module.split(".")[0] not in {*sys.stdlib_module_names, *BROUGHT}:
                problems.append(f"{path.relative_to(tree)}:{line}: imports {module}, which the demonstration lacks")
            new = set(files or ()) - seen
            seen |= new
            left.extend(sorted(new))
    return sorted(problems)


GOOD = {
    "tests/world/demo.py": "import os\nfrom world import a\n\ndef late():\n    import pytest\n",
    "tests/world/a.py": "import gi\nfrom . import b\n",
    "tests/world/b.py": "FOUND = True\n",
    "tests/world/conftest.py": "import pytest\n",
}
FIXTURES = [
    Fixture("what the demonstration has passes", GOOD, None),
    Fixture("in the program", {**GOOD, "tests/world/demo.py": "import pytest\n"}, "demo.py:1: imports pytest,"),
    Fixture("two files away", {**GOOD, "tests/world/b.py": "try:\n    import pytest\nexcept OSError:\n    pass\n"},
            "b.py:2: imports pytest,"),
    Fixture("by the full name", {**GOOD, "tests/world/a.py": "import world.conftest\n"}, "conftest.py:1: imports pytest,"),
    Fixture("from a package", {**GOOD, "tests/unit/test.py": "from gi.x import y\nfrom yaml.z import q\n"}, "imports yaml.z,"),
    Fixture("nothing to read", {"tests/README.md": "\n"}, "is there"),
]

if __name__ == "__main__":
    sys.exit(lint.run(check, FIXTURES))
