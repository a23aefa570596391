# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs save of the kernel's rules while it is locked holds nothing of the lock, and loads
again; `nft list ruleset` is the control. boot/test_firewalls does the same with firewalld and ufw."""

import pytest

TOOLS = ("iptables-nft", "ip6tables-nft", "ebtables-nft", "arptables-nft")
_CHAIN = {"ebtables-nft": "OUTPUT -d 02:00:00:00:00:99", "arptables-nft": "OUTPUT --opcode 2"}


@pytest.fixture(scope="module")
def locked(world):
    world.product.install()
    world.product.start_guard()
    world.product.ctl("auto", "off")
    world.manager.up("full")
    world.product.ctl("lock")
    world.product.wait_state("protected")
    yield world
    world.product.ctl("unlock")


@pytest.mark.parametrize("tool", TOOLS)
def test_xtables_save(locked, tool):
    client, before = locked.client, locked.product.tables()
    client.run([tool, "-A", *_CHAIN.get(tool, "OUTPUT -p udp --dport 4711").split(), "-j", "ACCEPT"])
    saved = client.run([f"{tool}-save"])
    assert "OUTPUT" in saved.stdout and "ACCEPT" in saved.stdout, "it saves what is its own"
    assert "nm_killswitch" not in saved.stdout and "incompatible" not in saved.stdout
    assert "nm_killswitch" in client.run(["nft", "list", "ruleset"]).stdout, "the control"
    client.run([f"{tool}-restore"], input=saved.stdout)
    assert client.run([f"{tool}-save"]).stdout.count("ACCEPT") == saved.stdout.count("ACCEPT")
    client.run([tool, "-F", "OUTPUT"])
    status = locked.product.status()
    assert status["state"] == "protected" and status["verified"] and locked.product.tables() == before
