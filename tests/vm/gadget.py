# SPDX-License-Identifier: GPL-2.0-or-later
"""A phone at a USB cable, as the kernel's own gadget at its own simulated port (dummy_hcd): its network function's one
end is a card of this machine's, the other goes to the namespace `far`. Runs in there: `gadget.py plug FUNCTION
CARD-ADDRESS FAR-ADDRESS`, `gadget.py unplug FUNCTION`."""

import os
import subprocess
import sys
import time
from pathlib import Path

_CONFIG = Path("/sys/kernel/config")
_PHONE = _CONFIG / "usb_gadget/phone"
_CONTROLLER = "dummy_udc.0"


def _wait_card(address: str) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for name in os.listdir("/sys/class/net"):
            try:
                if Path(f"/sys/class/net/{name}/address").read_text().strip() == address:
                    return name
            except OSError:
                pass  # gone again
        time.sleep(0.1)
    raise SystemExit(f"no card {address} came")


def plug(function: str, card: str, far: str) -> None:
    if not os.path.ismount(_CONFIG):
        subprocess.run(["mount", "-t", "configfs", "none", str(_CONFIG)], check=True)
    _PHONE.mkdir()
    for name, value in (("idVendor", "0x1d6b"), ("idProduct", "0x0104")):
        (_PHONE / name).write_text(value)
    (_PHONE / "strings/0x409").mkdir(exist_ok=True)
    (_PHONE / "strings/0x409/serialnumber").write_text("1")
    made = _PHONE / f"functions/{function}.usb0"
    made.mkdir()
    (made / "host_addr").write_text(card)
    (made / "dev_addr").write_text(far)
    (_PHONE / "configs/c.1").mkdir()
    (_PHONE / f"configs/c.1/{function}.usb0").symlink_to(made)
    (_PHONE / "UDC").write_text(_CONTROLLER)
    subprocess.run(["ip", "link", "set", _wait_card(far), "netns", "far", "name", "clear0"], check=True)
    subprocess.run(["ip", "-n", "far", "link", "set", "clear0", "up"], check=True)
    print(_wait_card(card))


def unplug(function: str) -> None:
    (_PHONE / "UDC").write_text("\n")
    (_PHONE / f"configs/c.1/{function}.usb0").unlink()
    for folder in ("configs/c.1", f"functions/{function}.usb0", "strings/0x409", ""):
        (_PHONE / folder).rmdir()


if __name__ == "__main__":
    {"plug": plug, "unplug": unplug}[sys.argv[1]](*sys.argv[2:])
