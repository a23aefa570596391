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
const STATES = {
    unlocked: 'Unlocked: traffic leaves freely',
    protected: 'Protected: everything goes through the VPN',
    paused: 'Paused until %s: traffic leaves freely',
    broken: 'Broken: the lock is not as it should be',
};

export const SENTENCES = [AWAY, UNKNOWN, BROKEN_OPEN, ...Object.values(STATES)];

// As the applet writes it (applet/window-text.c), in the same language.
function timeOfDay(seconds, translate) {
    const time = GLib.DateTime.new_from_unix_local(Math.min(Number(seconds), Number.MAX_SAFE_INTEGER));

    return time?.format(translate('%H:%M')) ?? '?';
}

function sentence(state, reason, locked) {
    const known = Object.hasOwn(REASONS, reason) ? REASONS[reason] : REASONS[''];

    if (state === 'blocked' || (state === 'protected' && reason === 'some-networks'))
        return known;
    if (state === 'broken' && !locked)
        return BROKEN_OPEN;
    return Object.hasOwn(STATES, state) ? STATES[state] : UNKNOWN;
}

// properties: State, Reason, Locked, PausedUntil; null where there is no guard. translate: from English.
export function describe(properties, translate) {
    if (!properties) {
        return {
            icon: `${ICON}-away-symbolic`, subtitle: translate(AWAY), checked: false, sensitive: false,
        };
    }
    const {State: state, Reason: reason, Locked: locked} = properties;
    const known = state === 'blocked' || Object.hasOwn(STATES, state);

    return {
        icon: `${ICON}-${known ? state : 'broken'}-symbolic`,
        subtitle: translate(sentence(state, reason ?? '', locked === true))
            .replace('%s', () => timeOfDay(properties.PausedUntil ?? 0, translate)),
        checked: locked === true,
        sensitive: true,
    };
}

// What a click asks for. It shows nothing: the guard's next word does.
export function request(properties) {
    return properties?.Locked === true ? 'Unlock' : 'Lock';
}
