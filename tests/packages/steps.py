# SPDX-License-Identifier: GPL-2.0-or-later
"""What people and dpkg do with the packages on a machine of the tests, and what must hold meanwhile."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from boot.machine import Disk, Machine
from packages import build
from world import addresses as a

_FOLDER = "/root/packages"
PACKAGES = [f"{_FOLDER}/this/{name}.deb" for name in build.NAMES]
NEXT = [f"{_FOLDER}/next/{name}.deb" for name in build.NAMES]
TRAPPED_THIS = f"{_FOLDER}/trapped-this/{build.NAMES[0]}.deb"
TRAPPED_NEXT = f"{_FOLDER}/trapped-next/{build.NAMES[0]}.deb"
_SOURCES = {
    "this": build.ONE, "next": build.NEXT,
    "trapped-this": build.TRAPPED / "this", "trapped-next": build.TRAPPED / "next",
}
GUARD, SOCKET, EARLY = UNITS = ("nm-killswitch.service", "nm-killswitch.socket", "nm-killswitch-early.service")
BEFORE_SLEEP = "nm-killswitch-sleep.service"
MANAGER = "NetworkManager.service"


def put(disk: Disk) -> None:
    for folder, source in _SOURCES.items():
        for name in build.NAMES:
            path = disk.path(f"{_FOLDER}/{folder}/{name}.deb")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(build.deb(source, name).read_bytes())


def _debian(machine: Machine, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess:
    environment = [f"{key}={value}" for key, value in {"DEBIAN_FRONTEND": "noninteractive", **variables}.items()]
    return machine.run("env", *environment, *words, check=check, timeout=600)


def apt(machine: Machine, *words: str) -> str:
    """There is no archive in this world, and whatever the packages need is there."""
    options = ["--yes", "--no-install-recommends", "-o", "APT::Sandbox::User=root"]
    return _debian(machine, "apt-get", *options, *words).stdout


def dpkg(machine: Machine, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess:
    return _debian(machine, "dpkg", "--force-confdef", *words, check=check, **variables)


def state(machine: Machine, name: str = build.NAMES[0]) -> tuple[str, str]:
    """ "installed", "half-configured", ... and the version."""
    said = machine.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name, check=False).stdout
    words = said.split()
    return (words[0], words[1] if len(words) > 1 else "") if "no packages found" not in said else ("not-installed", "")


def _lives(machine: Machine) -> dict[str, str]:
    """When they began: not one of them may have begun again."""
    early = machine.show(EARLY, "ActiveEnterTimestampMonotonic")
    return {MANAGER: machine.show(MANAGER, "MainPID"), EARLY: early}


@contextmanager
def untouched(machine: Machine) -> Iterator[None]:
    """The lock stays closed to the last frame while others try to get out; NetworkManager and the early
    unit go on."""
    tried, lives = machine.canaries_tried(), _lives(machine)
    start = machine.capture.fence()
    yield
    require_closed(machine, start)
    assert _lives(machine) == lives
    assert machine.canaries_tried() > tried + 20, "the canary must have tried"


@dataclass
class Talk:
    asked: int = 0
    lost: int = 0


@contextmanager
def conversation(machine: Machine) -> Iterator[Talk]:
    """In the tunnel, slow enough that no queue overflows on a busy machine: what is lost was cut off."""
    talk = Talk()
    said = "/run/conversation"
    machine.run("sh", "-c", f"ping -n -q -i 0.05 {a.WEB[4]} >{said} 2>&1 & echo $! >{said}.pid")
    try:
        yield talk
    finally:
        machine.run("sh", "-c", f"kill -INT $(cat {said}.pid); while kill -0 $(cat {said}.pid) 2>/dev/null; do sleep 0.1; done")
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", machine.run("cat", said).stdout)
    talk.asked = int(counts.group(1))
    # the last question may still be on its way
    talk.lost = max(0, talk.asked - int(counts.group(2)) - 1)


def require_closed(machine: Machine, start: int = 0) -> None:
    machine.capture.fence()
    assert machine.has_table(), "the kernel holds no table"
    assert machine.capture.plain(start) == []


def require_open(machine: Machine) -> None:
    """The control: what was kept in gets out."""
    start = machine.capture.fence()
    assert not machine.has_table()
    machine.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary", start)


def require_whole(machine: Machine, version: str) -> None:
    assert state(machine) == ("installed", version)
    for unit in UNITS:
        assert machine.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "enabled", unit
        assert machine.show(unit, "ActiveState") == "active", unit
    assert machine.run("systemctl", "is-enabled", BEFORE_SLEEP, check=False).stdout.strip() == "enabled"
    assert machine.status()["verified"]
