# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms in which providers write an OpenVPN file, one file of each: NetworkManager's own importer makes a
profile of it, and the lock lets out exactly the servers that openvpn itself goes to when it reads the same file.
The judge is openvpn's log, not a reading of the file by this test."""

import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import addresses as a
from . import keys
from .router import say_names
from .test_advice import do, steps
from .waiting import ProductTooSlow, wait_product

_FILES = Path("/run/world/forms")
_ONE, _TWO = (f"{name}.{a.ONLY_KNOWN_NAMES}" for name in ("one", "two"))
_ADDRESSES = {_ONE: ("198.51.100.66", "198.51.100.67"), _TWO: ("198.51.100.68",)}

# what differs; the rest is as usual
_FORMS = {
    "address, port and protocol in one line": "remote 198.51.100.66 1194 udp",
    "port and protocol in lines of their own": "remote 198.51.100.66\nport 443\nproto tcp",
    "protocol first": "proto udp\nremote 198.51.100.66 1197",
    "no port": "remote 198.51.100.66\nproto udp",
    "no protocol": "remote 198.51.100.66 1200",
    "its own port and another's": "port 5000\nremote 198.51.100.66 1201 udp",
    "rport": "remote 198.51.100.66\nrport 1202\nproto udp",
    "tcp-client": "proto tcp-client\nremote 198.51.100.66 443",
    "tcp4 in the line": "remote 198.51.100.66 444 tcp4",
    "udp4": "proto udp4\nremote 198.51.100.66 1203",
    "IPv6": "proto udp6\nremote 2001:db8:66::66 1204",
    "a name with several addresses": f"remote {_ONE} 1194 udp",
    "several remotes": f"remote {_TWO} 1194 udp\nremote 198.51.100.66 1300 udp\nremote 198.51.100.66 443 tcp",
    "several, at random": "remote-random\nproto udp\n" + "\n".join(f"remote 198.51.100.66 {port}" for port in (1301, 1302, 1303)),
    "several of one protocol": f"proto tcp\nremote {_TWO} 80\nremote {_TWO} 443",
    "comments and blanks": "# remote 198.51.100.70 1\n;remote 198.51.100.71 2\n\tremote   198.51.100.66\t 1305   udp  # here",
    "quotes": "remote \"198.51.100.66\" '1306' udp",
    "Windows' line ends": "proto udp\r\nremote 198.51.100.66 1307\r",
    "tcp-client in the line": "remote 198.51.100.66 445 tcp-client",
    "tcp6-client": "proto tcp6-client\nremote 2001:db8:66::66 446",
    "udp6 in the line": "remote 2001:db8:66::66 1308 udp6",
    "a name, of IPv4 alone": f"remote {_ONE} 1309 udp4",
    "a name and a port, the protocol behind it": f"remote {_TWO} 447\nproto tcp",
    "protocols mixed with a default": f"proto tcp\nremote {_TWO} 448\nremote 198.51.100.66 1310 udp",
    "the same remote twice": "remote 198.51.100.66 1311 udp\nremote 198.51.100.66 1311 udp",
    "an exit notice and float": "proto udp\nremote 198.51.100.66 1312\nfloat\nexplicit-exit-notify 2",
    "a name with a dot at its end": f"remote {_TWO}. 1313 udp",
    "a name in capitals": f"remote {_TWO.upper()} 1314 udp",
    "with retries and waits": f"remote {_TWO} 1315 udp\nresolv-retry infinite\nhand-window 20\nconnect-retry 2 5",
    "through an HTTP proxy": "proto tcp\nremote 198.51.100.66 443\nhttp-proxy 198.51.100.69 8080\nhttp-proxy-retry",
    "through a SOCKS proxy": "proto tcp\nremote 198.51.100.66 443\nsocks-proxy 198.51.100.69 1080\nsocks-proxy-retry",
}
_REST = """client
dev tun
nobind
persist-key
persist-tun
remote-cert-tls server
cipher AES-256-GCM
auth SHA256
verb 3
"""
_TO = re.compile(r"(?:(UDP|TCP)[A-Za-z0-9_]* link remote: |Attempting to establish (TCP) connection with )\[AF_INET6?\]([0-9a-f.:]+):(\d+)")


def _inline(name: str, tag: str) -> str:
    return f"<{tag}>\n{(Path(keys.FOLDER) / name).read_text()}</{tag}>\n"


def _text(form: str) -> str:
    return _REST + form + "\n" + _inline("ca.crt", "ca") + _inline("client.crt", "cert") + _inline("client.key", "key")


@pytest.fixture(scope="module")
def guarded(world):
    say_names(*(f"{address} {name}" for name, addresses in _ADDRESSES.items() for address in addresses))
    world.outside.kill("dnsmasq", signal.SIGHUP)
    _FILES.mkdir(exist_ok=True)
    for number, form in enumerate(_FORMS.values()):
        (_FILES / f"form{number}.ovpn").write_text(_text(form), newline="")
    world.product.install()
    world.product.start_guard()
    return world


def _goes_to(world, number: int, form: str) -> set[tuple[str, str, int]]:
    """Where openvpn goes, from its log: it tries each in turn, and each of its addresses."""
    command = ["timeout", "60", "openvpn", "--config", str(_FILES / f"form{number}.ovpn"), "--dev", "null", "--connect-retry", "1", "1"]
    command += ["--server-poll-timeout", "1", "--connect-retry-max", "1", "--verb", "3"]
    said = world.client.run(command, check=False, timeout=90).stdout
    found = {(address.strip("[]"), (udp or tcp).lower(), int(port)) for udp, tcp, address, port in _TO.findall(said)}
    assert found and len(found) >= len(set(_lines(form))), f"openvpn does not go through all: {said}"
    return found


def _lines(form: str) -> list[str]:
    proxied = re.search(r"(?m)^(?:http|socks)-proxy (.*)", form)
    return [proxied[1]] if proxied else re.findall(r"(?m)^\s*remote\s+(.*)", form)


def test_each_form(guarded):
    with ThreadPoolExecutor(len(_FORMS)) as pool:
        wanted = dict(zip(_FORMS, pool.map(lambda each: _goes_to(guarded, *each), enumerate(_FORMS.values()))))
    for number in range(len(_FORMS)):
        guarded.manager.nmcli("connection", "import", "--temporary", "type", "openvpn", "file", str(_FILES / f"form{number}.ovpn"))
    guarded.product.ctl("lock")

    def let_out() -> dict[str, set]:
        found = {form: set() for form in _FORMS}
        for server in guarded.product.status()["servers"]:
            if server["name"].startswith("form") and server["not_let_out"] == "" and server["address"]:
                form = list(_FORMS)[int(server["name"].removeprefix("form"))]
                found[form].add((server["address"], server["protocol"], server["port"]))
        return found

    def differs() -> dict:
        have = let_out()
        return {form: (sorted(have[form]), sorted(wanted[form])) for form in _FORMS if have[form] != wanted[form]}

    try:
        wait_product(lambda: not differs(), "what is let out to be what openvpn goes to", 20)
    except ProductTooSlow as error:
        raise ProductTooSlow(f"{error}: {json.dumps(differs(), indent=1)}") from None
    finally:
        guarded.product.ctl("unlock")
        guarded.manager.nmcli("connection", "delete", *(f"form{number}" for number in range(len(_FORMS))))


def test_import_as_status_says(guarded):
    """Locked, and no VPN is set up."""
    guarded.manager.nmcli("connection", "delete", "full", "split", "second", "dead", "static")
    guarded.product.ctl("lock")
    guarded.product.wait_reason("no-servers")
    unlock, add = steps(guarded)
    do(guarded, unlock)
    file = _FILES / "mine.ovpn"
    file.write_text(_text(f"remote {a.SERVER[4]} {a.SERVER_PORT} udp"))
    do(guarded, add.replace("FILE", str(file)))
    guarded.manager.up("mine")
    guarded.product.wait_state("protected")
    guarded.manager.down("mine")
