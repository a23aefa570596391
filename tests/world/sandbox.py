#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program in namespaces of its own: network, mounts, processes, host name.

    tests/world/sandbox.py -- PROGRAM [ARGUMENT...]

Three processes: the supervisor (outside; passes signals on, mirrors the exit status), the first
process of the new PID namespace (collects orphans; when it ends the kernel kills whatever is left
inside) and the program. Nothing in here survives the supervisor, however it ends.

The network namespace made here stays empty on purpose: the world makes its own inside it, and
require_sandbox() can tell by the emptiness that it is not looking at a real machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import kernel  # noqa: E402

KEEP = "KS_WORLD_KEEP"  # folders below /tmp or /run that stay visible, separated by colons
PROOF = "KS_WORLD_OUTSIDE"  # the namespaces we came from: must differ from those we are in
KINDS = ("net", "mnt", "pid", "uts")
_INTERRUPT = signal.SIGUSR1  # to the first process: SIGINT for the program, which has not had it yet
_BY_KILL = 0  # SI_USER; what a terminal sends is the kernel's
REPOSITORY = Path(__file__).resolve().parents[2]

# only these may be started by the world's bus: a machine's other services are none of its business
BUS_SERVICES = (
    "org.freedesktop.nm_dispatcher.service",
    "org.freedesktop.nm_priv_helper.service",
    "org.freedesktop.PolicyKit1.service",
)


def build_dir() -> Path:
    return Path(os.environ.get("KS_BUILD") or REPOSITORY / "build").resolve()


def reports_dir() -> Path:
    return Path(os.environ.get("KS_REPORTS") or build_dir() / "reports").resolve()


def _namespaces() -> str:
    return " ".join(os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS)


def is_inside() -> bool:
    return PROOF in os.environ


def require_sandbox() -> None:
    """Refuses to go on anywhere but in the sandbox: a rule loaded outside cuts the machine off."""
    outside = os.environ.get(PROOF, "").split()
    inside = _namespaces().split()
    if len(outside) != len(KINDS) or any(a == b for a, b in zip(outside, inside)):
        raise SystemExit("not in the sandbox of the tests: nothing was touched (see tests/world/README.md)")
    links = [name for _, name in socket.if_nameindex() if name != "lo"]
    if links:
        raise SystemExit(f"the sandbox's network namespace is not empty ({links}): nothing was touched")


def command(program: list[str]) -> list[str]:
    """What runs `program` in a sandbox of its own."""
    return ["/usr/bin/python3", str(Path(__file__).resolve()), "--", *program]


def enter(program: list[str]) -> None:
    """Replaces this process by the supervisor of `program`."""
    os.execv("/usr/bin/python3", command(program))


def _tmpfs(path: str, mode: str = "0755") -> None:
    kernel.mount("tmpfs", path, "tmpfs", options=f"mode={mode}")


def _bind(source: str, target: str) -> None:
    kernel.mount(source, target, "", kernel.MS_BIND | kernel.MS_REC)


def _private_etc() -> None:
    """A copy of /etc: host names, resolv.conf, NetworkManager's profiles are then ours to write."""
    copy = "/run/world/etc"
    subprocess.run(["cp", "-a", "--one-file-system", "/etc", copy], check=True)
    for name in (f"NetworkManager/{folder}" for folder in ("system-connections", "conf.d", "dispatcher.d", "VPN")):
        shutil.rmtree(f"{copy}/{name}", ignore_errors=True)
        os.makedirs(f"{copy}/{name}")
    for folder in ("pre-up.d", "pre-down.d", "no-wait.d"):
        os.makedirs(f"{copy}/NetworkManager/dispatcher.d/{folder}")
    # the machine's own nm-killswitch, if there is one, has no say in the world
    shutil.rmtree(f"{copy}/nm-killswitch", ignore_errors=True)
    resolv = Path(copy, "resolv.conf")
    resolv.unlink(missing_ok=True)
    resolv.write_text("# the world's own\n")
    _bind(copy, "/etc")


def _private_var_lib() -> None:
    chroot = Path("/var/lib/openvpn/chroot")
    owner = chroot.stat() if chroot.exists() else None
    # what is installed, and what the release has: to be read
    known = {path: os.open(path, os.O_PATH) for path in ("/var/lib/dpkg", "/var/lib/apt") if os.path.isdir(path)}
    _tmpfs("/var/lib")
    for path, handle in known.items():
        os.makedirs(path)
        _bind(f"/proc/self/fd/{handle}", path)
        os.close(handle)
    for name in ("NetworkManager", "dbus", "misc", "polkit-1"):
        os.makedirs(f"/var/lib/{name}")
    if owner:
        os.makedirs(chroot)
        os.chown(chroot, owner.st_uid, owner.st_gid)
    # dbus-daemon wants a machine id; a fixed one, for the world is nobody's machine
    for name in ("/var/lib/dbus/machine-id", "/etc/machine-id"):
        Path(name).unlink(missing_ok=True)
        Path(name).write_text("5ca1ab1e000000000000000000000000\n")


def _private_system_folders() -> None:
    for name in ("conf.d", "dispatcher.d"):
        path = f"/usr/lib/NetworkManager/{name}"
        if os.path.isdir(path):
            _tmpfs(path)
    plugins = "/usr/lib/NetworkManager/VPN"
    if os.path.isdir(plugins):  # a test may offer its own instead
        shutil.copytree(plugins, "/run/world/plugins")
        _bind("/run/world/plugins", plugins)
    actions = "/usr/share/polkit-1/actions"
    shutil.copytree(actions, "/run/world/actions", ignore=shutil.ignore_patterns("io.github.nmkillswitch.*"))
    _bind("/run/world/actions", actions)
    services = "/usr/share/dbus-1/system-services"
    kept = {n: Path(services, n).read_text() for n in BUS_SERVICES if Path(services, n).exists()}
    _tmpfs(services)
    for name, text in kept.items():
        Path(services, name).write_text(text)


def _private_mounts() -> None:
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    # the folders a test reads and writes stay visible even if they are under /tmp or /run
    wanted = [REPOSITORY, build_dir(), reports_dir(), *map(Path, filter(None, os.environ.get(KEEP, "").split(":")))]
    kept = [str(p) for p in wanted if p.exists()]
    handles = {path: os.open(path, os.O_PATH) for path in kept}
    kernel.mount("proc", "/proc", "proc")
    _tmpfs("/run")
    _tmpfs("/tmp", "1777")
    for path, handle in handles.items():
        if path.startswith(("/run/", "/tmp/")):
            os.makedirs(path, exist_ok=True)
            _bind(f"/proc/self/fd/{handle}", path)
        os.close(handle)
    for name in ("/run/world", "/run/dbus", "/run/lock", "/run/netns"):
        os.makedirs(name)
    _private_etc()
    _private_var_lib()
    _private_system_folders()


def _status(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return 128 - code if code < 0 else code


def _first_process(program: list[str], outside: str) -> int:
    """Process 1 of the sandbox: sets the stage, starts the program, collects every orphan."""
    kernel.set_parent_death_signal(signal.SIGKILL)
    _private_mounts()
    socket.sethostname("client")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ[PROOF] = outside
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS", None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the program as well
    main = os.fork()
    if main == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(program[0], program)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(main, signal.SIGTERM))
    signal.signal(_INTERRUPT, lambda *_: os.kill(main, signal.SIGINT))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    while True:
        pid, status = os.wait()
        if pid == main:
            return _status(status)


def _watch(first: int, signals: set[int]) -> int:
    """Passes on what comes, until the first process has ended. Returns its status."""
    while True:
        came = signal.sigwaitinfo(signals)
        if came.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(first, os.WNOHANG)
            if ended:
                return _status(status)
        elif came.si_signo == signal.SIGINT:
            if came.si_code == _BY_KILL:
                os.kill(first, _INTERRUPT)
        else:
            os.kill(first, signal.SIGTERM)
            # a program that will not end is ended: nothing of the world may be left behind
            signal.signal(signal.SIGALRM, lambda *_: os.kill(first, signal.SIGKILL))
            signal.alarm(5)


def _supervise(program: list[str]) -> int:
    if os.geteuid() != 0:
        raise SystemExit("the world needs root: network namespaces and /dev/net/tun")
    if "KS_REPORTS" in os.environ:
        os.makedirs(reports_dir(), exist_ok=True)  # before /tmp is covered: it may be in there
    outside = _namespaces()
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS)
    # not one is lost, however early it comes: blocked until there is somebody to take it
    passed_on = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, {*passed_on, _INTERRUPT, signal.SIGCHLD})
    first = os.fork()
    if first == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGCHLD})
        try:
            os._exit(_first_process(program, outside))
        except BaseException as error:
            print(f"sandbox: {error}", file=sys.stderr)
            os._exit(125)
    return _watch(first, {*passed_on, signal.SIGCHLD})


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    if not arguments:
        raise SystemExit(__doc__)
    sys.exit(_supervise(arguments))
