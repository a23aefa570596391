// SPDX-License-Identifier: GPL-2.0-or-later
// Stands in for GNOME Shell's ui/main.js: what data/gnome-shell/extension.js uses of it.

export const errors = [];
export const notifyError = (_title, message) => errors.push(message);
export const panel = {
    closeQuickSettings() {},
    statusArea: {
        quickSettings: {
            indicators: [],
            addExternalIndicator(indicator) {
                this.indicators.push(indicator);
            },
        },
    },
};
