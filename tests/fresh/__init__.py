# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of the README on bare systems of other releases."""
