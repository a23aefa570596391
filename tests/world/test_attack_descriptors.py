# SPDX-License-Identifier: GPL-2.0-or-later
"""Any user's calls with descriptors attached: the guard holds them until the call is answered.

3 rounds; KS_FULL=1 makes it 8.
"""

import os
import resource
import subprocess
import time
from pathlib import Path

import pytest

from .waiting import wait_product

_NOBODY = 65534
_SOFT = 1024  # what systemd gives a service
_CLIENTS = 3
_ROUNDS = 8 if os.environ.get("KS_FULL") else 3

_FLOOD = """
import os
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
path = "unix:path=/run/dbus/system_bus_socket"
buses = [Gio.DBusConnection.new_for_address_sync(path, flags, None, None) for _ in range(80)]
null = os.open("/dev/null", os.O_RDONLY)
name = "io.github.nmkillswitch"
end = GLib.get_monotonic_time() + 3000000
while GLib.get_monotonic_time() < end:
    for bus in buses * 4:
        message = Gio.DBusMessage.new_method_call(name, "/io/github/nmkillswitch", name + ".Guard1", "GetRules")
        descriptors = Gio.UnixFDList.new()
        for _ in range(16):
            descriptors.append(null)
        message.set_unix_fd_list(descriptors)
        try:
            bus.send_message(message, Gio.DBusSendMessageFlags.NONE)
        except GLib.Error:
            pass
"""


@pytest.fixture
def guarded(world):
    world.product.install()
    world.product.start_guard()
    yield world
    world.product.stop_guard(9)
    world.client.run(["nft", "delete", "table", "inet", "nm_killswitch"], check=False)


def _become_nobody():
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)


def test_the_guard_lives_on(guarded):
    guarded.product.ctl("lock")
    (pid,) = guarded.client.processes("nm-killswitchd")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_SOFT, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    hook = [str(guarded.product.hook), "uplink0", "dns-change"]
    for _ in range(_ROUNDS):
        command = ["/usr/bin/python3", "-c", _FLOOD]
        users = [subprocess.Popen(command, preexec_fn=_become_nobody, stderr=subprocess.DEVNULL) for _ in range(_CLIENTS)]
        while any(user.poll() is None for user in users):
            guarded.client.run(hook, check=False)
            time.sleep(0.2)
    # nobody asks for anything any more
    wait_product(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) < 64, "the guard to let go of the descriptors")
    assert guarded.client.run(hook, check=False).returncode == 0, "one flood, and the guard hears no event ever again"
