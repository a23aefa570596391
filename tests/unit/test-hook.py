#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The built hook against a fake guard: exit codes, messages, time bounds. Speaks TAP.

    test-hook.py HOOK

Runs in user and mount namespaces of its own with a tmpfs on /run, so that the hook's one socket
path is ours and nobody's real guard is spoken to.
"""

import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

INSIDE = "KS_TEST_HOOK_INSIDE"
SOCKET = pathlib.Path("/run/nm-killswitch/guard.sock")
SAFE = "Nothing was opened; what was locked stays locked."

# model/message.h
HEADER = struct.Struct("=HBBiB7x")
EVENT = struct.Struct("=B41s16s6x")
MAGIC, VERSION = 0x6B73, 1
KIND_EVENT, KIND_REPLY = 1, 3

ACTIONS = ("pre-up up pre-down down vpn-pre-up vpn-up vpn-pre-down vpn-down dhcp4-change "
           "dhcp6-change connectivity-change dns-change reapply").split()
OTHERS = ["hostname", "device-add", "device-delete", "", "UP", "up\n", "x" * 10000]

UUID = "4c6a0ecb-1c1d-4bc5-9f20-5c1d2f6cfb1a"
VPN = {"CONNECTION_UUID": UUID, "VPN_IP_IFACE": "tun0", "DEVICE_IP_IFACE": "eth0"}

BOUND = 5.0  # seconds the hook may wait in all, hook/main.c
GRACE = 1.5  # ... and what a loaded machine may add
FAR = 30  # seconds after which a hook is taken to hang


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def reply(result=0, magic=MAGIC, version=VERSION, kind=KIND_REPLY, more=0):
    return HEADER.pack(magic, version, kind, result, more)


class Guard:
    """Listens as the guard does and gives each event the same answer.

    answer: the records to send, or None to hang up at once. Received events are in `events`.
    """

    def __init__(self, *answer, hang_up_unread=False):
        self.answer = answer
        self.hang_up_unread = hang_up_unread
        self.events = []
        self.listener = listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(FAR)
        self.listener.close()
        SOCKET.unlink()

    def serve(self):
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            with peer:
                if self.hang_up_unread:
                    continue
                self.events.append(peer.recv(65536))
                for record in self.answer:
                    peer.send(record)

    def event(self):
        """The one event that came, as (action, uuid, interface)."""
        expect(len(self.events) == 1, f"{len(self.events)} events instead of one")
        record = self.events[0]
        expect(len(record) == HEADER.size + EVENT.size, f"an event of {len(record)} bytes")
        expect(HEADER.unpack_from(record) == (MAGIC, VERSION, KIND_EVENT, 0, 0), "the header")
        action, uuid, interface = EVENT.unpack_from(record, HEADER.size)
        return ACTIONS[action], uuid.rstrip(b"\0").decode(), interface.rstrip(b"\0").decode()


def listen(backlog=16):
    SOCKET.parent.mkdir(exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(SOCKET))
    listener.listen(backlog)
    return listener


class Run:
    """One run of the hook, as NetworkManager's dispatcher makes it."""

    def __init__(self, *arguments, environment=None):
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [HOOK, *arguments], env=environment or {}, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self):
        self.out, self.err = (text.decode() for text in self.process.communicate(timeout=FAR))
        self.seconds = time.monotonic() - self.begun
        self.status = self.process.returncode
        return self


def hook(action="vpn-up", environment=None, interface="tun0"):
    return Run(interface, action, environment=VPN if environment is None else environment).end()


def expect_silent_success(run):
    expect(run.status == 0, f"status {run.status}: {run.err}")
    expect(run.out == "" and run.err == "", f"it said {run.out + run.err!r}")


def expect_failure(run, *words):
    """Status 1 and one line that says what happened, what is safe and what to do."""
    expect(run.status == 1, f"status {run.status}: {run.err}")
    expect(run.out == "", f"on stdout: {run.out!r}")
    expect(run.err.startswith("nm-killswitch: ") and run.err.count("\n") == 1, repr(run.err))
    for word in (SAFE, *words):
        expect(word in run.err, f"{word!r} is not in {run.err!r}")


def test_every_action():
    for action in ACTIONS:
        with Guard(reply()) as guard:
            expect_silent_success(hook(action))
            interface = "tun0" if action.startswith("vpn-") else "eth0"
            expect(guard.event() == (action, UUID, interface), f"{action}: {guard.event()}")


def test_other_actions_are_none_of_ours():
    with Guard(reply(-1)) as guard:
        for action in OTHERS:
            expect_silent_success(hook(action))
        expect(not guard.events, "the guard was told")
    for action in OTHERS:
        expect_silent_success(hook(action))


def test_first_argument_is_not_the_tunnel():
    with Guard(reply()) as guard:
        expect_silent_success(hook("vpn-down", {"CONNECTION_UUID": UUID}, interface="eth0"))
        expect(guard.event() == ("vpn-down", UUID, ""), str(guard.event()))


def test_wrong_usage():
    for arguments in ((), ("eth0",)):
        run = Run(*arguments, environment=VPN).end()
        expect(run.status == 1 and "usage" in run.err, f"{run.status}: {run.err!r}")


def test_guard_is_not_there():
    expect_failure(hook(), "not running", "vpn-up", "systemctl start nm-killswitch.service")


def test_guard_left_its_socket():
    listen().close()
    try:
        expect_failure(hook(), "not running", "systemctl start nm-killswitch.service")
    finally:
        SOCKET.unlink()


def test_guard_answers_an_error():
    with Guard(reply(-95)):
        expect_failure(hook(), "Operation not supported", "vpn-up", "journalctl")
    with Guard(reply(-4095)):
        expect_failure(hook(), "journalctl")


def test_guard_hangs_up():
    with Guard():
        expect_failure(hook(), "went away", "journalctl")
    with Guard(hang_up_unread=True):
        expect_failure(hook(), "went away", "journalctl")


def test_guard_answers_garbage():
    garbage = {
        "one byte": b"\0",
        "short": reply()[:-1],
        "long": reply() + b"\0",
        "with a text": reply(-1) + b"no",
        "of 60 kB": b"x" * 60000,
        "zeroes": bytes(HEADER.size),
        "another magic": reply(magic=1),
        "another version": reply(version=VERSION + 1),
        "an event": reply(kind=KIND_EVENT),
        "another kind": reply(kind=200),
        "a positive result": reply(1),
        "no errno": reply(-5000),
        "more to come": reply(more=1),
        "more than more": reply(more=2),
        "a reserved byte": reply()[:-1] + b"\1",
    }
    for what, record in garbage.items():
        with Guard(record):
            run = hook()
            try:
                expect_failure(run, "another version", "systemctl restart")
                expect(run.seconds < GRACE, f"took {run.seconds:.1f} s")
            except Failed as failed:
                raise Failed(f"{what}: {failed}") from None


def test_every_corrupted_byte_of_a_reply():
    for place in range(HEADER.size):
        for byte in (0, 1, 2, 0x7F, 0x80, 0xFF):
            record = bytearray(reply())
            record[place] = byte
            with Guard(bytes(record)):
                run = hook()
            right = record == reply()
            expect((run.status == 0) == right, f"byte {place} = {byte}: status {run.status}")


def test_only_the_first_reply_counts():
    with Guard(reply(), reply(-1)):
        expect_silent_success(hook())


def test_hostile_environment():
    absurd = "a" * 10000
    cases = {  # value of both variables -> whether (uuid, interface) get through
        "": (True, True),
        absurd: (False, False),
        "a b": (False, False),
        "a\nb": (False, False),
        "\x01": (False, False),
        "\x1b[2J\x1b]0;x\x07": (False, False),
        "%s%n": (False, True),
        "../../etc": (False, False),
        "ä": (False, False),
        "\udcff": (False, False),
        "--help": (False, True),
        "abc": (True, True),
    }
    for value, (uuid, interface) in cases.items():
        environment = {**VPN, "CONNECTION_UUID": value, "VPN_IP_IFACE": value}
        with Guard(reply()) as guard:
            run = hook(environment=environment)
            expect(run.status == 0, f"{value[:20]!r}: status {run.status}")
            expect(guard.event() == ("vpn-up", value if uuid else "", value if interface else ""),
                   f"{value[:20]!r}: {guard.event()}")
        said = run.err.splitlines()
        expect(("CONNECTION_UUID" in run.err) != uuid, run.err)
        expect(("VPN_IP_IFACE" in run.err) != interface, run.err)
        expect(len(said) == (not uuid) + (not interface), run.err)
        expect(all(line.isprintable() and line.isascii() and len(line) < 300 for line in said),
               run.err)


def test_huge_environment():
    environment = {f"IP4_ROUTE_{i}": "x" * 10000 for i in range(100)}
    with Guard(reply()) as guard:
        expect_silent_success(hook(environment={**environment, **VPN}))
        expect(guard.event() == ("vpn-up", UUID, "tun0"), str(guard.event()))
    with Guard(reply()) as guard:
        expect_silent_success(hook(environment={"X": "y"}))
        expect(guard.event() == ("vpn-up", "", ""), str(guard.event()))


def run_raw(entries):
    """The hook with an environment that no library would make: entries without '=', twice, empty.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 2)
        execve_raw([HOOK.encode(), b"tun0", b"vpn-up"], entries)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def execve_raw(arguments, entries):
    import ctypes

    def array(items):
        return (ctypes.c_char_p * (len(items) + 1))(*items, None)

    ctypes.CDLL(None).execve(arguments[0], array(arguments), array(entries))
    os._exit(99)


def test_malformed_environment():
    cases = (
        ([], ("", "")),
        ([b"CONNECTION_UUID", b"VPN_IP_IFACE", b"", b"=", b"==", b"="], ("", "")),
        ([b"CONNECTION_UUID=a1", b"CONNECTION_UUID=b2", b"VPN_IP_IFACE=t0", b"VPN_IP_IFACE=t1"],
         ("a1", "t0")),
        ([b"CONNECTION_UUIDS=a1", b"XVPN_IP_IFACE=t0"], ("", "")),
    )
    for entries, (uuid, interface) in cases:
        with Guard(reply()) as guard:
            expect(run_raw(entries) == (0, ""), str(entries))
            expect(guard.event() == ("vpn-up", uuid, interface), str(guard.event()))


def test_closed_streams():
    with Guard(reply()) as guard:
        status = subprocess.run([HOOK, "tun0", "vpn-up"], env=VPN, timeout=FAR,
                                preexec_fn=lambda: os.closerange(0, 3)).returncode
        expect(status == 0, f"status {status}")
        expect(guard.event() == ("vpn-up", UUID, "tun0"), str(guard.event()))


def test_guard_is_silent():
    """A guard that takes no connection and answers nothing; a hook stopped and continued."""
    with listen(backlog=0):
        waiting = [Run("tun0", "vpn-up", environment=VPN) for _ in range(4)]
        time.sleep(1)
        for run in waiting:
            run.process.send_signal(signal.SIGSTOP)
            run.process.send_signal(signal.SIGCONT)
        for run in waiting:
            run.end()
    SOCKET.unlink()
    for run in waiting:
        expect(BOUND - GRACE < run.seconds < BOUND + GRACE, f"took {run.seconds:.1f} s")
        expect_failure(run, "within 5 seconds", "systemctl status")
    told = sum("did not answer" in run.err for run in waiting)
    expect(0 < told < len(waiting), f"{told} of {len(waiting)} got their event into the queue")


def test_guard_is_slow():
    with listen() as listener:
        run = Run("tun0", "vpn-up", environment=VPN)
        peer = listener.accept()[0]
        peer.recv(65536)
        expect(not select.select([peer], [], [], 1)[0], "the hook did not wait")
        peer.send(reply())
        expect_silent_success(run.end())
        peer.close()
    SOCKET.unlink()


def test_needs_nothing_but_the_c_library():
    elf = subprocess.run(["readelf", "--dynamic", HOOK], capture_output=True, text=True, check=True)
    needed = [line.split("[")[1].rstrip("]") for line in elf.stdout.splitlines() if "NEEDED" in line]
    foreign = [name for name in needed
               if not name.startswith(("libc.", "ld-", "libasan.", "libubsan.", "libgcc_s.",
                                       "libm."))]
    expect(not foreign, f"it needs {foreign}")


def run_tests():
    tests = [(name, function) for name, function in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}", flush=True)
    failed = False
    for number, (name, function) in enumerate(tests, 1):
        begun = time.monotonic()
        try:
            function()
            said = f"ok {number} - {name}"
        except Exception as error:  # whatever it is, the other tests still run
            failed = True
            said = f"not ok {number} - {name}\n# {type(error).__name__}: {error!s}"
            SOCKET.unlink(missing_ok=True)
        print(f"{said}\n# {time.monotonic() - begun:.2f} s", flush=True)
    return failed


def enter_namespaces():
    """Runs this program again in namespaces of its own; says why when the system forbids them."""
    words = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    tried = subprocess.run([*words, "mount", "-t", "tmpfs", "tmpfs", "/run"],
                           capture_output=True, text=True)
    if tried.returncode != 0:
        print(f"1..0 # SKIP no mount namespace: {tried.stderr.strip()}")
        sys.exit(0)
    # a build folder below /run would vanish behind the tmpfs: the hook is opened before
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        copy = os.path.join(folder, "hook")
        subprocess.run(["cp", sys.argv[1], copy], check=True)
        sys.exit(subprocess.run([*words, sys.executable, os.path.abspath(__file__), copy],
                                env={**os.environ, INSIDE: "1"}).returncode)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_namespaces()
    HOOK = sys.argv[1]
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    sys.exit(run_tests())
