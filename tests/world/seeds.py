# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a test's dice begin.

The usual run draws the same numbers each time: what it finds is then due to the change under test. KS_FULL=1 draws
others every time, and the test prints its seed; KS_SEED repeats that run.
"""

import os
import random


def run_seed(usual: int = 7) -> int:
    """KS_SEED, else by KS_FULL any, else `usual`."""
    given = os.environ.get("KS_SEED")
    if given:
        return int(given)
    return random.randrange(1 << 32) if os.environ.get("KS_FULL") else usual
