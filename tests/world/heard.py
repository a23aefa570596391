# SPDX-License-Identifier: GPL-2.0-or-later
"""What NetworkManager's dispatcher has told, once our hook has heard it: by a script that runs behind it."""

from pathlib import Path

from .waiting import wait_until

_HEARD = Path("/run/world/heard")
_LAST_HOOK = Path("/etc/NetworkManager/dispatcher.d/99-heard")


def listen() -> None:
    """From now on; what was heard before is forgotten."""
    _HEARD.write_text("")
    _LAST_HOOK.write_text(f'#!/bin/sh\necho "$1 $2" >> {_HEARD}\n')
    _LAST_HOOK.chmod(0o755)


def wait_heard(interface: str, action: str) -> None:
    wait_until(lambda: f"{interface} {action}\n" in _HEARD.read_text(), f"the hook to have told the guard: {interface} {action}")
