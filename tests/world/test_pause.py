# SPDX-License-Identifier: GPL-2.0-or-later
"""A pause ends by itself, in the kernel, whatever becomes of the programs."""

import signal
import socket
import threading
import time

import pytest

from . import addresses as a
from .waiting import wait_until

_STEP = 0.01  # between two packets of the sender
_SLACK = 1.0  # how late the kernel may close


class _Sender:
    """Sends numbered packets to the internet, unbound and for ever, as any program might."""

    def __init__(self, world):
        self._socket = world.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        while not self._stop.wait(_STEP):
            try:
                self._socket.sendto(b"canary of the pause", (a.WEB[4], a.ECHO_PORT))
            except OSError:
                pass  # refused: it is the lock's job

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._socket.close()


def _times(world, mark, end=None):
    return [frame.time for frame in world.capture.since(mark, end) if b"canary of the pause" in frame.data]


@pytest.fixture
def locked(guarded):
    product = guarded.product
    if not product.guard_is_running:
        product.start_guard()
    product.ctl("unlock")
    product.ctl("lock")
    return guarded


def _require_closed(world):
    mark = world.capture.fence()  # what was sent before may only be seen now
    end = world.capture.fence()
    plain = world.capture.plain(mark, end)
    assert not plain, [frame.purpose for frame in plain]


@pytest.mark.parametrize("fate", ["alive", "stopped", "killed"])
def test_it_ends_in_time(locked, fate):
    product = locked.product
    seconds = 2
    with _Sender(locked):
        _require_closed(locked)
        mark = locked.capture.mark()
        asked = time.time()
        product.ctl("pause", str(seconds))
        began = time.time()  # at the latest
        if fate == "stopped":
            locked.client.kill("nm-killswitchd", signal.SIGSTOP)
        elif fate == "killed":
            product.stop_guard(signal.SIGKILL)
        locked.capture.wait_for(lambda f: b"canary of the pause" in f.data, "a packet in the pause", mark)

        # the sender goes on all the time: the last packet outside tells when the kernel closed
        wait_until(lambda: time.time() > began + seconds + _SLACK, "the pause to be over", 10)
        closed = locked.capture.mark()
        _require_closed(locked)
        times = _times(locked, mark, closed)
        assert times[-1] - began < seconds + _SLACK, "the kernel closed too late"
        assert times[-1] - asked > seconds - _SLACK, "the pause was shorter than asked for"
        if fate == "stopped":
            locked.client.kill("nm-killswitchd", signal.SIGCONT)
        elif fate == "killed":
            product.start_guard()
    assert product.status()["state"] == "blocked"
    assert product.status()["paused_until"] is None


def test_resume_ends_it_early(locked):
    with _Sender(locked):
        locked.product.ctl("pause", "1m")
        status = locked.product.status()
        assert status["state"] == "paused" and status["paused_until"] and status["locked"]
        locked.product.ctl("resume")
        assert locked.product.status()["state"] == "blocked"
        _require_closed(locked)


def test_lock_ends_it(locked):
    locked.product.ctl("pause", "1m")
    locked.product.ctl("lock")
    assert locked.product.status()["state"] == "blocked"


def _seconds_left(world):
    text = world.product.status()["paused_until"]
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()


def test_a_restart_of_the_guard_changes_nothing(locked):
    locked.product.ctl("pause", "30s")
    before, looked = _seconds_left(locked), time.monotonic()
    locked.product.stop_guard(signal.SIGKILL)
    locked.product.start_guard()
    assert locked.product.status()["state"] == "paused"
    left = _seconds_left(locked)
    assert before - (time.monotonic() - looked) - 2 < left <= before + 1
    locked.product.ctl("resume")


def test_the_machine_slept_in_it(locked):
    """The kernel's count of a pause, and of an exception, stands still in sleep. Someone who looks after it goes by the
    clock that does not."""
    exception = ("allow", "add", "a while", "--to", a.WEB[4], "--protocol", "udp", "--port", str(a.HTTP_PORT), "--for", "15s")
    for slept, state in ((0, "paused"), (20, "blocked")):
        locked.product.ctl("pause", "30s")
        locked.product.ctl("allow", "remove", "a while", check=False)
        locked.product.ctl(*exception)
        locked.product.stop_guard(signal.SIGKILL)
        locked.product.start_guard(slept=slept)
        status = locked.product.wait_state(state)
        assert status["verified"] and len(status["exceptions"]) == (0 if slept else 1)
        listed = locked.client.run(["nft", "list", "set", "inet", "nm_killswitch", "allowed_to4"]).stdout
        assert (a.WEB[4] in listed) == (not slept)
    with _Sender(locked):
        _require_closed(locked)
    locked.client.kill("nm-killswitchd")
    locked.product.wait_guard()


def test_root_ends_it_without_the_guard(locked):
    """As nm-killswitch-sleep.service does before each sleep; a guard that hangs is ended."""
    locked.product.ctl("pause", "1m")
    locked.client.kill("nm-killswitchd", signal.SIGSTOP)
    with _Sender(locked):
        mark = locked.capture.mark()
        locked.capture.wait_for(lambda f: b"canary of the pause" in f.data, "a packet in the pause", mark)
        locked.product.ctl("resume")
        _require_closed(locked)
    assert locked.product.wait_guard() == -signal.SIGKILL


def test_another_pause_replaces_the_first(locked):
    locked.product.ctl("pause", "50s")
    locked.product.ctl("pause", "10s")
    assert _seconds_left(locked) <= 11
    locked.product.ctl("pause", "50s")
    assert _seconds_left(locked) > 30
    locked.product.ctl("resume")


def test_what_began_in_the_pause_ends_with_it(locked):
    """A connection made in the pause gets no packet out afterwards, in either direction."""
    server = locked.outside.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((a.WEB[4], 0))
    server.listen()
    client = locked.client.socket(socket.AF_INET, socket.SOCK_STREAM)
    locked.product.ctl("pause", "1m")
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    client.sendall(b"in the pause")
    assert accepted.recv(100) == b"in the pause"

    locked.product.ctl("resume")
    mark = locked.capture.fence()
    client.sendall(b"after it")
    accepted.sendall(b"pushed by the server")
    end = locked.capture.fence()
    plain = locked.capture.plain(mark, end)
    assert not plain, [frame.purpose for frame in plain]
    for opened in (client, accepted, server):
        opened.close()


def test_there_is_nothing_to_pause_while_unlocked(locked):
    locked.product.ctl("unlock")
    result = locked.product.ctl("pause", "1m", check=False)
    assert result.returncode == 1
    assert "open" in result.stdout
