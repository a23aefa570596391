#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vpnc 0.5.3+git20220927 and strongSwan 5.9.8 (Debian 12).
#
# When the server of a vpnc begins to agree on new keys, both sides finish the exchange, and from then on nothing
# passes: vpnc makes its keys of a nonce of its own length, whatever the length of the server's. It does not see that,
# so it stays connected, and neither NetworkManager nor a person is told. One would guess that a VPN which cannot follow
# says so, or calls its server again.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_namespaces:-}" ]; then
    swan=5.9.8-5+deb12u5
    fetch bookworm vpnc=0.5.3+git20220927-1 {strongswan-{charon,libcharon,swanctl},libstrongswan,libstrongswan-standard-plugins,libcharon-{extra,extauth}-plugins}="$swan" \
        dash libc6 libcap2 libgcc-s1 libffi8 libgcrypt20 libgmp10 libgnutls30 libgpg-error0 libhogweed6 libidn2-0 liblz4-1 liblzma5 libnettle8 \
        libp11-kit0 libssl3 libsystemd0 libtasn1-6 libunistring2 libzstd1
    in_own_namespaces=yes unshare --mount --net --pid --fork --kill-child --mount-proc -- bash "$0"
    exit
fi

root=$scratch/bookworm
mkdir -p "$root"/{proc,dev,run,tmp,etc,var/run}
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs /run
[ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
printf 'root:x:0:0::/:/bin/sh\n' >"$root/etc/passwd"

cat >"$root/etc/strongswan.conf" <<'CONF'
charon {
    load = random nonce openssl hmac vici kernel-libipsec kernel-netlink socket-default xauth-generic
    install_routes = no
    i_dont_care_about_security_and_use_aggressive_mode_psk = yes
    filelog { log { path = /log
                    flush_line = yes
                    default = 1 } }
}
CONF
cat >"$root/etc/cisco.conf" <<'CONF'
connections {
    cisco {
        version = 1
        aggressive = yes
        local_addrs = 192.0.2.1
        pools = people
        encap = yes
        proposals = aes256-sha1-modp1024
        local { auth = psk }
        remote { auth = psk }
        remote-xauth { auth = xauth }
        children { all { local_ts = 0.0.0.0/0
                         esp_proposals = aes256-sha1 } }
    }
}
pools { people { addrs = 198.51.100.2/32 } }
secrets {
    ike { secret = "of the group" }
    xauth { id = alice
            secret = "of alice" }
}
CONF
cat >"$root/etc/vpnc.conf" <<'CONF'
IPSec gateway 192.0.2.1
IPSec ID people
IPSec secret of the group
Xauth username alice
Xauth password of alice
NAT Traversal Mode force-natt
Interface name client0
Script :
No Detach
CONF

ip netns add server
ip link add card0 type veth peer name card0 netns server
for side in "" "-n server"; do
    # shellcheck disable=SC2086 # no words, or two
    ip $side link set lo up && ip $side link set card0 up
done
ip addr add 192.0.2.2/24 dev card0
ip -n server addr add 192.0.2.1/24 dev card0
ip -n server addr add 198.51.100.1/32 dev lo

within() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))

    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
swanctl() {
    ip netns exec server chroot "$root" /usr/sbin/swanctl "$@" >"$scratch/swanctl.log" 2>&1
}
passes() {
    ping -c 3 -i 0.3 -W 1 -I client0 198.51.100.1
}

ip netns exec server chroot "$root" /usr/lib/ipsec/charon >"$scratch/charon.log" 2>&1 &
within 20 swanctl --load-all --noprompt --file /etc/cisco.conf || cat "$scratch/charon.log"
ip -n server link set ipsec0 up
ip -n server route add 198.51.100.2/32 dev ipsec0
chroot "$root" /usr/sbin/vpnc /etc/vpnc.conf >"$scratch/vpnc.log" 2>&1 &
vpnc=$!
within 20 ip link show client0 || cat "$scratch/vpnc.log" "$scratch/charon.log"
ip link set client0 up
ip addr add 198.51.100.2/32 dev client0
ip route add 198.51.100.1/32 dev client0

expect 'connected, it carries' yes "$(within 10 passes && echo yes)"
swanctl --rekey --child all || cat "$scratch/swanctl.log"
expect 'the server says that new keys are in use' yes "$(within 20 grep 'CHILD_SA all{2} established' "$root/log" && echo yes)"
sleep 2
expect 'and nothing passes any more' no "$(passes >/dev/null 2>&1 && echo yes || echo no)"
expect 'vpnc goes on as if it did' yes "$(kill -0 "$vpnc" && echo yes)"
