# SPDX-License-Identifier: GPL-2.0-or-later
"""The booted world: a copy of this machine that systemd really boots, and the world's outside."""
