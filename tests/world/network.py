# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces, programs and sockets inside them."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from . import kernel, second_try
from .waiting import wait_until

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000

T = TypeVar("T")
_LOGS = Path("/run/world/log")
_ETH_P_ALL = 3


def _is_nsenter(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "nsenter"
    except OSError:
        return False  # it has ended


class Namespace:
    """A named network namespace of the sandbox. Its programs are ended with it."""

    def __init__(self, name: str):
        self.name = name
        self.path = f"/run/netns/{name}"
        self._programs: list[subprocess.Popen] = []
        subprocess.run(["ip", "netns", "add", name], check=True)
        self._inode = os.stat(self.path).st_ino
        self.run(["ip", "link", "set", "lo", "up"])

    # -- programs

    def _enter(self, arguments: list[str]) -> list[str]:
        # nsenter executes the program in its own place: the pid is the program's
        return ["nsenter", f"--net={self.path}", "--", *arguments]

    def popen(self, arguments: list[str], **options: Any) -> subprocess.Popen:
        program = subprocess.Popen(self._enter(arguments), **options)
        self._programs.append(program)
        return program

    def run(self, arguments: list[str], **options: Any) -> subprocess.CompletedProcess:
        """Like subprocess.run with text output; raises with the program's own words on failure."""
        check = options.pop("check", True)
        options = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 60} | options
        result = subprocess.run(self._enter(arguments), **options)
        if check and result.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)} failed ({result.returncode}): {result.stdout}")
        return result

    def daemon(self, name: str, arguments: list[str], **options: Any) -> subprocess.Popen:
        """A program that stays; what it says goes to /run/world/log/NAME.log."""
        _LOGS.mkdir(parents=True, exist_ok=True)
        with open(log_of(name), "ab") as log:
            program = self.popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        # who ends it by its name at once has to find it
        wait_until(lambda: program.poll() is not None or not _is_nsenter(program.pid), f"{name} to begin")
        return program

    def processes(self, name: str) -> list[int]:
        """The pids of programs called `name` that live in this namespace, no matter who started them."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                same = (folder / "comm").read_text().strip() == name[:15]
                if same and os.stat(folder / "ns/net").st_ino == self._inode:
                    found.append(int(folder.name))
            except OSError:
                continue  # it ended while we looked
        return found

    def kill(self, name: str, number: int = signal.SIGKILL) -> list[int]:
        """Sends a signal to every program called `name` in here; there must be one."""
        pids = self._signal(name, number)
        if not pids:
            raise AssertionError(f"no {name} runs in {self.name}")
        return pids

    def end(self, *names: str) -> None:
        """Kills every program called so that is still there: some end by themselves with the first of them."""
        for name in names:
            self._signal(name, signal.SIGKILL)

    def _signal(self, name: str, number: int) -> list[int]:
        pids = self.processes(name)
        for pid in pids:
            with suppress(ProcessLookupError):  # dhcpcd's helpers end with the first of them
                os.kill(pid, number)
        if number == signal.SIGKILL:
            wait_until(lambda: not set(pids) & set(self.processes(name)), f"{name} to be gone")
        return pids

    # -- sockets

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs the function in a thread of this namespace (sockets it makes stay in here)."""
        result: list[T] = []
        errors: list[BaseException] = []

        def enter_and_run() -> None:
            try:
                with open(self.path) as handle:
                    kernel.setns(handle.fileno(), kernel.CLONE_NEWNET)
                result.append(function(*arguments))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=enter_and_run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return result[0]

    def socket(self, *arguments: int) -> socket.socket:
        second_try.refuse()  # it may be the one outside that hears what leaks
        return self.call(socket.socket, *arguments)

    @contextmanager
    def tun(self, name: str) -> Iterator[int]:
        """A tun with a program behind it, so that it has a carrier; the link goes with the program. Its end of the link."""

        def attach() -> int:
            handle = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
            return handle

        second_try.refuse()  # what comes out of it was sent here
        handle = self.call(attach)
        try:
            yield handle
        finally:
            os.close(handle)

    # -- links

    def ip(self, *commands: str) -> None:
        """Several `ip` commands in one go."""
        self.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n")

    def sysctl(self, **values: int) -> None:
        """net.* values, `__` for dots: sysctl(ipv4__ip_forward=1)."""

        def write() -> None:
            for key, value in values.items():
                Path("/proc/sys/net", *key.split("__")).write_text(str(value))

        self.call(write)

    def has_link(self, name: str) -> bool:
        return self.run(["ip", "link", "show", "dev", name], check=False).returncode == 0

    def link_is_up(self, name: str) -> bool:
        shown = self.run(["ip", "-o", "link", "show", "dev", name], check=False)
        return shown.returncode == 0 and ",UP" in shown.stdout

    def addresses(self, name: str) -> list[str]:
        """The global addresses of a link, without prefix length."""
        shown = self.run(["ip", "-o", "addr", "show", "scope", "global", "dev", name], check=False)
        if shown.returncode != 0:
            return []
        return [line.split()[3].split("/")[0] for line in shown.stdout.splitlines()]

    # -- the end

    def close(self) -> None:
        for program in reversed(self._programs):
            if program.poll() is None:
                program.terminate()
        for program in self._programs:
            try:
                program.wait(3)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        # what they started in turn: plugins, openvpn, the dispatcher
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) not in (1, os.getpid()):
                try:
                    if os.stat(folder / "ns/net").st_ino == self._inode:
                        os.kill(int(folder.name), signal.SIGKILL)
                except OSError:
                    continue
        subprocess.run(["ip", "netns", "del", self.name], check=True)


def log_of(name: str) -> Path:
    return _LOGS / f"{name}.log"


def wait_for_more(name: str, words: bytes, what: str, timeout: float, begin: Callable[[], object] = lambda: None) -> None:
    """Until the program of this name has said these words once more than it has, once this is begun."""
    said = log_of(name).read_bytes().count(words)
    begin()
    wait_until(lambda: log_of(name).read_bytes().count(words) > said, what, timeout)


def links_in_set(namespace: Namespace, name: str) -> set[str]:
    """What a set of the first layer holds: each index ^ 2000000000."""
    listed = namespace.run(["nft", "list", "set", "inet", "nm_killswitch", name]).stdout
    elements = listed.partition("elements = {")[2].partition("}")[0]
    links = {link["ifindex"]: link["ifname"] for link in json.loads(namespace.run(["ip", "-j", "link"]).stdout)}
    return {links[int(number) ^ 2000000000] for number in elements.replace(",", " ").split()}


def packet_socket(link: str, kind: int = socket.SOCK_RAW) -> socket.socket:
    """Hears all frames of one link of the caller's namespace, and of no other: one that is made with a protocol
    hears every link until it is bound."""
    second_try.refuse()
    opened = socket.socket(socket.AF_PACKET, kind, 0)
    opened.bind((link, _ETH_P_ALL))
    return opened


def wire(one: Namespace, one_end: str, other: Namespace, other_end: str) -> None:
    """A veth pair between two namespaces."""
    one.ip(f"link add {one_end} type veth peer name {other_end} netns {other.name}")
