# SPDX-License-Identifier: GPL-2.0-or-later
"""What several benchmarks need: the C helpers, the kernel's count of nf_tables transactions."""

import socket
import struct
from pathlib import Path

from world.network import Namespace
from world.sandbox import build_dir
from world.world import World

_NETLINK_NETFILTER = 12
_GETGEN = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
_NLM_F_REQUEST = 1
_NFTA_GEN_ID = 1


def helper(name: str) -> str:
    program = build_dir() / "tests/bench" / name
    if not program.exists():
        raise RuntimeError(f"{name} is not built in {build_dir()} (meson setup build && ninja -C build)")
    return str(program)


def generation(namespace: Namespace) -> int:
    """Grows by one with each nf_tables transaction that changed something in there."""

    def ask() -> int:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
            netlink.bind((0, 0))
            netlink.send(struct.pack("=IHHIIBBH", 20, _GETGEN, _NLM_F_REQUEST, 1, 0, 0, 0, 0))
            answer = netlink.recv(4096)
        at = 20
        while at + 4 <= len(answer):
            length, kind = struct.unpack_from("=HH", answer, at)
            if kind == _NFTA_GEN_ID:
                return struct.unpack_from("!I", answer, at + 4)[0]
            at += (length + 3) & ~3
        raise RuntimeError("the kernel did not tell its nf_tables generation")

    return namespace.call(ask)


def layers(world: World) -> int:
    """Of the lock: a change is a transaction in each."""
    return sum(world.product.status()["layers"][layer] for layer in ("inet", "egress"))


def write_script(name: str, text: str) -> str:
    path = Path("/run/world/bench") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)
