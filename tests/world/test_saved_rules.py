# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs save of the kernel's rules while it is locked holds nothing of the lock, and loads
again; `nft list ruleset` is the control. boot/test_firewalls does the same with firewalld and ufw."""

import ctypes
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from .waiting import wait_product

_LOADED = Path("/etc/nftables.conf")
_FOLDER = Path("/run/world/own-rules")
_COPY = "table inet nm_killswitch {\n}\n"

TOOLS = ("iptables-nft", "ip6tables-nft", "ebtables-nft", "arptables-nft")
_CHAIN = {"ebtables-nft": "OUTPUT -d 02:00:00:00:00:99", "arptables-nft": "OUTPUT --opcode 2"}


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.manager.up("full")
    world.product.ctl("lock")
    world.product.wait_state("protected")
    yield world
    world.product.ctl("unlock")


@pytest.mark.parametrize("tool", TOOLS)
def test_xtables_save(locked, tool):
    client, before = locked.client, locked.product.tables()
    client.run([tool, "-A", *_CHAIN.get(tool, "OUTPUT -p udp --dport 4711").split(), "-j", "ACCEPT"])
    saved = client.run([f"{tool}-save"])
    assert "OUTPUT" in saved.stdout and "ACCEPT" in saved.stdout, "it saves what is its own"
    assert "nm_killswitch" not in saved.stdout and "incompatible" not in saved.stdout
    assert "nm_killswitch" in client.run(["nft", "list", "ruleset"]).stdout, "the control"
    client.run([f"{tool}-restore"], input=saved.stdout)
    assert client.run([f"{tool}-save"]).stdout.count("ACCEPT") == saved.stdout.count("ACCEPT")
    client.run([tool, "-F", "OUTPUT"])
    status = locked.product.status()
    assert status["state"] == "protected" and status["verified"] and locked.product.tables() == before


@contextmanager
def _loaded(text):
    """What nftables.service would load."""
    file = Path("/run/world/loaded.conf")
    file.write_text(text)
    subprocess.run(["mount", "--bind", str(file), str(_LOADED)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(_LOADED)], check=True)


@contextmanager
def _hung(folder):
    """A file system whose program never answers, as of a server that is out of reach. Its end lets go what hangs.
    Where no program may have one, nothing hangs, and the rest is tried all the same."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        yield
        return
    program = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={program},rootmode=40000,user_id=0,group_id=0"
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.mount(b"hung", str(folder).encode(), b"fuse", 0, options.encode())
    try:
        assert failed == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        os.close(program)
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _says(locked):
    return [text for text in locked.product.status()["warnings"] if "holds a copy of the lock" in text]


def test_rules_on_a_file_system_that_hangs(locked):
    """What a person's own rules include may lie anywhere. The guard goes on; what it does not know, it does not tell."""
    product = locked.product
    (_FOLDER / "here").mkdir(parents=True)
    (_FOLDER / "there").mkdir()
    with _loaded(f'include "{_FOLDER}/*/x.nft"\n'):
        assert not _says(locked)
        with _hung(_FOLDER / "there"):
            begun = time.monotonic()
            for number in range(5):
                product.ctl("lan", ("on", "off")[number % 2])
                assert product.status()["lan"] == (number % 2 == 0) and product.status()["verified"]
            took = time.monotonic() - begun
        assert took < 60, f"ten looks and five changes took {took:.1f} s: each waited for the file system"
        (_FOLDER / "here/x.nft").write_text(_COPY)
        wait_product(lambda: _says(locked), "the copy to be told of, now that nothing hangs")
        assert str(_FOLDER / "here/x.nft") in _says(locked)[0]
    wait_product(lambda: not _says(locked), "it to be forgotten")
    product.ctl("lan", "off")
