# SPDX-License-Identifier: GPL-2.0-or-later
"""An ordinary user of the machine, with a real session at its seat or without any."""

import subprocess

from . import image
from .machine import Machine

_NAME = "io.github.nmkillswitch"
_OBJECT = ("/io/github/nmkillswitch", f"{_NAME}.Guard1")


_AT_THE_SEAT = ["--property", f"User={image.PERSON}", "--property", "PAMName=login", "--setenv=XDG_SEAT=seat0"]
_AT_THE_SEAT += ["--setenv=XDG_SESSION_CLASS=user"]  # without a terminal it would be a background one


def log_in(machine: Machine) -> None:
    """For as long as the machine is on."""
    machine.run("systemd-run", "--quiet", "--unit=logged-in", *_AT_THE_SEAT, "--", "sleep", "infinity")


def as_person(machine: Machine, *command: str, session: bool) -> subprocess.CompletedProcess:
    """With a session: systemd-logind made it, at seat0, so it is local and active."""
    person = _AT_THE_SEAT if session else _AT_THE_SEAT[:2]
    return machine.run("systemd-run", "--quiet", "--wait", "--pipe", *person, "--", *command, check=False)


def call(machine: Machine, method: str, *, session: bool) -> subprocess.CompletedProcess:
    return as_person(machine, "busctl", "--timeout=10", "call", _NAME, *_OBJECT, method, session=session)
