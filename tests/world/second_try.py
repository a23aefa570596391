# SPDX-License-Identifier: GPL-2.0-or-later
"""Which test gets no second try (tests/lib/count.py): one that looked at what left the client, or may have, because
it had a socket or a tun in a namespace. As a plugin of pytest's it says so in the report of each that failed."""

import pytest

FINAL = "final"  # the property in the report
_looked = False


def refuse() -> None:
    """What left is looked at."""
    global _looked
    _looked = True


def pytest_runtest_setup() -> None:
    global _looked
    _looked = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    if call.excinfo and _looked and (FINAL, "yes") not in item.user_properties:
        item.user_properties.append((FINAL, "yes"))
