# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs save of the kernel's rules while it is locked holds nothing of the lock, and loads
again; `nft list ruleset` is the control. boot/test_firewalls does the same with firewalld and ufw."""

import ctypes
import os
import select
import signal
import struct
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from .waiting import wait_until

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


class _Silent(threading.Thread):
    """The program of a file system that takes what is asked, and answers nothing but the kernel's greeting. A process that
    asked waits then, and not even SIGKILL ends the wait."""

    _GREETING = 26  # FUSE_INIT, linux/fuse.h

    def __init__(self, device: int) -> None:
        super().__init__(daemon=True)
        self.asked: list[int] = []  # the requests' opcodes
        self._device = device
        self._ended, self._end = os.pipe()

    def run(self) -> None:
        waiting = select.poll()
        waiting.register(self._device, select.POLLIN)
        waiting.register(self._ended, select.POLLIN)
        while self._ended not in dict(waiting.poll()):
            request = os.read(self._device, 1 << 20)
            _, opcode, unique = struct.unpack_from("=IIQ", request)
            if opcode == self._GREETING:
                hello = struct.pack("=IIIIHHII36x", 7, 31, 4096, 0, 12, 9, 4096, 1)
                os.write(self._device, struct.pack("=IiQ", 16 + len(hello), 0, unique) + hello)
            else:
                self.asked.append(opcode)

    def end(self) -> None:
        os.write(self._end, b"x")
        self.join()
        os.close(self._end)
        os.close(self._ended)


@contextmanager
def _hung(folder):
    """A file system whose program never answers. Its end lets go what hangs. Where no program may have one, nothing
    hangs, and the rest is tried all the same."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        yield None
        return
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.mount(b"hung", str(folder).encode(), b"fuse", 0, options.encode())
    program = _Silent(device)
    program.start()
    try:
        assert failed == 0, os.strerror(ctypes.get_errno())
        yield program
    finally:
        program.end()
        os.close(device)
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _says(locked):
    return [text for text in locked.product.status()["warnings"] if "holds a copy of the lock" in text]


def test_rules_on_a_file_system_that_hangs(locked):
    """What a person's own rules include may lie anywhere. A guard that looked there would keep the lock's tables beyond
    its death, and nobody could unlock."""
    product = locked.product
    (_FOLDER / "here").mkdir(parents=True)
    (_FOLDER / "there").mkdir()
    with _loaded(f'include "{_FOLDER}/*/x.nft"\n'):
        assert not _says(locked)
        with _hung(_FOLDER / "there") as program:
            (_FOLDER / "link").symlink_to("there")  # which the wildcard takes, too
            for number in range(4):
                product.ctl("lan", ("on", "off")[number % 2])
                assert product.status()["lan"] == (number % 2 == 0) and product.status()["verified"]
            product.stop_guard(signal.SIGKILL)
            product.start_guard()
            assert product.status()["verified"], "the next guard has the lock's tables"
            product.ctl("unlock")
            assert not product.status()["locked"]
            product.ctl("lock")
            product.stop_guard(signal.SIGKILL)
            product.ctl("unlock")  # by root, without a guard
            product.start_guard()
            assert not product.status()["locked"]
            product.ctl("lock")
            assert product.status()["verified"]
            (_FOLDER / "here/x.nft").write_text(_COPY)
            assert str(_FOLDER / "here/x.nft") in _says(locked)[0], "what lies where the guard's own files lie"
            assert not program or not program.asked, f"the guard asked the file system that hangs: {program.asked}"
            if program:  # the control: it takes what is asked
                asks = subprocess.Popen(["ls", str(_FOLDER / "there")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                wait_until(lambda: program.asked, "the file system to be asked")
        if program:
            asks.wait()
    assert not _says(locked), "it is no longer included"
