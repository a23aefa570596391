# SPDX-License-Identifier: GPL-2.0-or-later
"""What every check in this folder shares.

A check is a function check(tree) that returns its problems as sentences, "file:line: what" where
that makes sense. Before it looks at the project it must find the faults planted in small fixture
trees, and find none in the good ones: a check that cannot fail proves nothing. Output is TAP.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Not ours to judge: version control, what builds and tools leave, editors' folders.
IGNORED_FOLDERS = {
    ".git", "__pycache__", ".pytest_cache", ".cache", ".vscode", ".idea", "subprojects",
}


class Skip(Exception):
    """The check cannot run here; the text says why."""


class Fixture:
    """A small tree, {path: text}, in which `check` must report a problem that contains `finds`;
    None: it must report nothing."""

    def __init__(self, name, files, finds):
        self.name = name
        self.files = files
        self.finds = finds


def is_build_folder(path):
    return path.name.startswith("build")


def files(tree, *suffixes):
    """All project files with one of the suffixes (all if there is none), sorted."""
    found = []
    for folder, folders, names in os.walk(tree):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name not in IGNORED_FOLDERS and not (here == tree and name.startswith("build"))
        ]
        found += [here / name for name in names if not suffixes or name.endswith(suffixes)]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def first_line(path):
    with open(path, "rb") as file:
        return file.readline(200).decode(errors="replace").rstrip("\n")


def interpreter(path):
    """"sh", "bash", "python3" ... of a file that starts with #!, else ""."""
    line = first_line(path)
    if not line.startswith("#!"):
        return ""
    words = line[2:].split()
    return Path(words[-1] if words[0].endswith("/env") else words[0]).name if words else ""


def python_files(tree):
    return [p for p in files(tree) if p.suffix == ".py" or interpreter(p).startswith("python")]


def shell_files(tree):
    return [p for p in files(tree) if p.suffix == ".sh" or interpreter(p) in ("sh", "bash", "dash")]


def c_files(tree):
    return files(tree, ".c", ".h")


def tool(name, version_prefix=None):
    """The path of a program of exactly that major version where one is pinned."""
    names = [name] if version_prefix is None else [f"{name}-{version_prefix}", name]
    for candidate in names:
        path = shutil.which(candidate)
        if path and (version_prefix is None or _major(path) == version_prefix):
            return path
    wanted = name if version_prefix is None else f"{name} {version_prefix}"
    raise Skip(f"{wanted} is not installed")


def _major(path):
    import re
    import subprocess

    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\d+)", said)
    return match.group(1) if match else ""


def build_folder():
    """Where the product was built: KS_BUILD, else the folders people and tests/run.sh use."""
    for path in (os.environ.get("KS_BUILD"), ROOT / "build", ROOT / "build-tests" / "plain"):
        if path and (Path(path) / "build.ninja").exists():
            return Path(path).resolve()
    raise Skip("there is no build folder; set KS_BUILD")


def _try(fixture, check):
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name, text in fixture.files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(text.encode(errors="surrogateescape"))
        problems = check(tree)
    if fixture.finds is None:
        return problems
    if any(fixture.finds in problem for problem in problems):
        return []
    return [f"planted fault not found, expected: {fixture.finds}", *problems]


def run(check, fixtures, warnings=None):
    """The whole program of a check. `warnings(tree)` are shown and fail nothing."""
    cases = [(f"self-test: {f.name}", lambda f=f: _try(f, check)) for f in fixtures]
    cases.append(("the project", lambda: check(ROOT)))

    print(f"1..{len(cases)}")
    failed = False
    for number, (name, case) in enumerate(cases, 1):
        try:
            problems = case()
        except Skip as skip:
            print(f"ok {number} - {name} # SKIP {skip}")
            continue
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            failed = True
            for line in problem.splitlines():
                print(f"#   {line}")
    for warning in warnings(ROOT) if warnings else []:
        print(f"# warning: {warning}")
    sys.exit(1 if failed else 0)
