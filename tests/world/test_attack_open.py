# SPDX-License-Identifier: GPL-2.0-or-later
"""What opened a closed lock, found by attacking it. Each test names its way in."""

import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from . import addresses as a
from . import heard
from .capture import Capture
from .waiting import patient, wait_product, wait_until

_STATE = Path("/var/lib/nm-killswitch/state")
_NOBODY = 65534
_SO_BINDTODEVICE = 25
_POLKIT_RULES = Path("/etc/polkit-1/rules.d/01-attack.rules")

# fails the n-th answer of nf_tables, as short memory does
_FAIL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/netlink.h>
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    static int calls;
    ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
    int domain = 0, protocol = 0;
    socklen_t size = sizeof(int);
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
    if (domain == AF_NETLINK && protocol == NETLINK_NETFILTER && ++calls == atoi(getenv("FAIL_AT"))) {
        errno = ENOBUFS;
        return -1;
    }
    return real(fd, message, flags);
}
"""


@pytest.fixture
def guarded(world):
    world.product.install()
    world.product.start_guard()
    yield world
    world.manager.all_down()
    if world.product.guard_is_running:
        world.product.stop_guard()
    world.client.run(["nft", "delete", "table", "inet", "nm_killswitch"], check=False)


@pytest.fixture
def capture(guarded):
    found = Capture(guarded.outside, guarded.client)
    yield found
    found.close()


def _say(world, canary, address, link=None, port=9):
    """As a user's program would; what the kernel says to it does not matter."""

    def send():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            if link:
                out.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, link.encode())
            try:
                out.sendto(canary, (address, port))
            except OSError:
                pass

    world.client.call(send)


def _require_unseen(capture, since, canary):
    capture.fence()
    assert not [frame for frame in capture.since(since) if canary in frame.data], f"{canary!r} got out in clear"


def _nft(world, text):
    world.client.run(["nft", "-f", "-"], input=text)


def test_a_packet_that_is_routed_anew_after_it_was_judged(guarded, capture):
    """The output hook tells the first route's interface, also after a mark or NAT has changed it."""
    guarded.manager.up("full")
    guarded.product.wait_state("protected")
    since = capture.mark()
    _say(guarded, b"control", a.WEB[4], a.UPLINK)
    _nft(guarded, "table ip attack {\nchain o {\ntype route hook output priority mangle;\nudp dport 9 meta mark set 77\n}\n}\n")
    guarded.client.ip("rule add fwmark 77 lookup 777", f"route add default via {a.ROUTER[4]} dev {a.UPLINK} table 777")
    try:
        _say(guarded, b"marked", a.WEB[4])
        _require_unseen(capture, since, b"control")
        _require_unseen(capture, since, b"marked")
        assert guarded.product.status()["verified"]
    finally:
        guarded.client.run(["nft", "delete", "table", "ip", "attack"])
        guarded.client.ip("rule del fwmark 77", "route flush table 777")


def test_loopback_that_is_translated_to_the_world(guarded, capture):
    """Containers' published ports and DNS redirections translate like this."""
    guarded.product.ctl("lock")
    since = capture.mark()
    guarded.client.sysctl(ipv4__conf__all__route_localnet=1)
    _nft(
        guarded,
        "table ip attack {\nchain o {\ntype nat hook output priority -100;\n"
        f"ip daddr 127.0.0.99 udp dport 5300 dnat to {a.WEB[4]}:9\n}}\n"
        f"chain p {{\ntype nat hook postrouting priority 100;\noifname {a.UPLINK} masquerade\n}}\n}}\n",
    )
    try:
        _say(guarded, b"translated", "127.0.0.99", port=5300)
        _require_unseen(capture, since, b"translated")
    finally:
        guarded.client.run(["nft", "delete", "table", "ip", "attack"])
        guarded.client.sysctl(ipv4__conf__all__route_localnet=0)


def test_a_user_who_writes_a_vpn_profile(guarded, capture):
    """Someone who sits at the machine may add profiles of his own (modify.own: allow_active=yes), but not unlock."""
    _POLKIT_RULES.write_text(
        "polkit.addRule(function(action) {"
        ' if (action.id == "org.freedesktop.NetworkManager.settings.modify.own") return polkit.Result.YES; });'
    )
    data = f"remote={a.WEB[4]}:443:udp {a.PUBLIC_DNS[4]}:53:udp,connection-type=tls"
    add = ["connection", "add", "type", "vpn", "con-name", "evil", "vpn-type", "openvpn", "vpn.data", data]
    user = ["setpriv", f"--reuid={_NOBODY}", "--clear-groups", "nmcli"]
    guarded.product.ctl("lock")
    since = capture.mark()

    def added():
        return guarded.client.run([*user, *add, "connection.permissions", "user:nobody"], check=False).returncode == 0

    try:
        wait_until(added, "polkit to read its new rule")
        time.sleep(0.5)
        _say(guarded, b"chosen", a.WEB[4], a.UPLINK, 443)
        _say(guarded, b"resolver", a.PUBLIC_DNS[4], a.UPLINK, 53)
        _require_unseen(capture, since, b"chosen")
        _require_unseen(capture, since, b"resolver")
    finally:
        _POLKIT_RULES.unlink()
        guarded.manager.nmcli("connection", "delete", "evil", check=False)


def test_another_tunnel_with_the_address_of_the_vpn(guarded):
    """A VPN's server chooses that address: it can be the one of a PPPoE uplink."""
    with guarded.client.tun("wan9"):
        guarded.client.ip("link set wan9 up")
        guarded.manager.up("full")
        guarded.product.wait_state("protected")
        (address,) = (text for text in guarded.client.addresses(a.TUNNEL) if ":" not in text)
        guarded.client.ip(f"addr add {address}/32 dev wan9")
        guarded.product.stop_guard(signal.SIGKILL)  # what the hook said is forgotten
        guarded.product.start_guard()
        wait_product(lambda: guarded.product.status()["tunnels"], "a tunnel")
        assert [tunnel["interface"] for tunnel in guarded.product.status()["tunnels"]] == [a.TUNNEL]


@pytest.mark.parametrize("fail_at", [4, 8])
def test_a_start_that_cannot_read_the_kernel(guarded, capture, fail_at):
    """The state was not saved (a full disk), and the next guard's first look fails once."""
    library = Path("/run/world/fail.so")
    compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(compiler, input=_FAIL, text=True, check=True)
    guarded.product.ctl("lock")
    guarded.product.stop_guard(signal.SIGKILL)
    _STATE.write_text(_STATE.read_text().replace("locked=true", "locked=false"))
    os.environ.update(LD_PRELOAD=str(library), FAIL_AT=str(fail_at))
    try:
        guarded.product.start_guard()
    finally:
        del os.environ["LD_PRELOAD"], os.environ["FAIL_AT"]
    since = capture.mark()
    assert guarded.product.status()["locked"]
    _say(guarded, b"unread", a.WEB[4], a.UPLINK)
    _require_unseen(capture, since, b"unread")


def test_a_word_at_boot_does_not_undo_what_a_person_closed(guarded):
    """A guard that starts again in the same boot, on a kernel whose table somebody flushed meanwhile."""
    line = Path("/run/attack-line")
    line.write_text("BOOT_IMAGE=/vmlinuz nmkillswitch=off\n")
    subprocess.run(["mount", "--bind", str(line), "/proc/cmdline"], check=True)
    try:
        guarded.product.ctl("lock")
        guarded.product.stop_guard(signal.SIGKILL)
        guarded.client.run(["nft", "flush", "ruleset"])
        guarded.product.start_guard()
        assert guarded.product.status()["state"] == "blocked"
    finally:
        subprocess.run(["umount", "/proc/cmdline"], check=True)


def test_a_name_that_another_program_takes(guarded):
    """NetworkManager goes on to list a VPN whose tunnel was deleted; "ppp0" may be the uplink next."""
    heard.listen()
    guarded.manager.up("full")
    heard.wait_heard(a.TUNNEL, "vpn-up")
    guarded.product.wait_state("protected")
    guarded.client.ip(f"link del {a.TUNNEL}")
    guarded.product.wait_state("blocked")
    assert guarded.manager.state_of("full") == "activated", "the way in needs that"
    with guarded.client.tun(a.TUNNEL):
        guarded.client.ip(f"addr add {a.WEB[4]}/32 dev {a.TUNNEL}", f"link set {a.TUNNEL} up")
        time.sleep(0.5)
        assert guarded.product.status()["state"] == "blocked", "that link is not the one that the hook named"


def _read_until(handle, canary):
    """What came out of a tun, up to this."""
    seen = b""
    while canary not in seen:
        assert select.select([handle], [], [], patient(10))[0], f"{canary!r} came out nowhere: the tun proves nothing"
        seen += os.read(handle, 65535)
    return seen


def test_a_name_that_is_taken_between_the_hooks_words(guarded):
    """NetworkManager says vpn-pre-up, and then vpn-up with the same name: of another link, if the tunnel went meanwhile."""
    heard.listen()
    with heard.held_before(a.TUNNEL, "vpn-up"):
        guarded.manager.up("full")
        guarded.product.wait_state("protected")
        guarded.client.ip(f"link del {a.TUNNEL}")
        guarded.product.wait_state("blocked")
        with guarded.client.tun(a.TUNNEL) as stranger:
            guarded.client.ip(f"addr add {a.WEB[4]}/32 dev {a.TUNNEL}", f"link set {a.TUNNEL} up")
            heard.let_go()
            heard.wait_heard(a.TUNNEL, "vpn-up")
            assert guarded.manager.state_of("full") == "activated", "the way in needs that"
            state = guarded.product.status()["state"]
            _say(guarded, b"canary-locked", a.PUBLIC_DNS[4], a.TUNNEL)
            guarded.product.ctl("unlock")
            _say(guarded, b"canary-control", a.PUBLIC_DNS[4], a.TUNNEL)
            assert b"canary-locked" not in _read_until(stranger, b"canary-control"), "it got out by the stranger's link"
            assert state == "blocked"


def test_a_guard_that_hears_the_second_word_alone(guarded):
    """It was away at the first: the VPN's address says which link is the VPN's."""
    heard.listen()
    guarded.product.stop_guard(signal.SIGKILL)
    with heard.held_before(a.TUNNEL, "vpn-up"):
        guarded.manager.up("full")
        guarded.product.start_guard()
        heard.let_go()
        heard.wait_heard(a.TUNNEL, "vpn-up")
        guarded.product.wait_state("protected")
        assert [tunnel["interface"] for tunnel in guarded.product.status()["tunnels"]] == [a.TUNNEL]


def test_the_check_while_everything_may_leave(guarded):
    guarded.product.ctl("lock")
    guarded.product.ctl("pause", "1m")
    assert guarded.product.ctl("status", "--check", check=False).returncode == 5
