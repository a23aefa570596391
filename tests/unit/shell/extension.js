// SPDX-License-Identifier: GPL-2.0-or-later
// Stands in for GNOME Shell's extensions/extension.js.

export class Extension {}
export const gettext = text => text;
export const pgettext = (_context, text) => text;
export const ngettext = (one, many, number) => number === 1 ? one : many;
