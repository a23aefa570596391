# SPDX-License-Identifier: GPL-2.0-or-later
"""The world as one object: start it, connect, look at it from outside."""

import shutil
import subprocess
import threading
from pathlib import Path

from . import addresses as a
from . import keys, router
from .capture import Capture, TunnelCapture
from .manager import Manager
from .network import Namespace, wire
from .product import Product
from .sandbox import require_sandbox


def _forget_the_last_world() -> None:
    """One sandbox may see several worlds, one after the other."""
    for name in ("log", "keys"):
        shutil.rmtree(f"/run/world/{name}", ignore_errors=True)
    Path("/run/world/log").mkdir(parents=True)
    for name in ("/var/lib/NetworkManager", "/run/NetworkManager", "/etc/NetworkManager/system-connections"):
        shutil.rmtree(name, ignore_errors=True)
        Path(name).mkdir(mode=0o700)


class World:
    """`with World() as world:` — see README.md for what is in it."""

    def __init__(self) -> None:
        require_sandbox()
        _forget_the_last_world()
        self.client = Namespace("client")
        self.outside = Namespace("outside")
        self.manager = Manager(self.client)
        self.product = Product(self.client)
        self.capture: Capture | None = None

    def __enter__(self) -> "World":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        making_keys = threading.Thread(target=keys.make_keys)
        making_keys.start()
        self.manager.start_bus()
        self._configure_client()
        router.configure_links(self.outside)
        internet = router.start_internet(self.outside)  # it listens on addresses of those links
        self.capture = Capture(self.outside, self.client)
        router.start_dnsmasq(self.outside)
        self.manager.write_config()
        self.manager.start()
        making_keys.join()
        router.start_vpn_servers(self.outside)
        router.wait_for_outside(self.outside, internet)
        self.manager.wait_uplink()

    def _configure_client(self) -> None:
        # duplicate address detection costs two seconds and the wire has only two ends
        self.client.sysctl(ipv6__conf__default__accept_dad=0, ipv6__conf__default__dad_transmits=0)
        # an address that the kernel takes from the router first makes it somebody else's link to NetworkManager
        self.client.sysctl(ipv6__conf__default__accept_ra=0)
        wire(self.client, a.UPLINK, self.outside, a.ROUTER_END)
        self.client.ip(f"link set {a.UPLINK} up")
        # read-only: NetworkManager then takes links without waiting for an udev that is not there
        self.client.run(["mount", "-t", "sysfs", "-o", "ro", "sysfs", "/sys"])

    def tunnel_capture(self, link: str = a.SERVER_TUNNEL) -> TunnelCapture:
        return TunnelCapture(self.outside, link)

    def close_capture(self) -> None:
        """For benchmarks: it takes a processor's time for every frame, and keeps them all."""
        if self.capture:
            self.capture.close()
            self.capture = None

    def close(self) -> None:
        self.close_capture()
        self.client.close()
        self.outside.close()
        self.product.remove()
        subprocess.run(["umount", "/sys"], check=False, stderr=subprocess.DEVNULL)
