# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the sandbox: `sudo pytest-3 tests/world` starts itself again in there, and with
`-p xdist -n 2 --dist loadfile` as many of itself, each in a sandbox of its own."""

import contextlib
import fcntl
import os
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import sandbox, second_try  # noqa: E402
from world.network import log_of  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    if sandbox.is_inside():
        if not config.pluginmanager.is_registered(second_try):  # two suites in one call
            config.pluginmanager.register(second_try)
        if config.getoption("basetemp", None):  # below a /tmp that the sandbox covers
            Path(config.option.basetemp).parent.mkdir(parents=True, exist_ok=True)
        return
    if os.geteuid() != 0:
        raise pytest.UsageError("the world needs root: sudo pytest-3 tests/world")
    if config.getoption("tx", None):  # xdist: its workers enter, and this one only counts
        inside = shlex.join(sandbox.command(["/usr/bin/python3"]))
        config.option.tx = [f"popen//python={inside}" for _ in config.option.tx]
        return
    # the report of this run may be wanted in a folder that the sandbox would cover
    report = config.getoption("xmlpath", None)
    if report:
        folder = Path(report).resolve().parent
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[sandbox.KEEP] = str(folder)
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
    sys.stdout.flush()
    sandbox.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])


# Not in the default run: a count that depends on how fast the machine starts a guard, and what takes minutes.
ONLY_IN_FULL = (
    "test_the_window_between_two_guards",
    "test_memory.py",
    "test_exceptions_page.py",
    "test_a_day_of_drops",
    "test_allow_on.py::test_networkmanager_is_killed",
)


def leave_out(config: pytest.Config, items: list[pytest.Item], names: tuple[str, ...]) -> None:
    if os.environ.get("KS_FULL"):
        return
    left_out = [item for item in items if any(name in item.nodeid for name in names)]
    items[:] = [item for item in items if item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, ONLY_IN_FULL)


# What another world beside them would disturb: they count losses, or how much is served in how little time.
ALONE = (
    "test_bus_abuse.py",
    "test_chaos.py",
    "test_export_reload.py",
    "test_hostile_user.py",
    "test_refused.py",
    "test_swaps.py",
)


@contextlib.contextmanager
def beside_others(item: pytest.Item, alone: tuple[str, ...]):
    """Among xdist's workers, which see these two files from all their sandboxes."""
    if not hasattr(item.config, "workerinput"):
        yield
        return
    with open(__file__, "rb") as door, open(sandbox.__file__, "rb") as room:
        fcntl.flock(door, fcntl.LOCK_EX)  # who waits to be alone keeps the others from going on
        fcntl.flock(room, fcntl.LOCK_EX if item.path.name in alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    with beside_others(item, ALONE):
        yield


@pytest.fixture(scope="module")
def world():
    from world.world import World

    with World() as started:
        yield started


@pytest.fixture(scope="module")
def guarded(world):
    """With the guard, unlocked."""
    world.product.install()
    world.product.start_guard()
    return world


@pytest.fixture(scope="module")
def people(guarded):
    from world.people import People

    found = People(guarded.client)
    try:
        yield found
    finally:
        found.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure in the world is read in the logs of the world, which go with it."""
    report = (yield).get_result()
    if report.failed:
        for name in ("nm-killswitchd", "NetworkManager"):
            if log_of(name).exists():
                tail = log_of(name).read_text(errors="replace").splitlines()[-40:]
                report.sections.append((f"the end of {name}'s log", "\n".join(tail)))
