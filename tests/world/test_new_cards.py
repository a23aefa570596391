# SPDX-License-Identifier: GPL-2.0-or-later
"""Cards that come while the guard hangs or is dead: made, moved in from another namespace, renamed.
Where kernel and libnftnl can, the second layer goes by names, and nothing of them gets out. Where they
cannot, it covers them once the guard looks, as the controls show. libnftnl.c stands for either."""

import os
import signal
import socket
from contextlib import contextmanager, suppress

import pytest

from . import addresses as a
from . import raw_probes
from .network import packet_socket, wire
from .raw_probes import Sender, mac_of, udp
from .sandbox import build_dir
from .waiting import wait_product, wait_until

_CARD, _FAR = "eth5", "lan5"
_HERE, _THERE = "198.18.5.1", "198.18.5.2"
_MODULES = build_dir() / "tests/world"
_FORMS = {
    "by name": f"{_MODULES}/libnew-libnftnl.so",
    "by card": f"{_MODULES}/libold-libnftnl.so",
}


def _kernel_has_names() -> bool:
    return tuple(int(number) for number in os.uname().release.split(".")[:2]) >= (6, 17)


@pytest.fixture(scope="module", params=["by name", "by card"])
def form(world, request):
    if request.param == "by name" and not _kernel_has_names():
        pytest.skip("Linux before 6.17 has no chain by names")
    world.product.install()
    world.product.start_guard(environment={"LD_PRELOAD": _FORMS[request.param]})
    world.product.ctl("auto", "off")
    yield request.param
    world.product.ctl("unlock")
    world.product.stop_guard()


@pytest.fixture(autouse=True)
def tidy(world, form):
    yield
    with suppress(ProcessLookupError):
        os.kill(world.product.guard_pid, signal.SIGCONT)
    if not world.product.guard_is_running:
        world.product.start_guard(environment={"LD_PRELOAD": _FORMS[form]})
    if world.outside.run(["ip", "link", "show", _FAR], check=False).returncode == 0:
        world.outside.ip(f"link del {_FAR}")
    world.product.ctl("unlock")


def _lock(world, form) -> None:
    world.product.ctl("lock")
    status = wait_product(lambda: (s := world.product.status())["layers"]["egress"] and s, "the second layer")
    assert status["verified"], status
    assert ("chain by_name" in world.product.ctl("rules").stdout) == (form == "by name")


@contextmanager
def _nobody_looks(world, how: str):
    if how == "dead":
        world.product.stop_guard(signal.SIGKILL)
        yield
        return
    os.kill(world.product.guard_pid, signal.SIGSTOP)
    yield
    os.kill(world.product.guard_pid, signal.SIGCONT)


def _use(world, link: str) -> None:
    world.outside.ip(f"link set {_FAR} up")
    world.client.ip(
        f"link set {link} up",
        f"addr replace {_HERE}/24 dev {link}",
        f"neigh replace {_THERE} lladdr {mac_of(world.outside, _FAR).hex(':')} dev {link}",
    )


def _gets_out(world, link: str) -> set[str]:
    """What of a program's datagram and of root's frames reaches the card's far end."""
    sender = Sender(world.client, link, {4: _HERE}, mac_of(world.outside, _FAR))
    sent = {name: raw_probes.RawProbe(name) for name in ("datagram", "frame", "frame of no known type", "a VLAN's")}

    def send_datagram() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.sendto(sent["datagram"].canary, (_THERE, 9))

    def packet(name: str) -> bytes:
        return udp(_HERE, a.WEB[4], sent[name].canary)

    with world.outside.call(lambda: packet_socket(_FAR)) as listener:
        listener.settimeout(5)
        for send in (
            lambda: world.client.call(send_datagram),
            lambda: sender.send_frame(sender.frame(0x0800, packet("frame"))),
            lambda: sender.send_frame(sender.frame(0x1234, packet("frame of no known type"))),
            lambda: sender.send_frame(sender.frame(0x8100, raw_probes.vlan(7, 0x0800, packet("a VLAN's")))),
        ):
            with suppress(OSError):  # EPERM, ENOBUFS: it was stopped
                send()
        sender.send_frame(sender.frame(0x888E, b"the end".ljust(46)))  # which may leave
        out = b""
        while b"the end" not in out:
            out += listener.recv(2000)
    return {name for name, probe in sent.items() if probe.canary in out}


def _require_judged(world, form, link: str = _CARD) -> None:
    seen = _gets_out(world, link)
    assert "datagram" not in seen
    if form == "by name":
        assert not seen, f"LEAKED: {seen}"
    else:
        assert len(seen) == 3, f"the control did not see all: {seen}"


def _require_covered_in_the_end(world, link: str = _CARD) -> None:
    wait_until(lambda: not _gets_out(world, link), "the card to be covered")
    status = wait_product(lambda: (s := world.product.status())["layers"]["egress"] and s, "the second layer")
    assert status["verified"], status


@pytest.mark.parametrize("how", ["hangs", "dead"])
def test_made(world, form, how):
    wire(world.client, _CARD, world.outside, _FAR)
    _use(world, _CARD)
    assert len(_gets_out(world, _CARD)) == 4, "the control did not see all"
    world.outside.ip(f"link del {_FAR}")
    _lock(world, form)
    with _nobody_looks(world, how):
        wire(world.client, _CARD, world.outside, _FAR)
        _use(world, _CARD)
        _require_judged(world, form)
    if how == "hangs":
        _require_covered_in_the_end(world)


def test_moved_in(world, form):
    world.outside.ip(f"link add {_FAR} type veth peer name {_CARD}")
    _lock(world, form)
    with _nobody_looks(world, "hangs"):
        world.outside.ip(f"link set {_CARD} netns {world.client.name}")
        _use(world, _CARD)
        _require_judged(world, form)
    _require_covered_in_the_end(world)


def test_renamed(world, form):
    wire(world.client, _CARD, world.outside, _FAR)
    _use(world, _CARD)
    _lock(world, form)
    assert not _gets_out(world, _CARD)
    with _nobody_looks(world, "hangs"):
        world.client.ip(f"link set {_CARD} down", f"link set {_CARD} name wlan5")
        _use(world, "wlan5")
        _require_judged(world, form, "wlan5")
    _require_covered_in_the_end(world, "wlan5")


def test_what_is_no_uplink_passes_once_it_is_known(world, form):
    """A link of guests' that is called like a card: the guard knows better than the name."""
    _lock(world, form)
    wire(world.client, _CARD, world.outside, _FAR)
    world.client.ip("link add br5 type bridge", f"link set {_CARD} master br5", "link set br5 up")
    _use(world, _CARD)
    wait_until(lambda: "frame" in _gets_out(world, _CARD), "the guests' link to pass")
    assert world.product.status()["layers"]["egress"]
    world.client.ip(f"link set {_CARD} nomaster", "link del br5")
    _require_covered_in_the_end(world)


def test_the_next_guard_takes_it_over(world, form):
    wire(world.client, _CARD, world.outside, _FAR)
    _use(world, _CARD)
    _lock(world, form)
    world.product.stop_guard(signal.SIGKILL)
    assert not _gets_out(world, _CARD)
    other = next(name for name in _FORMS if name != form)
    for next_one in (form, other, form):  # as with another libnftnl
        if next_one == "by name" and not _kernel_has_names():
            continue
        world.product.start_guard(environment={"LD_PRELOAD": _FORMS[next_one]})
        _require_covered_in_the_end(world)
        assert ("chain by_name" in world.product.ctl("rules").stdout) == (next_one == "by name")
        world.product.stop_guard(signal.SIGKILL)
        assert not _gets_out(world, _CARD)


def test_a_kernel_that_has_no_names(world, form):
    world.product.stop_guard()
    world.product.start_guard(environment={"LD_PRELOAD": f"{_FORMS['by name']}:{_MODULES}/libold-kernel.so"})
    _lock(world, "by card")
    world.product.ctl("unlock")
    world.product.stop_guard()
