# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of `nm-killswitch export`, run on a client where nm-killswitch is not."""

import os
import subprocess
from pathlib import Path

from . import addresses as a
from .world import World

_FOLDER = Path("/run/world/exported")
_PROGRAMS = "/usr/local/sbin"

# how a script is run: its format, and which iptables the machine has
VARIANTS = {"nft": ("nft", "nft"), "iptables-nft": ("iptables", "nft"), "iptables-legacy": ("iptables", "legacy")}

_SYSTEMCTL = """#!/bin/sh
echo "$@" >>/run/world/exported/systemctl.log
"""


def export(world: World, *arguments: str) -> dict[str, str]:
    """A script of each format, made by the product, which is gone afterwards."""
    world.product.install()
    world.product.start_guard()
    made = {
        name: world.product.ctl("export", "--format", name, "--vpn", "full", "--interface", a.TUNNEL, *arguments).stdout
        for name in ("nft", "iptables")
    }
    world.product.stop_guard()
    world.product.remove()
    return made


class Script:
    def __init__(self, world: World, variant: str, text: str):
        self._world = world
        self._tools = _FOLDER / variant
        self.path = _FOLDER / f"{variant}.sh"
        self.systemctl_log = _FOLDER / "systemctl.log"
        self._tools.mkdir(parents=True, exist_ok=True)
        for family in ("iptables", "ip6tables"):
            for part in ("", "-save", "-restore"):
                link = self._tools / f"{family}{part}"
                link.unlink(missing_ok=True)
                link.symlink_to(f"/usr/sbin/{family}-{VARIANTS[variant][1]}{part}")
        stub = self._tools / "systemctl"  # there is no systemd in this world
        stub.write_text(_SYSTEMCTL)
        stub.chmod(0o755)
        self.path.write_text(text)
        self.systemctl_log.unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self._tools}:{os.environ['PATH']}", "LC_ALL": "C"}

    def tool(self, *arguments: str) -> str:
        """iptables and the like, as the script finds them."""
        return self._world.client.run(list(arguments), env=self.environment).stdout

    def run(self, command: str, check: bool = True, program: str | None = None) -> subprocess.CompletedProcess:
        return self._world.client.run(["sh", program or str(self.path), command], check=check, env=self.environment)

    @property
    def is_enabled(self) -> bool:
        return self.run("status", check=False).returncode == 0
