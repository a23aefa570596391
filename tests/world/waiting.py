# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true, with an end to the patience."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_STEP = 0.02  # between two looks at a thing that sends no events
PATIENCE_WITH_PRODUCT = 3  # a busy machine shall fail no run; nothing is tried again
_patience = 1.0  # how much longer each wait lasts than its caller says


def be_patient(times: float) -> None:
    """For a machine that is slow: every wait may take this many times as long. None becomes shorter."""
    global _patience
    _patience = max(1.0, times)


def patient(timeout: float) -> float:
    return timeout * _patience


class WaitedTooLong(AssertionError):
    pass


class ProductTooSlow(AssertionError):
    """What the product itself promises did not come: no second try excuses that (tests/lib/count.py)."""


def wait_until(look: Callable[[], T], what: str, timeout: float = 30.0) -> T:
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


def wait_product(look: Callable[[], T], what: str, timeout: float = 10.0) -> T:
    """wait_until() for what the product promises, with PATIENCE_WITH_PRODUCT times the patience."""
    try:
        return wait_until(look, what, PATIENCE_WITH_PRODUCT * timeout)
    except WaitedTooLong as error:
        raise ProductTooSlow(str(error)) from None


@contextmanager
def product_ends(what: str) -> Iterator[None]:
    """Inside, a program of the product's has to end in the time that subprocess is told."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise ProductTooSlow(f"waited {error.timeout:g} s in vain for: {what}; it said {error.output!r}") from None


def wait_end(program: subprocess.Popen, what: str, timeout: float = 10.0) -> int:
    """Its exit status, once it has ended: a program of the product's, with PATIENCE_WITH_PRODUCT times the patience."""
    with product_ends(what):
        return program.wait(PATIENCE_WITH_PRODUCT * timeout)


def wait_listens(path: Path, what: str, timeout: float = 30.0) -> None:
    """Until somebody listens at this socket: its file is there a moment before."""

    def listens() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(path)) == 0

    wait_until(listens, what, timeout)
