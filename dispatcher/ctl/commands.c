/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"

#include "config.h"
#include "ctl/run-command.h"
#include "model/hotspot.h"

#include <glib/gi18n.h>

const KsCommand ks_commands[] = {
    { .name = "status",
      .works_alone = true,
      .options = KS_OPTION_JSON | KS_OPTION_CHECK | KS_OPTION_WATCH,
      .summary = N_("what is locked, why, and what to do next"),
      .details = N_(
          "Shows what the kernel holds: whether the lock is closed, why traffic is blocked and what "
          "to do about it, the VPNs and their servers, and the settings.\n"
          "As root it works without the guard, the system bus and NetworkManager."),
      .run = ks_run_status },
    { .name = "lock",
      .options = KS_OPTION_JSON,
      .summary = N_("let traffic out only through a VPN"),
      .details = N_(
          "Closes the lock: nothing leaves this machine except through a VPN that NetworkManager "
          "has brought up. Open connections are cut, and connections from outside are refused. If "
          "your SSH session would be cut, the command asks first. A pause ends.\n"
          "The lock stays closed, also after a reboot, until you open it."),
      .run = ks_run_lock },
    { .name = "unlock",
      .works_alone = true,
      .options = KS_OPTION_JSON,
      .summary = N_("let traffic out freely again"),
      .details = N_(
          "Opens the lock. It stays open until you close it or, with auto-lock on, the next VPN "
          "that carries all traffic comes up.\n"
          "As root this always works, also without the guard, the system bus and NetworkManager."),
      .run = ks_run_unlock },
    { .name = "pause",
      .arguments = N_("DURATION"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("let traffic out freely for a while"),
      .details = N_(
          "Lets everything through for DURATION. Then the kernel closes the lock by itself, even "
          "if no program runs any more, and connections that began in the pause are cut. The pause "
          "also ends when the machine goes to sleep.\n"
          "DURATION is a number of seconds (90, 90s), minutes (5m) or hours (2h). The "
          "administrator may have set a maximum. A new pause replaces the one that is running."),
      .run = ks_run_pause },
    { .name = "resume",
      .works_alone = true,
      .options = KS_OPTION_JSON,
      .summary = N_("end a pause now"),
      .details = N_("Ends a pause: the lock is closed again at once.\n"
                    "As root it works without the guard, too."),
      .run = ks_run_resume },
    { .name = "lan",
      .arguments = "on|off",
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON | KS_OPTION_ONLY_HERE,
      .summary = N_("reach the local network while locked"),
      .details = N_(
          "With LAN access on, printers, file servers and other devices on private addresses of the "
          "local network can be reached while the lock is closed, and can reach this machine. Name "
          "servers in the local network never can."),
      .run = ks_run_lan },
    { .name = "auto",
      .arguments = "on|off",
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("lock by itself when a VPN comes up"),
      .details = N_(
          "With auto-lock on, a VPN that carries all traffic closes the lock as it comes up. Only "
          "you open it again."),
      .run = ks_run_auto },
    { .name = "mode",
      .arguments = "[always|vpn|drops|off]",
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("choose how strict the lock is"),
      .details = N_(
          "always: the lock is closed now, and from the first moment of each start; an unlock holds "
          "until the next start.\n"
          "vpn: a VPN that carries all traffic closes the lock as it comes up; only you open it.\n"
          "drops: the same, and disconnecting the VPN with “nm-killswitch disconnect” or in the tray "
          "opens it. A VPN that drops, or that another program disconnects, leaves it closed.\n"
          "off: only you close the lock.\n"
          "Without a word, shows the mode."),
      .run = ks_run_mode },
    { .name = "disconnect",
      .arguments = N_("[NAME|UUID]"),
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("disconnect a VPN, and in the mode “drops” unlock"),
      .details = N_(
          "Has NetworkManager disconnect this VPN, or the one that is connected or connects. If it was "
          "the last one up that closes the lock, the lock opens in the mode “drops” and stays as it is "
          "in the others, and one that is always on stays disconnected, as always-on says."),
      .run = ks_run_disconnect },
    { .name = "always-on",
      .arguments = N_("NAME|UUID|off"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON | KS_OPTION_OR | KS_OPTION_ONLY_HERE | KS_OPTION_ON,
      .summary = N_("connect a VPN by itself, and keep it connected"),
      .details = N_(
          "Connects this VPN of NetworkManager when the machine starts, before anybody logs in, when "
          "the network changes and when it drops: always-on Home --or Work\n"
          "A VPN after --or stands in while the ones before it cannot be connected. One whose "
          "password is kept by a person's session is connected once somebody is logged in.\n"
          "What you disconnect stays so until the next start, until you connect it, or until you "
          "name it here again.\n"
          "With --only-here it is wanted on the networks that are connected now, and the usual ones "
          "stand in for it there; off --only-here forgets that. With --on the same for one network, "
          "which may be away if it has LAN access, an exception or a VPN of its own: always-on Work "
          "--on Office"),
      .run = ks_run_always_on },
    { .name = "share",
      .arguments = N_("INTERFACE...|off"),
      .words_min = 1,
      .words_max = KS_SHARED_CARDS_MAX,
      .options = KS_OPTION_JSON,
      .summary = N_("serve those who share this machine’s connection by cable"),
      .details = N_(
          "Those behind these network cards reach the VPN, each other, and this machine’s DHCP and "
          "DNS while the lock is closed, as the users of a hotspot do: share eth1\n"
          "A card is served while its connection in NetworkManager is a shared one (ipv4.method "
          "shared) and it leads nowhere out. Plug none that you name into a network that is not "
          "yours."),
      .run = ks_run_share },
    { .name = "test",
      .options =
          KS_OPTION_JSON | KS_OPTION_WATCH | KS_OPTION_DROP | KS_OPTION_YES | KS_OPTION_ONLINE,
      .summary = N_("test now whether anything leaves without a VPN"),
      .details = N_(
          "Tries to get out past the VPN in every way that programs have, of IPv4 and IPv6, as root "
          "and as an ordinary user, and watches the network cards meanwhile: what it sees is what is "
          "handed to a card's driver. It takes some three seconds and needs no service on the "
          "internet: it sends to addresses that nobody has, and to your own name servers.\n"
          "Exits with 0 if nothing left, with 6 if something did, and with 7 if it cannot be said.\n"
          "With --drop root tests with the VPN connected, with its interface taken away, and "
          "connected again.\n"
          "With --online it asks instead a service of your choice that says from which address it "
          "is asked, as programs do, through the VPN and by each network card, and compares the "
          "answers. The service then sees you without the VPN if the lock is open."),
      .run = ks_run_test },
    { .name = "report",
      .options = KS_OPTION_FULL | KS_OPTION_OUTPUT,
      .summary = N_("write what a bug report needs, without names and addresses"),
      .details = N_(
          "Writes one text, in English, to attach to a bug report: versions, what is locked, links, "
          "NetworkManager's view, units, the last log lines, the rules, and what the leak test finds "
          "now. Names, addresses, UUIDs and keys are replaced by words such as [ip4-1 private]; the "
          "same thing has the same word. Read it before you pass it on.\n"
          "Root's has more: private profiles, other firewalls' tables by name, and the log."),
      .run = ks_run_report },
    { .name = "refused",
      .options = KS_OPTION_JSON | KS_OPTION_WATCH | KS_OPTION_KEEP,
      .summary = N_("show what the lock refuses now, and to which programs"),
      .details = N_(
          "Looks for ten seconds at what the lock refuses, and prints it: the program, where it "
          "wanted to go, which rule refused it, how often and when last. With --watch each is "
          "printed as it comes. The kernel tells of it only while somebody looks, of 100 packets a "
          "second at most, and nothing is kept unless you ask for it.\n"
          "With --keep 30m it is kept in memory for the next 30 minutes, an hour at most, although "
          "nobody looks: “nm-killswitch refused” then prints at once what was refused meanwhile.\n"
          "You see your own programs; root sees all. While somebody looks or has it kept, a TCP "
          "connection is refused a second later than otherwise, so that its program can be found."),
      .run = ks_run_refused },
    { .name = "rules",
      .works_alone = true,
      .summary = N_("print the rules that the kernel holds"),
      .details = N_(
          "Prints the rules as nft(8) writes them, read back from the kernel. Nothing is printed "
          "while unlocked. As root it works without the guard."),
      .run = ks_run_rules },
    { .name = "export",
      .works_alone = true,
      .options = KS_OPTION_FORMAT | KS_OPTION_VPN | KS_OPTION_INTERFACE,
      .summary = N_("print a kill switch for another machine, as a script"),
      .details = N_(
          "Prints a shell script that locks another machine, without NetworkManager, to one VPN: "
          "export --format nft --vpn Home >vpn-killswitch.sh. The script's first lines say what it "
          "does and how to use it.\n"
          "As root it works without the guard, for VPNs that “vpn add” set up."),
      .run = ks_run_export },
    { .name = "allow list",
      .options = KS_OPTION_JSON,
      .summary = N_("list the exceptions from the lock"),
      .details = N_("Lists what “allow add” lets past the lock."),
      .run = ks_run_allow_list },
    { .name = "allow add",
      .arguments = N_("NAME"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON | KS_OPTION_TO | KS_OPTION_PROTOCOL | KS_OPTION_PORT |
                 KS_OPTION_FOR | KS_OPTION_LEAKS | KS_OPTION_FROM | KS_OPTION_ON,
      .summary = N_("let traffic to one address, or to a service here, past the lock"),
      .details = N_(
          "Lets traffic to an address or a range leave this machine without the VPN while the lock is "
          "closed, and its answers in: allow add NAS --to 192.0.2.5 --protocol tcp --port 443\n"
          "Without --protocol it is TCP, UDP and ping; without --port all ports but those of name "
          "servers. It changes no routes: what the VPN carries goes through the VPN, and in clear when "
          "the VPN drops, the network leads past it, or a program ties itself to the network card. Without --on, on "
          "another network a private address is another machine’s. It outlasts a restart of this machine unless it is made "
          "for a while.\n"
          "With --from others reach a service of this machine past the VPN, and are answered: allow add SSH "
          "--from 192.0.2.0/24 --protocol tcp --port 22\n"
          "With --on it holds on one network alone, and by no other network card: allow add printer --to "
          "192.168.1.9 --on here\n"
          "NAME is any name that you choose."),
      .run = ks_run_allow_add },
    { .name = "allow remove",
      .arguments = N_("NAME"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("end such an exception"),
      .details = N_("Ends an exception that “allow add” made: what went by it is cut at once."),
      .run = ks_run_allow_remove },
    { .name = "vpn list",
      .options = KS_OPTION_JSON,
      .summary = N_("list the VPNs and their servers"),
      .details = N_(
          "Lists the VPNs of NetworkManager and the servers that can be reached while the lock is "
          "closed."),
      .run = ks_run_vpn_list },
    { .name = "vpn add",
      .arguments = N_("NAME"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON | KS_OPTION_INTERFACE | KS_OPTION_SERVER | KS_OPTION_TYPE |
                 KS_OPTION_OVERLAY,
      .summary = N_("set up a VPN that NetworkManager does not run"),
      .details = N_(
          "Lets traffic out through a VPN that wg-quick, openvpn or another program brings up, once "
          "its interface is there and up, and lets that program reach the VPN's servers while the "
          "lock is closed: vpn add Home --interface wg0 --server 203.0.113.50:51820/udp\n"
          "With --overlay it is an overlay network, such as Tailscale or ZeroTier, that is let out "
          "beside a VPN, and protects nothing: vpn add Tailscale --interface tailscale0 --overlay\n"
          "NAME is any name that you choose."),
      .run = ks_run_vpn_add },
    { .name = "vpn remove",
      .arguments = N_("NAME"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON,
      .summary = N_("forget such a VPN"),
      .details = N_("Forgets a VPN that “vpn add” set up: its interface and its servers are closed "
                    "at once."),
      .run = ks_run_vpn_remove },
    { .name = "vpn set",
      .arguments = N_("NAME|UUID"),
      .words_min = 1,
      .words_max = 1,
      .options = KS_OPTION_JSON | KS_OPTION_SERVER | KS_OPTION_CLEAR | KS_OPTION_LOCKS,
      .summary = N_("correct a VPN's servers, or whether it locks"),
      .details = N_("Replaces the servers that a VPN's profile names, or with --clear takes that "
                    "back. With --locks says whether this VPN closes the lock as it comes up while "
                    "auto-lock is on."),
      .run = ks_run_vpn_set },
};

const unsigned ks_commands_count = G_N_ELEMENTS(ks_commands);
