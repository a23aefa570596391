# SPDX-License-Identifier: GPL-2.0-or-later
"""Another version of nm-killswitch with another skeleton: chains, rules, sets and a counter more,
a base chain that stands elsewhere, sets of another kind. Made of the sources on a machine's disk."""

from typing import NamedTuple

from . import image
from .machine import Disk, Machine

THIS, NEXT = "/root/this-version", "/root/next-version"  # what a package of each would hold
MARK = "next_version"  # a chain of both tables that only the other version has
_BUILD = f"{image.SOURCE}/build-install"


class _Edit(NamedTuple):
    file: str
    anchor: str  # stands there once
    text: str  # goes behind it


_RULES = "dispatcher/rules"
EDITS = (
    _Edit(f"{_RULES}/lock-table.h", "    KS_CHAIN_LAN_IN,\n", "    KS_CHAIN_NEXT,\n    KS_CHAIN_NEXT_BASE,\n"),
    _Edit(f"{_RULES}/lock-table.h", "    KS_NFT_SET_QUESTION_TYPES,\n", "    KS_NFT_SET_NEXT,\n"),
    _Edit(f"{_RULES}/lock-table.h", "    KS_COUNTER_BLOCKED_IN,\n", "    KS_COUNTER_NEXT,\n"),
    _Edit(f"{_RULES}/lock-table.h", "#define KS_PRIORITY_LAST   30", "5 // was 300: "),
    _Edit(
        f"{_RULES}/lock-table.c",
        "static const KsChain chains[KS_CHAIN_MAX] = {\n",
        f'    [KS_CHAIN_NEXT] = {{ "{MARK}", false, 0, 0 }},\n'
        '    [KS_CHAIN_NEXT_BASE] = { "next_base", true, NF_INET_PRE_ROUTING, KS_PRIORITY_FILTER },\n',
    ),
    _Edit(
        f"{_RULES}/lock-table.c",
        "static const char *const counters[KS_COUNTER_MAX] = {\n",
        '    [KS_COUNTER_NEXT] = "next_counter",\n',
    ),
    _Edit(
        f"{_RULES}/lock-sets.c",
        "const KsSetDefinition ks_lock_sets[KS_NFT_SET_MAX] = {\n",
        '    [KS_NFT_SET_NEXT] = { .name = "next_set", .nft_type = "ipv4_addr", .key_type = TYPE_IPV4_ADDR,'
        " .key_length = 4, .flags = NFT_SET_CONSTANT, CONSTANTS(question_types, \"\") },\n",
    ),
    # of another kind: what it holds must be carried over
    _Edit(
        f"{_RULES}/lock-sets.c",
        '    INTERFACES(KS_SET_OPEN_INTERFACES, "open_interfaces", "loopback, and tunnels that are up"),\n',
        "    [KS_SET_OPEN_INTERFACES].flags = NFT_SET_TIMEOUT,\n",
    ),
    _Edit(f"{_RULES}/lock-sets.c", "    [KS_SET_DHCP_SERVERS] = {\n", "        .flags = NFT_SET_TIMEOUT,\n"),
    _Edit(
        f"{_RULES}/lock-rules.c",
        "static const KsRule rules[] = {\n",
        '    { KS_CHAIN_NEXT_BASE, "accept", DO(ACCEPT) },\n'
        '    { KS_CHAIN_NEXT, "counter name next_counter", DO(COUNT(KS_COUNTER_NEXT)) },\n'
        f'    {{ KS_CHAIN_LEAVING, "jump {MARK}", DO(JUMP(KS_CHAIN_NEXT)) }},\n'
        f'    {{ KS_CHAIN_INPUT, "jump {MARK}", DO(JUMP(KS_CHAIN_NEXT)) }},\n',
    ),
    _Edit(f"{_RULES}/egress-table.h", "    KS_EGRESS_LAN6,\n", "    KS_EGRESS_NEXT,\n"),
    _Edit(
        f"{_RULES}/egress-table.c",
        "static const KsChain shared_chains[KS_EGRESS_CHAINS] = {\n",
        f'    [KS_EGRESS_NEXT] = {{ .name = "{MARK}" }},\n',
    ),
    _Edit(
        f"{_RULES}/egress-rules.c",
        "static const KsRule rules[] = {\n",
        f'    {{ KS_EGRESS_ETHERNET, "jump {MARK}", DO(JUMP(KS_EGRESS_NEXT)) }},\n',
    ),
)


def _edit(disk: Disk) -> None:
    for edit in EDITS:
        path = disk.path(f"{image.SOURCE}/{edit.file}")
        text = path.read_text()
        if text.count(edit.anchor) != 1:
            raise RuntimeError(f"{edit.file} has changed: {edit.anchor!r} stands there {text.count(edit.anchor)} times")
        path.write_text(text.replace(edit.anchor, edit.anchor + edit.text))


def _stage(machine: Machine, folder: str) -> None:
    machine.run("env", f"DESTDIR={folder}", "meson", "install", "-C", _BUILD, "--no-rebuild", "--quiet")


def build(machine: Machine) -> None:
    """Leaves THIS and NEXT on the machine, and the sources and their build as the next version's."""
    _stage(machine, THIS)
    _edit(machine.disk)
    machine.run(*image.compiler(), "ninja", "-C", _BUILD, timeout=900)
    _stage(machine, NEXT)


_REPLACE = """
cd "$1" && find . -type f | while read -r file; do
    mkdir -p "/${file%/*}" && cp -a "$file" "/$file.new" && mv "/$file.new" "/$file" || exit 1
done
"""


def replace_files(machine: Machine, folder: str) -> None:
    """As a package manager: each file by a rename."""
    machine.run("sh", "-ec", _REPLACE, "sh", folder)


def upgrade(machine: Machine, folder: str) -> None:
    """As a package: the files, then the guard again."""
    replace_files(machine, folder)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "nm-killswitch.service")


def is_next(machine: Machine) -> bool:
    """Which version's rules the kernel holds, both tables; raises if they differ."""
    has = {
        family: f"chain {MARK} " in machine.client.run(["nft", "list", "table", family, "nm_killswitch"]).stdout
        for family in ("inet", "netdev")
    }
    assert len(set(has.values())) == 1, has
    return has["inet"]
