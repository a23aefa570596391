// SPDX-License-Identifier: GPL-2.0-or-later
// Stands in for GNOME Shell's ui/quickSettings.js.

import GObject from 'gi://GObject';

export const QuickMenuToggle = GObject.registerClass({
    Signals: {clicked: {}, destroy: {}},
}, class QuickMenuToggle extends GObject.Object {
    _init(properties) {
        super._init();
        Object.assign(this, properties);
        this.menu = {
            actions: {},
            addAction(label, action) {
                this.actions[label] = action;
            },
            setHeader() {},
        };
    }

    set(properties) {
        Object.assign(this, properties);
    }

    destroy() {
        this.emit('destroy');
    }
});

export class SystemIndicator {
    quickSettingsItems = [];

    destroy() {}
}
