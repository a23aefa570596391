# SPDX-License-Identifier: GPL-2.0-or-later
"""openvpn as a person starts it, without NetworkManager: `openvpn --config client.ovpn`."""

from pathlib import Path

from . import addresses as a
from . import keys
from .waiting import wait_until
from .world import World

_FOLDER = Path("/run/world/by-hand")


class ByHand:
    """One such tunnel. `full`: it carries all traffic."""

    def __init__(self, world: World, tunnel: str = a.TUNNEL, full: bool = True):
        self._world = world
        self.tunnel = tunnel
        self._full = full
        self._program = None
        _FOLDER.mkdir(parents=True, exist_ok=True)
        self._config = _FOLDER / f"{tunnel}.ovpn"
        self._config.write_text(
            f"client\ndev {tunnel}\nproto udp\nnobind\nremote {a.SERVER[4]} {a.SERVER_PORT}\nremote-cert-tls server\n"
            f"ca {keys.FOLDER}/ca.crt\ncert {keys.FOLDER}/client.crt\nkey {keys.FOLDER}/client.key\n"
            "connect-retry 1\n" + ("redirect-gateway def1 ipv6\n" if full else "")
        )

    def start(self) -> None:
        assert not self.is_running, "it runs already"
        self._program = self._world.client.daemon("openvpn-by-hand", ["openvpn", "--config", str(self._config)])

    def wait_up(self) -> None:
        """Its addresses are there and, of one that carries all traffic, its routes."""
        wait_until(lambda: len(self._world.client.addresses(self.tunnel)) == 2, "the tunnel's addresses", 30)
        if self._full:
            for family, last in ((4, "128.0.0.0/1"), (6, "3000::/4")):
                routes = ["ip", f"-{family}", "route", "show", last]
                wait_until(lambda: self.tunnel in self._world.client.run(routes).stdout, f"openvpn's IPv{family} routes", 30)

    @property
    def pid(self) -> int:
        return self._program.pid

    @property
    def is_running(self) -> bool:
        return self._program is not None and self._program.poll() is None

    def kill(self) -> None:
        """SIGKILL, if it runs; returns when the tunnel is gone."""
        if self.is_running:
            self._program.kill()
            self._program.wait(10)
        wait_until(lambda: not self._world.client.has_link(self.tunnel), "the tunnel to be gone")
