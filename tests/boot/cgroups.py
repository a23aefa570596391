# SPDX-License-Identifier: GPL-2.0-or-later
"""Control groups of its own for each booted machine. systemd-nspawn makes its `payload` in the ones that it is
started in, so two machines started side by side would share it, and each systemd would tidy up the other's."""

import contextlib
import os
import uuid
from pathlib import Path


def _own() -> list[Path]:
    """This process's groups in the two hierarchies that systemd-nspawn uses, where they are mounted."""
    paths = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        root, mounted = before.split()[3:5]
        kind, _, options = after.split()[:3]
        name = "" if kind == "cgroup2" else "name=systemd"
        if kind in ("cgroup", "cgroup2") and (not name or name in options.split(",")) and name in paths:
            found.append(Path(mounted) / os.path.relpath(paths[name], root))
    return found


class ControlGroups:
    """Below this process's own. `enter` is for a child, before it runs its program."""

    def __init__(self) -> None:
        name = f"machine-{uuid.uuid4().hex}"
        self._folders = [folder / name for folder in _own()]
        for folder in self._folders:
            folder.mkdir()

    def enter(self) -> None:
        for folder in self._folders:
            (folder / "cgroup.procs").write_text("0")

    def remove(self) -> None:
        """Its processes have ended. What the kernel still holds stays behind, empty."""
        for top in self._folders:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
