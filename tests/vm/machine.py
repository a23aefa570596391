# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine on the world's wire: qemu without hardware's help, Debian's kernel and initrd.

Its card `uplink0` ends in a tap on the router's bridge, where the capture listens from before
power-on. A second card, `server0`, is the machine's own VPN server: the only kernel here that
speaks WireGuard and ESP is the machine's, so its other end lives in a namespace of it. What the
client sends to it leaves the machine, passes the capture and the router, and comes back in."""

import base64
import itertools
import json
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from boot.outside import Outside
from world import addresses as a
from world.capture import Capture
from world.network import log_of
from world.sandbox import build_dir
from world.waiting import be_patient, patient, wait_product, wait_until

WIRE = "wire0"  # the router's end of the machine's wire
SERVER_WIRE = "wire1"  # the router's end of the VPN server's
_AGENT = Path("/run/world/agent")
_QMP = Path("/run/world/qmp")
_PRODUCT = Path("/run/world/product")
BOOT_TIMEOUT = 900  # seconds: half a minute of software emulation took 270 where ten others wanted the processors
IDLE_BOOT = 40  # what longer takes says how much slower everything else is
PATIENCE_MAX = 5


def _card(wire: str) -> dict[str, str]:
    number = {WIRE: 2, SERVER_WIRE: 3}[wire]
    mac = f"02:00:00:00:00:0{number}"
    return {"driver": "virtio-net-pci", "id": wire, "netdev": wire, "mac": mac, "romfile": ""}


@dataclass
class Said:
    returncode: int
    stdout: str


class Machine:
    """`with Machine(outside, folder) as machine:` is booted; leaving is pulling the plug. What it
    writes outlasts its reboots, not the `with`."""

    def __init__(self, outside: Outside, folder: Path):
        self._outside = outside
        self._folder = folder
        self._qemu: subprocess.Popen | None = None
        self._agent: socket.socket | None = None
        self._control: TextIO | None = None
        self._heard = b""
        self._one = threading.Lock()
        self._numbers = itertools.count(1)
        self.capture: Capture | None = None

    def __enter__(self) -> "Machine":
        try:
            self._plug_in()
            started = time.monotonic()
            self._power_on()
            self.wait_booted()
            be_patient(min((time.monotonic() - started) / IDLE_BOOT, PATIENCE_MAX))
        except BaseException:
            self.unplug()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def _plug_in(self) -> None:
        namespace = self._outside.namespace
        for wire in (WIRE, SERVER_WIRE):
            namespace.ip(f"tuntap add {wire} mode tap")
        namespace.sysctl(**{f"ipv6__conf__{WIRE}__disable_ipv6": 1})
        namespace.ip(
            f"link set {WIRE} master {a.ROUTER_END} up",
            f"link set {SERVER_WIRE} up",
            f"addr add {a.KERNEL_SERVER_ROUTER}/28 dev {SERVER_WIRE}",
            f"route add {a.KERNEL_TUNNEL_NET} via {a.KERNEL_SERVER} dev {SERVER_WIRE}",
            f"route add {a.KERNEL_IPSEC_NET} via {a.KERNEL_SERVER} dev {SERVER_WIRE}",
        )
        self.capture = Capture(namespace, self, WIRE)

    def _power_on(self) -> None:
        for path in (_AGENT, _QMP):
            path.unlink(missing_ok=True)
        # five levels of page tables are two too many without hardware's help
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", "2", "-m", "768"]
        command += ["-nodefaults", "-no-user-config", "-display", "none", "-rtc", "base=utc"]
        command += ["-kernel", str(self._folder / "vmlinuz"), "-initrd", str(self._folder / "initrd")]
        # on a busy machine the emulated timer ticks too late for the kernel, which would give up
        command += ["-append", "root=/dev/vda rw console=ttyS0 quiet mitigations=off audit=0 systemd.show_status=0 no_timer_check"]
        command += ["-drive", f"file={self._folder}/disk,format=raw,if=virtio,snapshot=on,cache=unsafe"]
        for wire in (WIRE, SERVER_WIRE):
            command += ["-netdev", f"tap,id={wire},ifname={wire},script=no,downscript=no"]
            command += ["-device", json.dumps(_card(wire))]
        command += ["-chardev", f"socket,id=agent,path={_AGENT},server=on,wait=off", "-device", "virtio-serial"]
        command += ["-device", "virtserialport,chardev=agent,name=agent"]
        command += ["-serial", f"file:{log_of('console')}", "-qmp", f"unix:{_QMP},server=on,wait=off"]
        self._qemu = self._outside.namespace.daemon("qemu", command)
        wait_until(lambda: self._alive() and _AGENT.exists() and _QMP.exists(), "qemu to start")
        self._agent = socket.socket(socket.AF_UNIX)
        self._agent.connect(str(_AGENT))
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(_QMP))
            control.settimeout(60)
            self._control = control.makefile("rw")
        self._control.readline()  # the greeting
        self._ask_qemu("qmp_capabilities")
        self._wait_hello()

    def _ask_qemu(self, command: str, **arguments: object) -> None:
        self._control.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._control.flush()
        while "return" not in (answer := json.loads(self._control.readline())):
            if "error" in answer:
                raise RuntimeError(f"qemu does not {command}: {answer}")

    def _alive(self) -> bool:
        if self._qemu.poll() is not None:
            raise RuntimeError(f"qemu ended ({self._qemu.returncode}): {log_of('qemu').read_text()}")
        return True

    @property
    def is_plugged_in(self) -> bool:
        return self._agent is not None

    # -- the agent

    def _line(self, timeout: float) -> dict:
        end = time.monotonic() + timeout
        while b"\n" not in self._heard:
            self._agent.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self._agent.recv(65536)
            except TimeoutError:
                self._alive()
                raise AssertionError(f"the machine said nothing for {timeout:g} s: {self.console()[-2000:]}") from None
            if not data:
                raise AssertionError("qemu hung up")
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def _wait_hello(self) -> None:
        while "hello" not in self._line(BOOT_TIMEOUT):
            pass

    def run(
        self, *arguments: str, check: bool = True, uid: int = 0, timeout: float = 60, given: bytes = b""
    ) -> Said:
        """A program in the machine, as this user; what it says is one text. (Also takes one list,
        as a namespace does: the capture asks the machine like one.)"""
        words = arguments[0] if isinstance(arguments[0], list) else list(arguments)
        return self._call(words, check, uid, timeout, given)

    def python(self, program: str, *arguments: str, check: bool = True, uid: int = 0, given: str = "") -> Said:
        """A few lines of Python; they find everything imported that they need already."""
        return self._call(list(arguments), check, uid, 60, given.encode(), python=program)

    def _send(self, data: bytes) -> None:
        """However long it takes, while the machine takes in anything."""
        self._agent.settimeout(BOOT_TIMEOUT)
        waiting = memoryview(data)
        while waiting:
            waiting = waiting[self._agent.send(waiting) :]

    def _call(self, words: list[str], check: bool, uid: int, timeout: float, given: bytes, **more: str) -> Said:
        number = next(self._numbers)
        timeout = patient(timeout)
        call = {"run": words, "uid": uid, "timeout": timeout, "input": base64.b64encode(given).decode()} | more
        with self._one:
            self._send(json.dumps(call | {"number": number}).encode() + b"\n")
            while (answer := self._line(timeout + 60)).get("number") != number:
                pass  # it belongs to a call that was given up
        if check and answer["status"] != 0:
            raise RuntimeError(f"{' '.join(words)} failed ({answer['status']}): {answer['said']}")
        return Said(answer["status"], answer["said"])

    def sh(self, script: str, **options) -> str:
        return self.run("sh", "-euc", script, **options).stdout

    def write(self, name: str, text: str | bytes, mode: str = "644") -> None:
        data = text if isinstance(text, bytes) else text.encode()
        self.run("sh", "-euc", f'mkdir -p "$(dirname {name})"; rm -f {name}; cat >{name}; chmod {mode} {name}', given=data)

    def addresses(self, link: str) -> list[str]:
        lines = self.run("ip", "-o", "addr", "show", "scope", "global", "dev", link, check=False).stdout.splitlines()
        return [line.split()[3].split("/")[0] for line in lines if "inet" in line]

    def uplink_address(self) -> str:
        return next(address for address in self.addresses(a.UPLINK) if address.startswith(a.FENCE_NET))

    # -- on and off

    def wait_booted(self) -> None:
        def booted() -> bool:
            said = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            return said in ("running", "degraded")

        wait_until(booted, "the machine to be booted", BOOT_TIMEOUT / patient(1))

    def reboot(self) -> None:
        """As a person does it. The capture goes on all the while."""
        self.run("systemctl", "--no-block", "reboot")
        self._wait_hello()
        self.wait_booted()

    def cut_power(self) -> None:
        """Off and on again at once: nobody in there gets to do anything."""
        self._ask_qemu("system_reset")
        self._wait_hello()
        self.wait_booted()

    def take_card_out(self) -> None:
        """Until the machine has let go of it: its driver does so a moment before its bus."""
        self._ask_qemu("device_del", id=WIRE)
        while json.loads(self._control.readline()).get("event") != "DEVICE_DELETED":
            pass
        wait_until(lambda: not self.has_link(a.UPLINK), "the card to be gone", 60)

    def put_card_in(self) -> None:
        self._ask_qemu("device_add", **_card(WIRE))

    def has_link(self, name: str) -> bool:
        return self.run("test", "-e", f"/sys/class/net/{name}", check=False).returncode == 0

    @staticmethod
    def console() -> str:
        return log_of("console").read_text(errors="replace") if log_of("console").exists() else ""

    def unplug(self) -> None:
        if self._qemu and self._qemu.poll() is None:
            self._qemu.kill()
            self._qemu.wait()
        for opened in (self._agent, self._control, self.capture):
            if opened:
                opened.close()
        self._qemu = self._agent = self._control = self.capture = None
        for wire in (WIRE, SERVER_WIRE):
            self._outside.namespace.run(["ip", "link", "del", wire], check=False)

    # -- the product

    def install(self) -> None:
        """What `meson install` brings, and what data/install.sh then tells systemd."""
        product = self._folder / "product"  # of another release
        if not product.exists():
            product = _PRODUCT
            meson = ["meson", "install", "-C", str(build_dir()), "--no-rebuild", "--quiet", "--destdir", str(product)]
            subprocess.run(meson, check=True, stdout=subprocess.DEVNULL)
        if not (product / "usr/bin/nm-killswitch").exists():
            raise RuntimeError(f"{build_dir()} must be configured with --prefix=/usr")
        packed = subprocess.run(["tar", "-C", str(product), "-czf", "-", "."], check=True, stdout=subprocess.PIPE)
        self.run("tar", "-C", "/", "--no-overwrite-dir", "--no-same-owner", "-xzf", "-", given=packed.stdout, timeout=240)
        units = [path.name for path in (product / "usr/lib/systemd/system").iterdir() if path.is_file()]
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "reload", "dbus.service")
        self.run("systemctl", "--quiet", "enable", *sorted(units), timeout=120)
        self.run("systemctl", "restart", "nm-killswitch.service", timeout=120)

    def ctl(self, *arguments: str, check: bool = True) -> Said:
        return self.run("nm-killswitch", *arguments, check=check)

    def kernel(self) -> tuple[int, int]:
        """6.1 is (6, 1)."""
        major, minor, *_ = self.run("uname", "-r").stdout.split(".")
        return int(major), int(minor)

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "--boot", "--output=short-monotonic", "--unit", unit).stdout

    def status(self) -> dict:
        # warnings of the program itself would come along: the last line is the object
        return json.loads(self.run("sh", "-c", "nm-killswitch status --json 2>/dev/null").stdout)

    def wait_state(self, state: str, timeout: float = 30) -> dict:
        def look() -> dict | None:
            status = self.status()
            return status if status["state"] == state else None

        return wait_product(look, f"the state {state}", timeout)

    def wait_uplink(self) -> None:
        def is_up() -> bool:
            asked = self.run("nmcli", "-g", "GENERAL.STATE", "connection", "show", "uplink", check=False)
            return asked.stdout.strip() == "activated"

        wait_until(is_up, f"{a.UPLINK} to be connected", 60)
