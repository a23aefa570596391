# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks; see README.md."""
