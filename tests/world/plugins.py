# SPDX-License-Identifier: GPL-2.0-or-later
"""A VPN plugin of the tests' own, made known to NetworkManager and to the bus."""

from pathlib import Path


def offer(kind: str, program: str = "/bin/false") -> None:
    """In place of the real one, if it is installed. NetworkManager watches both folders, and starts `program`
    when such a VPN is to connect."""
    service = f"org.freedesktop.NetworkManager.{kind}"
    Path(f"/usr/lib/NetworkManager/VPN/nm-{kind}-service.name").unlink(missing_ok=True)
    Path(f"/etc/NetworkManager/VPN/nm-{kind}-service.name").write_text(
        f"[VPN Connection]\nname={kind}\nservice={service}\nprogram={program}\n"
    )
    Path(f"/etc/dbus-1/system.d/world-{kind}.conf").write_text(
        f'<busconfig><policy user="root"><allow own="{service}"/><allow send_destination="{service}"/></policy></busconfig>'
    )
