// SPDX-License-Identifier: GPL-2.0-or-later
// What the tile shows, from the guard's properties. Pure, and without the shell: tests load it.

import GLib from 'gi://GLib';

const ICON = 'io.github.nmkillswitch';

// The applet's own sentences (applet/sentences.c), with their translations; a test compares them.
export const REASONS = {
    '': 'Blocked: no VPN is connected',
    'no-vpn': 'Blocked: no VPN is connected',
    'connecting': 'Blocked: the VPN is connecting',
    'login-failed': 'Blocked: the VPN refused the login',
    'no-secrets': 'Blocked: the VPN’s password is missing',
    'server-unreachable': 'Blocked: the VPN’s server does not answer',
    'name-unresolved': 'Blocked: the VPN’s server was not found',
    'service-failed': 'Blocked: the VPN’s program failed',
    'server-refused': 'Blocked: the VPN’s server refused the connection',
    'certificate': 'Blocked: the VPN’s certificate is not trusted',
    'certificate-date': 'Blocked: the VPN’s certificate is not valid now',
    'login-needed': 'Blocked: the VPN wants a new login',
    'program-missing': 'Blocked: a program of the VPN is not installed',
    'tunnel-gone': 'Blocked: the VPN has no tunnel',
    'manager-away': 'Blocked: NetworkManager is not running',
    'no-servers': 'Blocked: no VPN is set up',
    'kernel': 'Blocked: no VPN is connected',
    'tunnel-dead': 'Blocked: the VPN carries nothing',
    'server-silent': 'Blocked: nothing comes back from the VPN’s server',
    'no-interface': 'Blocked: the VPN has no interface',
    'overlay-only': 'Blocked: only an overlay network is up',
    'some-networks': 'Protected: only some networks can be reached',
};

const AWAY = 'The guard is not running';
const UNKNOWN = 'The lock is in a state that this program does not know';
const BROKEN_OPEN = 'Broken: traffic may be leaving freely';
const UNLOCKED_BESIDE_VPN = 'Unlocked: traffic can leave without the VPN, too';
const STATES = {
    unlocked: 'Unlocked: traffic leaves freely',
    protected: 'Protected: everything goes through the VPN',
    paused: 'Paused until %s: traffic leaves freely',
    broken: 'Broken: the lock is not as it should be',
};

const OVERLAYS = [
    'Protected: everything goes through the VPN, but for %u overlay network',
    'Protected: everything goes through the VPN, but for %u overlay networks',
];
const EXCEPTIONS = ['%s (%u exception)', '%s (%u exceptions)'];

export const SENTENCES = [
    AWAY, UNKNOWN, BROKEN_OPEN, UNLOCKED_BESIDE_VPN, ...Object.values(STATES), ...OVERLAYS, ...EXCEPTIONS,
];

// As the applet writes it (applet/window-text.c), in the same language.
function timeOfDay(seconds, translate) {
    const time = GLib.DateTime.new_from_unix_local(Math.min(Number(seconds), Number.MAX_SAFE_INTEGER));

    return time?.format(translate('%H:%M')) ?? '?';
}

// The sentence in English, or one of those for several and how many there are.
function sentence({State: state, Reason: reason, Locked: locked, Tunnels: tunnels, Overlays: overlays}) {
    if (state === 'blocked' || (state === 'protected' && reason === 'some-networks'))
        return [Object.hasOwn(REASONS, reason) ? REASONS[reason] : REASONS['']];
    if (state === 'broken' && !locked)
        return [BROKEN_OPEN];
    if (state === 'unlocked' && tunnels > 0)
        return [UNLOCKED_BESIDE_VPN];
    if (state === 'protected' && overlays > 0)
        return [...OVERLAYS, overlays];
    return [Object.hasOwn(STATES, state) ? STATES[state] : UNKNOWN];
}

// How many exceptions there are stands beside the state, ahead of what a narrow tile cuts off.
function countExceptions(text, exceptions, translatePlural) {
    const state = text.match(/^(.*?)\s*(?:\uff1a|:\s)/)?.[1] ?? text;

    return translatePlural(...EXCEPTIONS, exceptions).replace('%u', exceptions).replace('%s', () => state) +
        text.slice(state.length);
}

// properties: State, Reason, Locked, PausedUntil, and how many Tunnels, Overlays and Exceptions there are; null where
// there is no guard. translate and translatePlural: from English, as gettext and ngettext.
export function describe(properties, translate, translatePlural) {
    if (!properties) {
        return {
            icon: `${ICON}-away-symbolic`, subtitle: translate(AWAY), checked: false, sensitive: false,
        };
    }
    const {State: state, Locked: locked, Exceptions: exceptions} = properties;
    const known = state === 'blocked' || Object.hasOwn(STATES, state);
    const [one, many, number] = sentence(properties);
    const text = many ? translatePlural(one, many, number).replace('%u', number)
        : translate(one).replace('%s', () => timeOfDay(properties.PausedUntil ?? 0, translate));

    return {
        icon: `${ICON}-${known ? state : 'broken'}-symbolic`,
        subtitle: exceptions > 0 && ['protected', 'blocked'].includes(state)
            ? countExceptions(text, exceptions, translatePlural) : text,
        checked: locked === true,
        sensitive: true,
    };
}

// What a click asks for. It shows nothing: the guard's next word does.
export function request(properties) {
    return properties?.Locked === true ? 'Unlock' : 'Lock';
}
