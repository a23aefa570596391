// SPDX-License-Identifier: GPL-2.0-or-later
// The tile for GNOME's quick settings (data/gnome-shell): what it shows in each state, in the applet's own words. Run as
// gjs -m test-tile.js SOURCE RESOURCES: the top of the tree, and a bundle of stand-ins for the shell's modules.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const [top, bundle] = ARGV;
const read = path => new TextDecoder().decode(GLib.file_get_contents(`${top}/${path}`)[1]);
const {describe, request, REASONS, SENTENCES} = await import(`file://${top}/data/gnome-shell/tile.js`);
let number = 0;

function same(is, should, what) {
    const [a, b] = [JSON.stringify(is), JSON.stringify(should)];

    number++;
    print(a === b ? `ok ${number} - ${what}` : `not ok ${number} - ${what}: ${a}, not ${b}`);
    if (a !== b)
        imports.system.exit(1);
}

// ---- the same words as the applet's

const source = read('applet/sentences.c');
const words = {};
for (const [, key, word] of read('applet/guard-state.c').matchAll(/\[(KS_REASON_\w+)\] = "([^"]*)"/g)) {
    const [, headline] = source.match(new RegExp(`\\[${key}\\] = \\{ N_\\("([^"]+)"\\)`));
    words[word] = headline;
}
same(Object.keys(words).length > 20, true, 'the reasons are found');
same(REASONS, words, 'each reason has the headline of the applet');
for (const text of SENTENCES)
    same(source.includes(`"${text}"`), true, text);

// ---- what is shown

const plain = text => text;
const plural = (one, many, number) => number === 1 ? one : many;
const show = properties => {
    const {icon, subtitle, checked, sensitive} = describe(properties, plain, plural);
    return [icon.replace(/^io.github.nmkillswitch-|-symbolic$/g, ''), subtitle, checked, sensitive];
};
GLib.setenv('TZ', 'UTC', true);
same(show(null), ['away', 'The guard is not running', false, false], 'no guard: nothing can be asked of it');
same(show({State: 'unlocked', Reason: '', Locked: false}), ['unlocked', 'Unlocked: traffic leaves freely', false, true], 'unlocked');
same(show({State: 'unlocked', Reason: '', Locked: false, Tunnels: 1})[1], 'Unlocked: traffic can leave without the VPN, too',
    'unlocked beside a VPN that is up');
same(show({State: 'protected', Reason: '', Locked: true}), ['protected', 'Protected: everything goes through the VPN', true, true], 'protected');
same(show({State: 'protected', Reason: 'some-networks', Locked: true}),
    ['protected', 'Protected: only some networks can be reached', true, true], 'some networks');
same(show({State: 'blocked', Reason: 'login-failed', Locked: true}), ['blocked', 'Blocked: the VPN refused the login', true, true], 'blocked');
same(show({State: 'blocked', Reason: 'of-a-newer-guard', Locked: true}), ['blocked', 'Blocked: no VPN is connected', true, true], 'a new reason');
same(show({State: 'blocked', Reason: 'toString', Locked: true})[1], 'Blocked: no VPN is connected', 'no word of the language');
same(show({State: 'broken', Reason: 'kernel', Locked: false}), ['broken', 'Broken: traffic may be leaving freely', false, true], 'broken and open');
same(show({State: 'newer', Reason: '', Locked: true})[0], 'broken', 'a new state is no good one');
same([1, 2].map(Overlays => show({State: 'protected', Reason: '', Locked: true, Overlays})[1]), [
    'Protected: everything goes through the VPN, but for 1 overlay network',
    'Protected: everything goes through the VPN, but for 2 overlay networks',
], 'overlay networks');
const excepted = (State, Exceptions, Reason = '') => show({State, Reason, Locked: true, Exceptions, Overlays: 1})[1];
same(excepted('blocked', 1, 'login-failed'), 'Blocked (1 exception): the VPN refused the login', 'an exception, ahead of all else');
same(excepted('protected', 2), 'Protected (2 exceptions): everything goes through the VPN, but for 1 overlay network', 'exceptions');
same(excepted('paused', 1), 'Paused until 00:00: traffic leaves freely', 'all leaves, not the exception alone');
same(['Bloqué\u00a0: a', '遮断中\uff1aa'].map(text => describe({State: 'blocked', Exceptions: 1}, () => text, plural).subtitle),
    ['Bloqué (1 exception)\u00a0: a', '遮断中 (1 exception)\uff1aa'], 'other colons');
const paused = until => show({State: 'paused', Reason: '', Locked: true, PausedUntil: until})[1];
same(paused(13 * 3600 + 240), 'Paused until 13:04: traffic leaves freely', 'paused');
same([1e15, 2 ** 64].map(paused), Array(2).fill('Paused until ?: traffic leaves freely'), 'until no day that there is');
same(read('applet/window-text.c').includes('_("%H:%M")'), true, 'the time as the applet writes it');
same([request({Locked: true}), request({Locked: false}), request({})], ['Unlock', 'Lock', 'Lock'], 'what a click asks for');

// ---- in the shell, without a bus

for (const [name, value] of [['DBUS_SYSTEM_BUS_ADDRESS', 'unix:path=/nonexistent'], ['XDG_DATA_DIRS', '/nonexistent'],
    ['XDG_DATA_HOME', '/nonexistent']])
    GLib.setenv(name, value, true);
Gio.resources_register(Gio.Resource.load(bundle));
const Main = await import('resource:///org/gnome/shell/ui/main.js');
const {default: KillSwitch} = await import(`file://${top}/data/gnome-shell/extension.js`);
const extension = new KillSwitch();
extension.enable();
const [tile] = Main.panel.statusArea.quickSettings.indicators[0].quickSettingsItems;
same([tile.title, tile.subtitle, tile.checked, tile.reactive],
    ['VPN Kill Switch', 'The guard is not running', false, false], 'before the guard is heard of');
tile.emit('clicked'); // asks nobody
tile.menu.actions['Show']();
same(Main.errors, ['nm-killswitch-applet: a program is not installed'], 'no launcher');
same(read('dispatcher/ctl/show-always-on.c').includes('"a program is not installed"'), true, 'which is translated');

const asked = [];
let locked = true;
tile._proxy = {
    g_name_owner: ':1.1',
    get_cached_property: name => ({
        Locked: new GLib.Variant('b', locked), State: new GLib.Variant('s', 'unlocked'), Tunnels: new GLib.Variant('aa{sv}', [{}]),
    })[name] ?? null,
    call: (method, parameters, flags) => asked.push([method, parameters, flags]),
};
tile._show();
same(tile.subtitle, 'Unlocked: traffic can leave without the VPN, too', 'what is up is counted');
tile.emit('clicked');
locked = false;
tile.emit('clicked');
same(asked, ['Unlock', 'Lock'].map(method => [method, null, Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION]),
    'a click asks the guard, and polkit may ask for a password');
extension.disable();
same(extension._indicator, null, 'disabled');
print(`1..${number}`);
imports.system.exit(0);
