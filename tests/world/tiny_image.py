# SPDX-License-Identifier: GPL-2.0-or-later
"""What containers of the tests are made of: one program and its names. No registry is needed for that."""

import shutil
from pathlib import Path

BUSYBOX = "/bin/busybox"  # of busybox-static: it needs nothing beside it
_APPLETS = ("sh", "nc", "tail", "sleep", "nslookup", "udhcpc", "ip")


def fill(root: Path) -> None:
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for applet in _APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
