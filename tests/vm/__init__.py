# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine: Debian's own kernel, initial RAM disk and udev, with kernel WireGuard and IPsec."""
