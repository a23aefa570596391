#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the bare roots that this run is to use and fetches, with each root's own apt, the packages
that tests/lib/dependencies.sh and data/packaging/debian/control will ask for in there. Prints the names
of the releases. Needs root and the package archives, so it runs before the sandbox is entered."""

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fresh import roots  # noqa: E402
from world import kernel  # noqa: E402

# What a name stands for in a release only its own lists say. A name that they do not have is not
# fetched, and told by the command that asks for it.
_LIST = """. /tmp/dependencies.sh
lines_of words dependency_packages "$1"
lines_of packages choose_packages ${words[*]} $2
printf '%s\\n' "${packages[@]}"
"""
_FETCH = ("-q", "-y", "--no-install-recommends", "--download-only")


def level() -> str:
    return "test" if os.environ.get("KS_FULL") else "demo"


def stock(release: roots.Release, needed: str) -> None:
    """A layer above the bare root with package lists and packages, as much as is `needed` (build, demo, test), none
    of them installed."""
    with roots.stocked(release) as copy:
        copy.apt("update", "-q")
        library = roots.REPOSITORY / "tests/lib/dependencies.sh"
        (copy.root / "tmp/dependencies.sh").write_bytes(library.read_bytes())
        # apart: what apt chooses beside them depends on all that it is asked for
        asked = [(needed, roots.TO_BOOT)] + ([("build", roots.SHELL)] if needed == "test" else [])
        for words, more in asked:
            listed = copy.chroot("bash", "-c", _LIST, "bash", words, " ".join(more))
            packages = [name for name in listed.split() if not name.startswith("?")]
            copy.apt("install", *_FETCH, *packages)
        (copy.root / "tmp/dependencies.sh").unlink()
        shutil.copytree(roots.REPOSITORY / "data/packaging/debian", copy.root / "tmp/packaging/debian")
        copy.apt("build-dep", *_FETCH, "/tmp/packaging")
        shutil.rmtree(copy.root / "tmp/packaging")


def main() -> None:
    if os.geteuid() != 0:
        raise SystemExit("making bare roots needs root: sudo tests/run.sh fresh")
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    for release in roots.chosen():
        stock(release, level())
        print(release.name, flush=True)


if __name__ == "__main__":
    main()
