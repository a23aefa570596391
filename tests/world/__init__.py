# SPDX-License-Identifier: GPL-2.0-or-later
"""A small world in namespaces: a client with NetworkManager, and everything outside it."""
