# SPDX-License-Identifier: GPL-2.0-or-later
"""Which test gets no second try (tests/lib/count.py): one that looked at what left the client, or may have, because
it had a socket or a tun in a namespace. As a plugin of pytest's it marks each in the report. It does not import
pytest: the demonstration, which has none, looks at what left as well."""

FINAL = ("final", "yes")  # the property in the report
_test = None


def refuse() -> None:
    """What left is looked at."""
    if _test is not None and FINAL not in _test.user_properties:
        _test.user_properties.append(FINAL)


def pytest_runtest_setup(item) -> None:
    global _test
    _test = item
