# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's own services: the system bus, polkit, NetworkManager and its dispatcher."""

import os
import signal
import subprocess
from pathlib import Path

from . import profiles, versions
from .addresses import TUNNEL
from .network import Namespace
from .waiting import wait_listens, wait_until

_BUS_SOCKET = Path("/run/dbus/system_bus_socket")
_POLKITD = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd")
# A guest's link has addresses that are not NetworkManager's: its own udev rules leave every veth alone, and nobody reads
# them here.
_CONFIG = """[main]
plugins=keyfile
dhcp=internal
dns=default
rc-manager=file
hostname-mode=none
no-auto-default=*
[keyfile]
unmanaged-devices=interface-name:port9;interface-name:guest0
[connectivity]
enabled=false
[logging]
level=INFO
domains=ALL,VPN_PLUGIN:INFO
"""


class Manager:
    def __init__(self, client: Namespace):
        self._client = client
        self._network_manager: subprocess.Popen | None = None

    def start_bus(self) -> None:
        _BUS_SOCKET.unlink(missing_ok=True)
        # in the client's namespace, so that the dispatcher that it starts is there too
        self._client.daemon("dbus", ["dbus-daemon", "--system", "--nofork", "--nopidfile"])
        wait_listens(_BUS_SOCKET, "the system bus")
        program = next((p for p in _POLKITD if os.path.exists(p)), None)
        if program is None:
            raise RuntimeError("polkitd is not installed")
        self._client.daemon("polkitd", [program, "--no-debug"])
        self._start_password_helper()

    def _start_password_helper(self) -> None:
        """What systemd does by polkit-agent-helper.socket, where polkit has come to that."""
        helper = versions.polkit().helper
        if not helper:
            return
        socket = Path(versions.POLKIT_HELPER_SOCKET)
        socket.parent.mkdir(exist_ok=True)
        socket.unlink(missing_ok=True)
        listen = ["systemd-socket-activate", "--accept", "--inetd", f"--listen={socket}"]
        self._client.daemon("polkit-agent-helper", [*listen, *helper])
        wait_until(socket.exists, "polkit's password helper")
        socket.chmod(0o666)

    def write_config(self) -> None:
        Path("/etc/NetworkManager/NetworkManager.conf").write_text(_CONFIG)
        profiles.write_all()

    def start(self) -> None:
        self._network_manager = self._client.daemon("NetworkManager", ["NetworkManager", "--debug"])
        self.wait_ready()

    def wait_ready(self) -> None:
        wait_until(
            lambda: self.nmcli("-t", "-f", "RUNNING", "general", check=False).stdout.strip() == "running",
            "NetworkManager to answer",
        )

    @property
    def is_running(self) -> bool:
        return self._network_manager is not None and self._network_manager.poll() is None

    def stop(self, number: int = signal.SIGTERM) -> None:
        self._network_manager.send_signal(number)
        self._network_manager.wait(60)

    def restart(self, number: int = signal.SIGTERM) -> None:
        self.stop(number)
        self.start()
        self.wait_uplink()

    def wait_uplink(self) -> None:
        # blocks in NetworkManager until the running activation is done
        wait_until(lambda: self.state_of("uplink") == "activated", "the uplink to get its addresses", 60)

    def nmcli(self, *arguments: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess:
        return self._client.run(["nmcli", *arguments], check=check, timeout=timeout)

    def up(self, profile: str, wait: int = 60) -> None:
        self.nmcli("--wait", str(wait), "connection", "up", profile, timeout=wait + 30)

    def down(self, profile: str, wait: int = 60) -> None:
        """Returns when the tunnel is gone as well: nmcli does not wait for openvpn to end."""
        self.nmcli("--wait", str(wait), "connection", "down", profile, timeout=wait + 30)
        self.wait_down(profile)

    def wait_down(self, profile: str) -> None:
        wait_until(lambda: self.state_of(profile) == "", f"{profile} to be down")
        wait_until(lambda: not self._client.has_link(TUNNEL), "the tunnel to be gone")

    def begin(self, profile: str) -> None:
        """Starts an activation that is not expected to end."""
        self.nmcli("--wait", "0", "connection", "up", profile)
        wait_until(lambda: self.state_of(profile) == "activating", f"{profile} to be connecting")

    def all_down(self) -> None:
        for profile in profiles.VPNS:
            if self.state_of(profile):
                self.down(profile)

    def state_of(self, profile: str) -> str:
        """activating, activated, deactivating, or "" when it is not active."""
        shown = self.nmcli("-g", "GENERAL.STATE", "connection", "show", profile, check=False)
        return shown.stdout.strip() if shown.returncode == 0 else ""
