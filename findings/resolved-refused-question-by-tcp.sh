#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# systemd-resolved 262 (Debian testing).
#
# A firewall refuses a question over UDP, so that sending it fails with EPERM. resolved then asks the same by TCP at
# once; refused there too, it begins again, 24 times in all, and the client waits for an answer until it gives
# up. One would guess that a question that could not be sent is an error at once. So a rule for UDP port 53
# alone stops no question of it, and a counter behind one for TCP does not tell how many names were asked for.

here=$(dirname "$0")
. "$here/fetch.sh"
if [ -z "${in_own_namespaces:-}" ]; then
    fetch forky systemd-resolved=262-1 libsystemd-shared=262-1 libc6=2.43-7 libssl3t64=3.6.5-1
    fetch_nft trixie 1.1.3-1 1.2.9-1
    # it ends with everything in it
    in_own_namespaces=yes unshare --mount --net --pid --fork --kill-child --mount-proc -- bash "$0"
    exit
fi

nft=(run trixie "$scratch/trixie/usr/sbin/nft")
libraries=$scratch/forky/usr/lib/x86_64-linux-gnu

etc=$scratch/etc
mkdir -p "$etc"
printf 'root:x:0:0::/:/bin/sh\nsystemd-resolve:x:991:991::/:/bin/false\n' >"$etc/passwd"
printf 'root:x:0:\nsystemd-resolve:x:991:\n' >"$etc/group"
echo 'hosts: dns' >"$etc/nsswitch.conf"
printf 'nameserver 127.0.0.53\noptions attempts:1 timeout:5\n' >"$etc/resolv.conf"
mkdir -p "$etc/systemd"
cat >"$etc/systemd/resolved.conf" <<'CONF'
[Resolve]
DNS=192.0.2.53
FallbackDNS=
LLMNR=no
MulticastDNS=no
DNSSEC=no
Cache=no
CONF
mount --bind "$etc" /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/resolve
chown 991:991 /run/systemd/resolve

ip link set lo up
ip link add card0 type veth peer name other0
ip addr add 192.0.2.1/24 dev card0
ip link set other0 up
ip link set card0 up
ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:53 dev card0
"${nft[@]}" -f - <<'RULES'
table inet t {
    counter by_udp { }
    counter by_tcp { }
    chain out {
        type filter hook output priority 0
        ip daddr 192.0.2.53 udp dport 53 counter name "by_udp" reject with icmp type admin-prohibited
        ip daddr 192.0.2.53 tcp dport 53 counter name "by_tcp" reject with tcp reset
    }
}
RULES

SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=warning "$scratch/forky/usr/lib64/ld-linux-x86-64.so.2" \
    --library-path "$libraries:$libraries/systemd" "$scratch/forky/usr/lib/systemd/systemd-resolved" &
for _ in {1..50}; do
    ! ss -Hlnu 'sport = 53' | grep -q 127.0.0.53 || break
    sleep 0.1
done

began=$SECONDS
status=0
getent ahostsv4 www.example.test || status=$?
waited=$((SECONDS - began))
"${nft[@]}" list counters table inet t
times() {
    "${nft[@]}" list counter inet t "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}
expect 'the name is not found' 2 "$status"
expect 'one question was tried 24 times over UDP and 24 times by TCP' '24 24' "$(times by_udp) $(times by_tcp)"
expect 'and the client waited for all of its five seconds' yes "$([ "$waited" -ge 4 ] && echo yes)"
