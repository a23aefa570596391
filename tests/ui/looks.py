# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Stage's helpers say, so that their windows are full: a leak test's result, and refused packets."""


def _entry(more: str, rule: str = "outside", port: int = 443) -> str:
    return (
        "{'destination': <'203.0.113.9'>, 'protocol': <'tcp'>, 'port': <uint32 %d>, 'rule': <'%s'>, 'way': <'sent'>,"
        " 'count': <uint64 3>, 'last': <int64 1000000000>, 'uid': <int64 1000>, 'user': <'alice'>, %s}" % (port, rule, more)
    )


# One with all that may be known, one whose name would clear a terminal and turn what follows, one as long as it may
# be, and those of which little is known.
ENTRIES = [
    _entry("'program': <'firefox'>, 'path': <'/usr/lib/firefox/firefox'>, 'app': <'firefox'>"),
    _entry("'program': <'evil\x1b[2J\u202e'>, 'path': <'/tmp/evil\x1b[2J\u202e'>, 'unit': <'user@1000.service'>", "dns", 53),
    _entry(f"'program': <'{'W' * 15}'>, 'path': <'/{'long' * 60}'>, 'unit': <'{'x' * 250}.service'>", "local"),
    _entry("'program': <''>"),
    "{'way': <'forwarded'>, 'source': <'192.0.2.77'>, 'from': <'docker0'>, 'destination': <'2001:db8::9'>,"
    " 'protocol': <'icmp'>, 'rule': <'forwarded'>, 'count': <uint64 1>, 'last': <int64 1000000000>}",
    "{'way': <'frame'>, 'protocol': <'0x88cc'>, 'rule': <'frame'>, 'count': <uint64 7>, 'last': <int64 1000000000>}",
]

REFUSED = f"({{'state': <'on'>, 'lost': <true>, 'hidden': <uint32 2>, 'entries': <[{', '.join(ENTRIES)}]>}},)"


def _probe(what: str, family: int, interface: str, sender: str) -> str:
    return (
        f"{{'what': <'{what}'>, 'family': <uint32 {family}>, 'interface': <'{interface}'>, 'sender': <'{sender}'>,"
        f" 'fate': <'{'left' if what == 'udp' else 'held'}'>}}"
    )


_KINDS = ("tcp", "udp", "frame")
_PROBES = [
    _probe(what, family, interface, sender)
    for what in _KINDS for family in (4, 6) for interface in ("", "wlan0") for sender in ("root", "user")
    if what != "frame" or interface
]
LEAKED = (
    "({'verdict': <'leaked'>, 'state': <'blocked'>, 'leaks': <uint32 8>, 'user': <uint32 1000>, 'resolver': <'unknown'>,"
    f" 'server': <'reached'>, 'probes': <[{', '.join(_PROBES)}]>}},)"
)
CLOSED = LEAKED.replace("'leaked'", "'closed'").replace("'left'", "'held'")
