# SPDX-License-Identifier: GPL-2.0-or-later
"""Every name and address of the world, in one place.

Documentation ranges only (RFC 5737, RFC 3849), except the private addresses that the client and
the router have besides: LAN access is about private ranges, so a test of it needs some.
"""

UPLINK = "uplink0"  # the client's network card
ROUTER_END = "lan0"  # the other end of its wire, where the capture listens
TUNNEL = "tun0"  # what openvpn calls the client's tunnel
SERVER_TUNNEL = "vpn0"  # the VPN server's end of it
SECOND_TUNNEL = "vpn1"  # the same for the second server
STATIC_TUNNEL = "vpn3"  # and for the one with a static key

FAMILIES = (4, 6)

# the wire between client and router
ROUTER = {4: "192.0.2.1", 6: "2001:db8:2::1"}
LAN_NET = {4: "192.0.2.0/24", 6: "2001:db8:2::/64"}
# a test gives none of these to somebody else
DHCP_RANGE = {4: ("192.0.2.110", "192.0.2.170"), 6: ("2001:db8:2::5000", "2001:db8:2::5fff")}
# sender addresses for the capture's ARP and neighbour questions; nobody has them
FENCE_NET = "192.0.2."
FENCE_HOSTS = range(200, 250)

# the same wire, private ranges: neighbours for tests of LAN access
PRIVATE_ROUTER = {4: "192.168.77.1", 6: "fd77::1"}
PRIVATE_CLIENT = {4: "192.168.77.2", 6: "fd77::2"}

# the internet
WEB = {4: "203.0.113.9", 6: "2001:db8:113::9"}
PUBLIC_DNS = {4: "203.0.113.53", 6: "2001:db8:113::53"}

# the VPN
SERVER = {4: "198.51.100.1", 6: "2001:db8:100::1"}
SERVER_PORT = 1194
SECOND_SERVER_PORT = 1195
STATIC_SERVER_PORT = 1196
DEAD_SERVER = "198.51.100.66"  # packets to it vanish: no answer, no error
TUNNEL_NET = {4: "198.51.100.128/25", 6: "2001:db8:100:8::/64"}
SECOND_NET = "198.51.100.96/29"
SECOND_SERVER = "198.51.100.97"
SECOND_CLIENT = "198.51.100.98"
SECOND_POOL_END = "198.51.100.99"  # openvpn wants to have two addresses to give
KIND_NET = {4: "198.51.100.112/28", 6: "2001:db8:100:9::/64"}  # tunnels of other kinds of VPN, one at a time
STATIC_SERVER = "198.51.100.105"
STATIC_CLIENT = "198.51.100.106"

ONLY_KNOWN_NAMES = "known.test"  # of names in here the DNS tells what was said, and nothing else

HTTP_PORT = 80
ECHO_PORT = 7
DNS_PORT = 53

# a VPN server whose tunnels are its kernel's: WireGuard, IPsec (tests/vm)
KERNEL_SERVER = "198.51.100.20"
KERNEL_SERVER_ROUTER = "198.51.100.17"
WIREGUARD_PORT = 51820
KERNEL_TUNNEL_NET = "198.51.100.32/28"
KERNEL_TUNNEL_SERVER = "198.51.100.33"
KERNEL_TUNNEL_CLIENT = "198.51.100.34"
KERNEL_IPSEC_NET = "198.51.100.48/28"
KERNEL_IPSEC_CLIENT = "198.51.100.50"  # by strongSwan
KERNEL_XFRM_CLIENT = "198.51.100.51"  # by policies and keys set by hand
