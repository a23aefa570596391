# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true, with an end to the patience."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_STEP = 0.02  # between two looks at a thing that sends no events
_patience = 1.0  # how much longer each wait lasts than its caller says


def be_patient(times: float) -> None:
    """For a machine that is slow: every wait may take this many times as long. None becomes shorter."""
    global _patience
    _patience = max(1.0, times)


def patient(timeout: float) -> float:
    return timeout * _patience


class WaitedTooLong(AssertionError):
    pass


def wait_until(look: Callable[[], T], what: str, timeout: float = 10.0) -> T:
    """Returns the first true value of look(); raises with `what` in words if none comes."""
    timeout = patient(timeout)
    end = time.monotonic() + timeout
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            raise WaitedTooLong(f"waited {timeout:g} s in vain for: {what}")
        time.sleep(_STEP)


def wait_listens(path: Path, what: str, timeout: float = 10.0) -> None:
    """Until somebody listens at this socket: its file is there a moment before."""

    def listens() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(path)) == 0

    wait_until(listens, what, timeout)
