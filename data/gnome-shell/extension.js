// SPDX-License-Identifier: GPL-2.0-or-later
// A tile in GNOME's quick settings: the lock of nm-killswitch, by the guard's interface on the system bus.

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';

import * as Main from 'resource:///org/gnome/shell/ui/main.js';
import * as QuickSettings from 'resource:///org/gnome/shell/ui/quickSettings.js';
import {Extension, gettext as _, ngettext, pgettext} from 'resource:///org/gnome/shell/extensions/extension.js';

import {describe, request} from './tile.js';

const NAME = 'io.github.nmkillswitch';
const PATH = '/io/github/nmkillswitch';
const INTERFACE = `${NAME}.Guard1`;
// of what holds something private the guard only says that it has changed
const FLAGS = Gio.DBusProxyFlags.DO_NOT_AUTO_START | Gio.DBusProxyFlags.GET_INVALIDATED_PROPERTIES;
const COLUMNS = 2; // one cuts our name and each sentence

const Tile = GObject.registerClass(
class Tile extends QuickSettings.QuickMenuToggle {
    _init() {
        super._init({title: _('VPN Kill Switch'), toggleMode: false});
        this._cancellable = new Gio.Cancellable();
        this.menu.addAction(pgettext('button', 'Show'), () => {
            Main.panel.closeQuickSettings();
            this._launch();
        });
        this.connect('clicked', () => this._ask());
        this.connect('destroy', () => {
            this._cancellable.cancel();
            this._proxy = null;
        });
        this._show();
        this._connect().catch(logError);
    }

    async _connect() {
        try {
            const proxy = await new Promise((resolve, reject) => {
                Gio.DBusProxy.new_for_bus(
                    Gio.BusType.SYSTEM, FLAGS, null, NAME, PATH, INTERFACE, this._cancellable,
                    (_source, result) => {
                        try {
                            resolve(Gio.DBusProxy.new_for_bus_finish(result));
                        } catch (error) {
                            reject(error);
                        }
                    });
            });
            this._proxy = proxy;
            proxy.connectObject(
                'g-properties-changed', () => this._show(), 'notify::g-name-owner', () => this._show(), this);
            this._show();
        } catch (error) {
            if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                throw error;
        }
    }

    get _properties() {
        if (!this._proxy?.g_name_owner)
            return null;
        const value = name => this._proxy.get_cached_property(name)?.deepUnpack();
        const count = name => this._proxy.get_cached_property(name)?.n_children() ?? 0;

        return {
            State: value('State'), Reason: value('Reason'), Locked: value('Locked'), PausedUntil: value('PausedUntil'),
            Tunnels: count('Tunnels'), Overlays: count('Overlays'), Exceptions: count('Exceptions'),
        };
    }

    _show() {
        const shown = describe(this._properties, _, ngettext);

        this.set({
            iconName: shown.icon, subtitle: shown.subtitle, checked: shown.checked, reactive: shown.sensitive,
        });
        this.menu.setHeader(shown.icon, _('VPN Kill Switch'), shown.subtitle);
    }

    _launch() {
        try {
            // not DesktopAppInfo.new(): GLib's releases have that in different namespaces
            const launcher = Gio.AppInfo.get_all().find(info => info.get_id() === `${NAME}.desktop`);

            if (launcher)
                launcher.launch([], global.create_app_launch_context(0, -1));
            else
                Main.notifyError(_('VPN Kill Switch'), `nm-killswitch-applet: ${_('a program is not installed')}`);
        } catch (error) {
            Main.notifyError(_('VPN Kill Switch'), error.message);
        }
    }

    // polkit may ask for a password, by the shell's own agent; that can take any time.
    _ask() {
        this._proxy?.call(
            request(this._properties), null, Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION, 2147483647, this._cancellable,
            (proxy, result) => {
                try {
                    proxy.call_finish(result);
                } catch (error) {
                    // a person who closed the prompt knows
                    if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED) ||
                        Gio.DBusError.get_remote_error(error) === `${NAME}.Error.NotAuthorised`)
                        return;
                    Gio.DBusError.strip_remote_error(error);
                    Main.notifyError(_('VPN Kill Switch'), error.message);
                }
            });
    }
});

export default class KillSwitch extends Extension {
    enable() {
        this._indicator = new QuickSettings.SystemIndicator();
        this._indicator.quickSettingsItems.push(new Tile());
        Main.panel.statusArea.quickSettings.addExternalIndicator(this._indicator, COLUMNS);
    }

    disable() {
        this._indicator.quickSettingsItems.forEach(item => item.destroy());
        this._indicator.destroy();
        this._indicator = null;
    }
}
