# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk is made before the sandbox is entered: in there is no archive to make it from."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import world.conftest  # noqa: E402
from boot.outside import Outside  # noqa: E402
from boot.report import Report  # noqa: E402
from vm import image, releases  # noqa: E402
from vm.machine import Machine  # noqa: E402
from world import router, sandbox  # noqa: E402
from world.network import log_of  # noqa: E402

# Not in the default run, for their time alone.
ONLY_IN_FULL = (
    "test_beside.py",
    "test_by_ppp.py",
    "test_cards.py",
    "test_clat.py",
    "test_clock.py",
    "test_hotspot.py",
    "test_pppoe.py",
    "test_sleep.py",
    "test_sockets.py",
    "test_uplinks.py",
    "test_wrapped.py",
    "test_away_blocks_and_it_comes_back[connection down]",
    "test_another_link_takes_its_name",
    "test_a_server_that_moves",
    "test_a_server_that_does_not_answer[later on]",
    "test_strongswan_by_networkmanager[ESP in UDP]",
    "test_policies_by_hand[tunnel]",
    "test_an_interface_by_hand",
    "test_l2tp_only_inside_ipsec",
    "test_a_tunnel_that_goes[by the program",
    "test_back_under_another_name",
    "TCP by the kernel",
    "test_with_the_uplink",
    "test_routed_dns",
    "test_always_on",
)
# Of another release than this machine's, what the default run has time for: what only it has.
SHORT_FORM = (
    "test_the_control_unlocked",
    "test_up_locks_and_everybody_gets_through",
    "test_owned.py",
    "test_a_tunnel_that_goes[by the kernel-program killed]",
    "test_a_tunnel_that_goes[by the kernel-link deleted]",
)
_DISK = "KS_VM_DISK"  # the folder with disk, kernel and initrd


def pytest_configure(config: pytest.Config) -> None:
    if not sandbox.is_inside() and os.geteuid() == 0:
        made = subprocess.run([sys.executable, image.__file__], check=True, stdout=subprocess.PIPE, text=True)
        os.environ[_DISK] = made.stdout.strip()
    world.conftest.pytest_configure(config)


def _is_for(item: pytest.Item, release: releases.Release) -> bool:
    """Not about what this release has not; and of another than this machine's, there is time for some."""
    if item.path.name == ("test_tamper.py" if release.tables_are_owned else "test_owned.py"):
        return False
    if item.path.name == "test_by_ppp.py" and not release.by_ppp:
        return False
    if "by the kernel" in item.name and not release.openvpn_in_kernel:
        return False
    if "routed_dns" in item.name and not release.routed_dns:
        return False
    if item.path.name == "test_clat.py" and not release.clat:
        return False
    if "[HSR" in item.name and not release.hsr:
        return False
    all_of_it = release == releases.own() or os.environ.get("KS_FULL")
    return bool(all_of_it) or any(name in item.nodeid for name in SHORT_FORM)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _is_for(item, releases.chosen())]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    world.conftest.leave_out(config, items, ONLY_IN_FULL)


@pytest.fixture(scope="session")
def outside():
    sandbox.require_sandbox()
    started = Outside()
    try:
        started.start()
        # what a new lease wakes takes three seconds of this machine
        router.say_options(renew_after="50")
        started.namespace.kill("dnsmasq", signal.SIGHUP)
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def report():
    release = releases.chosen()
    name = "vm.md" if release == releases.own() else f"vm-{release.name}.md"
    written = Report(sandbox.reports_dir() / name, f"The virtual machine, {release.name}")
    yield written
    written.write()


@pytest.fixture(scope="session")
def release():
    return releases.chosen()


@pytest.fixture(scope="session")
def machine(outside):
    """One machine for all tests: booted, connected to the network, the product installed, unlocked."""
    from vm import setting

    with Machine(outside, Path(os.environ[_DISK])) as booted:
        setting.prepare(booted)
        yield booted


@pytest.fixture
def unlocked(machine):
    from vm import setting

    setting.open_up(machine)
    yield machine
    setting.open_up(machine)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure is read in the machine's journal and on its console, which go with it."""
    report = (yield).get_result()
    if not report.failed:
        return
    if log_of("console").exists():
        report.sections.append(("the end of the console", Machine.console()[-2000:]))
    machine = getattr(item, "funcargs", {}).get("machine")
    if machine is not None and machine.is_plugged_in:
        report.sections.append(("the end of the journal", machine.run("journalctl", "-b", "-n", "60").stdout))
