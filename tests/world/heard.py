# SPDX-License-Identifier: GPL-2.0-or-later
"""What NetworkManager's dispatcher has told, once our hook has heard it: by a script that runs behind it, and one that
runs before it and can hold it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .waiting import wait_until

_HEARD = Path("/run/world/heard")
_LAST_HOOK = Path("/etc/NetworkManager/dispatcher.d/99-heard")
_HELD = Path("/run/world/held")
_FIRST_HOOK = Path("/etc/NetworkManager/dispatcher.d/00-held")


def listen() -> None:
    """From now on; what was heard before is forgotten."""
    _HEARD.write_text("")
    _LAST_HOOK.write_text(f'#!/bin/sh\necho "$1 $2" >> {_HEARD}\n')
    _LAST_HOOK.chmod(0o755)


def wait_heard(interface: str, action: str) -> None:
    wait_until(lambda: f"{interface} {action}\n" in _HEARD.read_text(), f"the hook to have told the guard: {interface} {action}")


@contextmanager
def held_before(interface: str, action: str) -> Iterator[None]:
    """Inside, our hook does not hear this before let_go()."""
    _HELD.touch()
    _FIRST_HOOK.write_text(f'#!/bin/sh\n[ "$1 $2" != "{interface} {action}" ] || while [ -e {_HELD} ]; do sleep 0.02; done\n')
    _FIRST_HOOK.chmod(0o755)
    try:
        yield
    finally:
        let_go()
        _FIRST_HOOK.unlink()


def let_go() -> None:
    _HELD.unlink(missing_ok=True)
