# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true, with an end to the patience."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_STEP = 0.02  # between two looks at a thing that sends no events


class WaitedTooLong(AssertionError):
    pass


def wait_until(look: Callable[[], T], what: str, timeout: float = 10.0) -> T:
    """Returns the first true value of look(); raises with `what` in words if none comes."""
    end = time.monotonic() + timeout
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            raise WaitedTooLong(f"waited {timeout:g} s in vain for: {what}")
        time.sleep(_STEP)
