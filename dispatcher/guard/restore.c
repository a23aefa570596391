/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/restore.h"

#include "config.h"
#include "files/boot.h"
#include "files/configuration-files.h"
#include "files/only-one.h"
#include "files/people.h"
#include "files/server-cache.h"
#include "files/store.h"
#include "guard/keeper.h"
#include "kernel/links.h"
#include "model/names.h"

#include <stdlib.h>

/* A guard that runs is the one that writes; it puts the lock there before it is ready. */
#define GUARD_TIMEOUT_MS 3000
#define GUARD_STEP_MS    50

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsKeeper, ks_keeper_free)

static bool kernel_holds_it(KsKeeper *keeper)
{
    return ks_keeper_read(keeper) && ks_readback_is_intact(ks_keeper_held(keeper));
}

static bool wait_for_guard(KsKeeper *keeper)
{
    for (unsigned waited = 0; waited < GUARD_TIMEOUT_MS; waited += GUARD_STEP_MS) {
        if (kernel_holds_it(keeper))
            return true;
        g_usleep(GUARD_STEP_MS * 1000);
    }
    return false;
}

/* The servers of the boot before, and who is a person: most servers are open to daemons only. */
static void draw(KsLock *lock, KsStore *store)
{
    g_autofree char *servers = ks_store_load_servers(store);
    g_autoptr(GArray) people = g_array_new(FALSE, FALSE, sizeof(KsUidRange));
    bool all = true;

    ks_people_read(people);
    for (unsigned i = 0; i < people->len; i++) {
        const KsUidRange *range = &g_array_index(people, KsUidRange, i);

        all &= ks_lock_add_people(lock, range->first, range->last);
    }
    if (all)
        (void) ks_server_cache_read(servers, lock);
    ks_lock_seal(lock);
}

/* What is in the kernel already is newer than what was saved: only its rules are put right. */
static bool put_into_kernel(KsKeeper *keeper, KsStore *store)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsWorld) world = ks_world_new();
    bool was_intact;

    if (!ks_keeper_read(keeper))
        return false;
    was_intact = ks_readback_is_intact(ks_keeper_held(keeper));
    if (ks_keeper_held(keeper)->present) {
        ks_lock_copy(ks_keeper_held(keeper)->lock, lock);
        ks_lock_seal(lock); /* another version may have put it there */
    } else {
        draw(lock, store);
    }
    (void) ks_links_look(world); /* the cards that are there; the guard covers those that come */
    if (!ks_keeper_hold(keeper, true, lock, world))
        return false;
    /* it has read rules back that it made, and keys alone it has not */
    return was_intact ? kernel_holds_it(keeper) : ks_readback_is_intact(ks_keeper_held(keeper));
}

static int fail(const char *why)
{
    g_printerr(
        "\n"
        "nm-killswitch: The VPN kill switch is locked, but the lock could not be put into the "
        "kernel.\n"
        "%s\n"
        "NetworkManager is not started, so that nothing leaves this machine; nor is "
        "systemd-networkd, ifupdown or dhcpcd.\n"
        "To get out, log in as root (or choose a recovery entry in the boot menu) and run:\n"
        "    nm-killswitch unlock\n"
        "    systemctl start NetworkManager    (or what else brings up the network here)\n"
        "Or add this word to the kernel's command line in the boot menu, for one start without "
        "the lock:\n"
        "    nmkillswitch=off\n\n",
        why ? why : "It is there, but not as it should be.");
    return EXIT_FAILURE;
}

int ks_restore(void)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(KsConfiguration) configuration =
        ks_configuration_load(KS_VENDOR_DIRECTORY, ks_configuration_local_folder());
    g_autoptr(KsKeeper) keeper = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = NULL;
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    bool closed;

    (void) ks_store_load(store, &settings, &problem);
    /* the administrator's files may have come since the last boot */
    ks_configuration_decide_mode(configuration, &settings);
    if (!settings.locked)
        return EXIT_SUCCESS;
    if (!ks_store_was_closed(store) && ks_boot_is_skipped()) {
        g_printerr(
            "nm-killswitch: not locked in this start, because the kernel's command line says "
            "nmkillswitch=off.\n");
        return EXIT_SUCCESS;
    }
    if (problem)
        g_printerr("nm-killswitch: %s\n", problem);
    keeper = ks_keeper_new();
    closed = ks_only_one(&error) == KS_ONLY_ONE_IS_THERE ? wait_for_guard(keeper)
                                                         : put_into_kernel(keeper, store);
    if (!closed)
        return fail(ks_keeper_trouble(keeper));
    ks_store_note_closed(store);
    return EXIT_SUCCESS;
}
