# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages: as files, and on a machine that is booted."""
