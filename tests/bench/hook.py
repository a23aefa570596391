# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook from exec to exit, the kernel changed in between, against what people use instead."""

import re

from world import addresses as a
from world.network import Namespace
from world.profiles import uuid_of
from world.world import World

from . import guide
from .figures import Row, Sample, at_most, bound, read_nanoseconds, times_faster
from .helpers import generation, helper, layers, write_script

def _environment(action: str) -> list[str]:
    """What NetworkManager 1.42's dispatcher gives a script, and nothing else."""
    values = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "NM_DISPATCHER_ACTION": action,
        "CONNECTION_ID": "full",
        "CONNECTION_UUID": uuid_of("full"),
        "CONNECTION_FILENAME": "/etc/NetworkManager/system-connections/full.nmconnection",
        "CONNECTION_DBUS_PATH": "/org/freedesktop/NetworkManager/Settings/2",
        "DEVICE_IFACE": a.UPLINK,
        "DEVICE_IP_IFACE": a.UPLINK,
        "IP4_ADDRESS_0": "192.0.2.50/24 192.0.2.1",
        "IP4_GATEWAY": "192.0.2.1",
        "IP4_NAMESERVERS": "192.0.2.1",
        "IP4_NUM_ADDRESSES": "1",
        "IP4_NUM_ROUTES": "0",
        "IP6_NUM_ADDRESSES": "1",
        "VPN_IP_IFACE": a.TUNNEL,
        "VPN_IP4_ADDRESS_0": "198.51.100.130/25 198.51.100.129",
        "VPN_IP4_GATEWAY": "198.51.100.129",
        "VPN_IP4_NUM_ADDRESSES": "1",
    }
    return [f"{key}={value}" for key, value in values.items()]


def _nft_files(world: World) -> tuple[str, str]:
    """The first layer without and with its tunnel, as files that put it in place whatever was there before:
    how a script swaps with nft. The second layer is of network cards, of which the yardstick has none."""
    rules = world.product.ctl("rules").stdout.split("table netdev", maxsplit=1)[0]
    rules = rules.replace("nm_killswitch", "bench")
    texts = re.sub(rf',[^,\n]*\n\s*\d+ }} # "{a.TUNNEL}"', " }", rules), rules
    if texts[0] == texts[1]:
        raise RuntimeError("the lock's text does not name the tunnel")
    head = "table inet bench\ndelete table inet bench\n"
    return tuple(write_script(f"lock{number}.nft", head + text) for number, text in enumerate(texts))


def _above(ours: Sample, other: Sample) -> Sample:
    return Sample([(a - b) / 1000 for a, b in zip(ours.values, other.values, strict=True)], "ms")


def measure(world: World, quick: bool) -> list[Row]:
    rounds = 30 if quick else 300
    yardstick = Namespace("yardstick")
    if not world.product.guard_is_running:
        world.product.start_guard()
    world.manager.up("full")
    world.product.wait_state("protected")
    without_tunnel, with_tunnel = _nft_files(world)
    method = write_script("99-vpn-killswitch", guide.DISPATCHER)

    commands = [
        [world.client.path, *_environment("vpn-down"), str(world.product.hook), a.TUNNEL, "vpn-down"],
        [yardstick.path, *_environment("vpn-down"), method, a.TUNNEL, "vpn-down"],
        [yardstick.path, *_environment("vpn-down"), "/usr/sbin/nft", "-f", without_tunnel],
        [yardstick.path, *_environment("vpn-down"), "/bin/true"],
        [world.client.path, *_environment("vpn-up"), str(world.product.hook), a.TUNNEL, "vpn-up"],
        [yardstick.path, *_environment("vpn-up"), method, a.TUNNEL, "vpn-up"],
        [yardstick.path, *_environment("vpn-up"), "/usr/sbin/nft", "-f", with_tunnel],
        [yardstick.path, *_environment("vpn-up"), "/bin/true"],
    ]
    arguments = [helper("exec-times"), str(rounds)]
    for command in commands:
        arguments += ["--", *command]
    before = generation(world.client), generation(yardstick)
    times = read_nanoseconds(world.client.run(arguments, timeout=600).stdout)
    ours, others = generation(world.client) - before[0], generation(yardstick) - before[1]
    if ours != 2 * rounds * layers(world) or others < 4 * rounds:
        raise RuntimeError(f"{rounds} rounds were {ours} and {others} transactions: not what was to be measured")

    socket_rounds = str(rounds)
    exchange = read_nanoseconds(
        world.client.run([helper("socket-times"), socket_rounds, uuid_of("full"), a.TUNNEL], timeout=600).stdout
    )
    world.manager.down("full")
    yardstick.close()

    script = "the guide's bash + iptables script"
    nft = "nft -f of the same rules"
    return [
        at_most("hook at vpn-down, exec to exit", times["0"], script, times["1"], 0.3),
        at_most("hook at vpn-up, exec to exit", times["4"], script, times["5"], 0.3),
        bound("hook at vpn-down, above /bin/true of the same round", _above(times["0"], times["3"]), 1),
        times_faster("hook at vpn-down, exec to exit", times["0"], nft, times["2"], 5),
        times_faster("hook at vpn-up, exec to exit", times["4"], nft, times["6"], 5),
        Row("/bin/true, exec to exit", times["3"]),
        Row("the guard's answer to vpn-down, socket only", exchange["down"], "a process that answers at once", exchange["echo"], f"{exchange['down'].median / exchange['echo'].median:.1f}"),
        Row("the guard's answer to vpn-up, socket only", exchange["up"]),
        Row("the guard's answer when nothing changes, socket only", exchange["quiet"]),
    ]
