# SPDX-License-Identifier: GPL-2.0-or-later
"""Maintainer scripts that end dpkg, as a power cut would, or fail, at a step that KS_TRAP names."""

from pathlib import Path

SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_HEAD = "#!/bin/sh\nset -e\n"
# KS_TRAP: "VERSION SCRIPT ARGUMENT begin|end"
_TRAP = """
if [ "${{KS_TRAP:-}}" = "{version} {script} $1 {place}" ]; then
    echo "trap: $KS_TRAP"
    [ "${{KS_TRAP_HOW:-kill}}" != kill ] || kill -KILL $PPID
    exit 1
fi
"""


def plant(control: Path, version: str) -> None:
    """Into all four scripts of an unpacked package; what it has not, it gets."""
    for name in SCRIPTS:
        path = control / name
        text = path.read_text() if path.exists() else _HEAD
        head, rest = text.split("set -e\n", 1)
        begin, end = (_TRAP.format(version=version, script=name, place=place) for place in ("begin", "end"))
        path.write_text(f"{head}set -e\n{begin}{rest}{end}")
        path.chmod(0o755)
