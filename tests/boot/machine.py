# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that can be switched on and off: this one's files under an overlay, booted by
systemd-nspawn in a network namespace of its own. PID 1 in there is a real systemd; what it writes
goes to tmpfs. Nothing is registered with this machine's services, and none of its own sockets,
cgroups or buses is reached from inside."""

import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from world import addresses as a
from world import kernel
from world.capture import Capture
from world.frames import Frame
from world.network import Namespace, log_of
from world.waiting import PATIENCE_WITH_PRODUCT, product_ends, wait_product, wait_until

from . import image
from .cgroups import ControlGroups
from .outside import Outside

_DISKS = Path("/run/world/disks")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_TIMEOUT = 60
# An overlay's folder that covers the one below it; what a file gives the program in it.
_TAR = ("tar", "--xattrs", "--xattrs-include=trusted.overlay.opaque", "--xattrs-include=security.capability")


class Disk:
    """A stack of layers on top of this machine's files, or of other folders. A new one above it is a copy
    for free."""

    def __init__(
        self, name: str, below: "Disk | None" = None, base: Sequence[Path] = (Path("/"),), saved: Path | None = None
    ):
        """`saved`: what another one with the same below it wrote."""
        folder = _DISKS / name
        self.written = folder / "written"
        self.root = folder / "root"
        work = folder / "work"
        for path in (self.written, self.root, work):
            path.mkdir(parents=True)
        if saved:
            extract = ["--extract", "--same-owner", "--preserve-permissions", f"--directory={self.written}"]
            subprocess.run([*_TAR, *extract, f"--file={saved}"], check=True)
        self.layers: list[Path] = [self.written, *(below.layers if below else [])]
        self.base = below.base if below else base
        lower = ":".join(map(str, [*self.layers[1:], *self.base]))
        # what the sandbox mounted over /etc and the like is not seen: the overlay is made of the root
        # file system alone. Layers stay plain files, which a test can compare.
        options = f"lowerdir={lower},upperdir={self.written},workdir={work},redirect_dir=off,metacopy=off,index=off"
        kernel.mount("overlay", str(self.root), "overlay", options=options)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def own(self, name: str) -> None:
        """The folders in there can be renamed from now on: an overlay lets only those be that are all its own."""
        path = self.path(name)
        subprocess.run(["cp", "--archive", "--no-target-directory", path, f"{path}.own"], check=True)
        shutil.rmtree(path)
        os.rename(f"{path}.own", path)

    def save(self, file: Path) -> None:
        subprocess.run([*_TAR, "--create", f"--file={file}", f"--directory={self.written}", "."], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.root)], check=True)


class Machine:
    """`with Machine(disk, outside) as machine:` is switched on; leaving is pulling the plug."""

    def __init__(self, disk: Disk, outside: Outside, *, with_containers: bool = False):
        """With containers, systemd-nspawn lets programs in there make control groups and keyrings."""
        self.disk = disk
        self.outside = outside
        self._with_containers = with_containers
        self.client: Namespace | None = None
        self.capture: Capture | None = None
        self._groups: ControlGroups | None = None
        self._nspawn: subprocess.Popen | None = None
        self._leader = 0

    def __enter__(self) -> "Machine":
        try:
            self.power_on()
            self.wait_booted()
        except BaseException:
            self.unplug()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    # -- on and off

    def power_on(self) -> None:
        """The capture listens before the first program runs."""
        self.client, self.capture = self.outside.plug_in()
        console, inner = pty.openpty()
        arguments = ["systemd-nspawn", "--quiet", f"--directory={self.disk.root}", "--boot", "--machine=client"]
        arguments += [f"--network-namespace-path={self.client.path}", "--register=no", "--keep-unit"]
        arguments += ["--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--bind=/dev/net/tun", "--bind-ro=/run/world/keys"]
        if image.CCACHE:
            arguments += [f"--bind={image.CCACHE}"]
        arguments += ["--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=interactive"]
        # /proc/sys/net belongs to the namespace that we made: NetworkManager may write it
        environment = os.environ | {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}
        if self._with_containers:
            environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
            arguments += ["--system-call-filter=add_key keyctl bpf"]
        self._groups = ControlGroups()
        options = {"stdin": inner, "stdout": inner, "stderr": inner, "env": environment}
        self._nspawn = subprocess.Popen(arguments, start_new_session=True, preexec_fn=self._groups.enter, **options)
        os.close(inner)
        threading.Thread(target=self._keep_console, args=(console,), daemon=True).start()

    @staticmethod
    def _keep_console(console: int) -> None:
        with open(log_of("console"), "ab") as log:
            while True:
                try:
                    data = os.read(console, 65536)
                except OSError:  # the other end is closed: the machine is off
                    break
                if not data:
                    break
                log.write(data)
                log.flush()
        os.close(console)

    def _find_leader(self) -> int:
        if self._nspawn.poll() is not None:
            raise RuntimeError(f"systemd-nspawn ended ({self._nspawn.returncode}): {self.console()[-3000:]}")
        for pid in self.client.processes("systemd"):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("NSpid:") and line.split()[-1] == "1":
                    return pid
        return 0

    def wait_process_1(self) -> None:
        self._leader = wait_until(self._find_leader, "the machine's first process", BOOT_TIMEOUT)

    def wait_booted(self, timeout: float = BOOT_TIMEOUT) -> None:
        self.wait_process_1()
        states = ("running", "degraded")
        wait_until(
            lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in states,
            "the machine to be booted",
            timeout,
        )

    def power_off(self) -> list[Frame]:
        """As a person does it: systemd stops everything in order. Returns all that left since
        power-on."""
        os.kill(self._leader, signal.SIGRTMIN + 4)
        self._nspawn.wait(60)
        time.sleep(0.2)  # for a frame that another processor still holds: there is nobody left to fence
        frames = self.capture.since()
        self.unplug()
        return frames

    def unplug(self) -> None:
        """Pulls the plug: nobody in there gets to do anything."""
        if self._nspawn and self._nspawn.poll() is None:
            leader = self._leader or self._find_leader()
            if leader:
                os.kill(leader, signal.SIGKILL)
            try:
                self._nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        self._nspawn = None
        self._leader = 0
        if self._groups:
            self._groups.remove()
            self._groups = None
        if self.capture:
            self.capture.close()
            self.capture = None
        if self.client:
            self.outside.unplug(self.client)
            self.client = None

    @property
    def is_on(self) -> bool:
        return self._leader != 0

    # -- inside

    def command(self, *arguments: str) -> list[str]:
        enter = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net", "--pid"]
        environment = ["env", "-i", "--chdir=/", f"PATH={_PATH}", "LC_ALL=C.UTF-8", "HOME=/root"]
        return [*enter, "--", *environment, *arguments]

    def run(
        self, *arguments: str, check: bool = True, timeout: float = 60, **options: Any
    ) -> subprocess.CompletedProcess:
        """A program on the machine, as root; what it says is one text."""
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        options = {"text": True, **usual, **options}
        result = subprocess.run(self.command(*arguments), timeout=timeout, **options)
        if check and result.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)} failed ({result.returncode}): {result.stdout}")
        return result

    def popen(self, *arguments: str) -> subprocess.Popen:
        """A program on the machine that goes on; nobody hears what it says."""
        return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def moment(self, unit: str, name: str) -> float:
        """When that was, in seconds of the monotonic clock; 0: never."""
        return int(self.show(unit, f"{name}TimestampMonotonic") or 0) / 1e6

    def journal(self, *arguments: str) -> str:
        return self.run("journalctl", "--no-pager", "--boot", "--output=short-monotonic", *arguments).stdout

    @staticmethod
    def console() -> str:
        return log_of("console").read_text(errors="replace") if log_of("console").exists() else ""

    def has_table(self) -> bool:
        """Asked from the outside of the machine: its programs have no say."""
        return self.client.run(["nft", "list", "table", "inet", "nm_killswitch"], check=False).returncode == 0

    def ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return self._run_product(*arguments, check=check)

    def _run_product(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess:
        with product_ends(f"the command {' '.join(arguments)}"):
            return self.run("nm-killswitch", *arguments, timeout=PATIENCE_WITH_PRODUCT * 60, **options)

    def status(self) -> dict:
        return json.loads(self._run_product("status", "--json", stderr=None).stdout)

    def wait_state(self, state: str, timeout: float = 15) -> dict:
        def look() -> dict | None:
            status = self.status()
            return status if status["state"] == state else None

        return wait_product(look, f"the state {state}", timeout)

    def guard_pid(self) -> int:
        """As the machine counts; 0: none runs."""
        return int(self.show("nm-killswitch.service", "MainPID"))

    def connect(self, profile: str = "full") -> None:
        self.run("nmcli", "--wait", "30", "connection", "up", profile)

    def canaries_tried(self) -> int:
        """How often the canary has sent something, or was refused."""
        said = self.run("cat", image.SAID, check=False)
        return int(said.stdout) if said.returncode == 0 else 0

    def must_leak(self, since: int) -> None:
        """The positive control: the canary is seen once the lock is open."""
        self.capture.wait_for(lambda frame: b"boot-canary" in frame.data, "the canary of an open machine", since)

    def must_hold(self, since: int = 0) -> None:
        tried = self.canaries_tried()
        wait_until(lambda: self.canaries_tried() > tried + 20, "the canary to try")
        self.capture.fence()
        assert [frame.purpose for frame in self.capture.plain(since)] == []

    def wait_uplink(self, timeout: float = 30) -> None:
        def state() -> str:
            return self.run("nmcli", "-g", "GENERAL.STATE", "connection", "show", "uplink", check=False).stdout.strip()

        wait_until(lambda: state() == "activated", f"{a.UPLINK} to be connected", timeout)
