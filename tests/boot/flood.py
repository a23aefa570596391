# SPDX-License-Identifier: GPL-2.0-or-later
"""The flood of tests/world on a machine that is booted: canaries by the uplink, a conversation in
the tunnel, both counted outside."""

from world import addresses as a
from world import flooding, losses
from world.flooding import PUBLIC, Part, Verdict

from .machine import Machine
from .outside import WIRE_END, Outside

# A busy machine must not lose what the lock let through: less than a processor's worth
_RATE = 6000
_TUNNEL_RATE = 500
_QUEUE = 20000  # packets that may wait for the VPN's program while it gets no processor


class Flood(flooding.Flood):
    def __init__(self, outside: Outside, machine: Machine):
        """The VPN with the default route is up."""
        self._namespaces = {"machine": machine.client, "outside": outside.namespace}
        self._drops = losses.drops(**self._namespaces)
        self._transactions = losses.Transactions(machine.client)
        assert PUBLIC[4] in machine.client.run(["ip", "route"]).stdout, "prepare() comes first"
        self._watch = Part(outside.namespace, "watch", WIRE_END)
        self._tunnel = [
            Part(outside.namespace, "echo", a.WEB[4], a.WEB[6]),
            Part(machine.client, "tunnel", _TUNNEL_RATE, a.WEB[4], a.WEB[6]),
        ]
        targets = (PUBLIC[4], PUBLIC[6], a.PRIVATE_ROUTER[4], a.PRIVATE_ROUTER[6])
        self._send = Part(machine.client, "send", _RATE, a.UPLINK, *targets)

    def stop(self) -> Verdict:
        verdict = super().stop()
        more = losses.grown(self._drops, losses.drops(**self._namespaces))
        verdict.told = losses.tell(verdict.missing, verdict.unheard, self._transactions.stop(), more)
        return verdict


def prepare(outside: Outside, machine: Machine) -> None:
    """A way to the canaries' hosts by the uplink, whatever VPN is up."""
    for where, link in ((outside.namespace, a.SERVER_TUNNEL), (machine.client, a.TUNNEL)):
        where.ip(f"link set {link} txqueuelen {_QUEUE}")
    flooding.forget_the_departed(outside.namespace)
    outside.namespace.ip(f"route replace blackhole {PUBLIC[4]}/32", f"route replace blackhole {PUBLIC[6]}/128")
    shown = machine.client.run(["ip", "-6", "route", "show", "default", "dev", a.UPLINK]).stdout
    router6 = shown.split("via ")[1].split()[0]
    machine.client.ip(
        f"route replace {PUBLIC[4]}/32 via {a.ROUTER[4]} dev {a.UPLINK}",
        f"route replace {PUBLIC[6]}/128 via {router6} dev {a.UPLINK}",
    )


def require_held(verdict: Verdict) -> None:
    """Nothing got out, nothing of the tunnel is missing, and somebody looked."""
    require_seen_by_watch(verdict)
    assert not verdict.plain and not verdict.lan, f"{len(verdict.plain)} + {len(verdict.lan)} canaries LEAKED"
    assert verdict.lost == 0, f"the tunnel lost packets: {verdict.counts}\n{verdict.told}"


def require_seen_by_watch(verdict: Verdict) -> None:
    counts = verdict.counts
    assert counts["overlooked"] == 0, f"the watch overlooked {counts['overlooked']} frames"
    assert counts["frames"] > 0, "the watch saw nothing at all"
    assert counts["tried"] * 1000 / counts["milliseconds"] > _RATE / 2, f"hardly a flood: {counts}"
    assert counts["asked"] > 0 and counts["answered"] > 0, f"no conversation in the tunnel: {counts}"
