/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: <state>/exceptions; the first byte says whether those that end. */
#include "fuzz.h"
#include "policy/exceptions.h"

#include <string.h>

static void check_entry(const KsExceptions *exceptions, unsigned number, bool ending)
{
    const KsExceptionEntry *entry = ks_exceptions_get(exceptions, number);

    FUZZ_CHECK(strlen(entry->name) <= KS_EXCEPTION_NAME_MAX &&
               g_utf8_validate(entry->name, -1, NULL));
    FUZZ_CHECK(!ks_exception_refusal(&entry->what));
    FUZZ_CHECK((entry->until > 0) == ending);
    for (unsigned i = 0; i < number; i++)
        FUZZ_CHECK(!ks_exception_networks_meet(&ks_exceptions_get(exceptions, i)->on, &entry->on) ||
                   !ks_exceptions_overlap(&ks_exceptions_get(exceptions, i)->what, &entry->what));
    FUZZ_CHECK(!entry->on.uuid || ks_exception_network_is_valid(&entry->on));
}

/* All networks are here, by one card: what two of them open there is let in once. */
static void check_drawn(const KsExceptions *exceptions, KsWorld *world)
{
    g_autoptr(KsLock) lock = ks_lock_new();
    KsLink card = { .index = 2, .name = "eth0", .up = true };

    g_array_append_val(world->links, card);
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++) {
        const KsExceptionEntry *entry = ks_exceptions_get(exceptions, i);
        KsNetwork *network;

        if (!entry->on.uuid)
            continue;
        network = ks_network_new(entry->on.uuid, "", card.name);
        network->place = g_strdup(entry->on.place);
        network->index = card.index;
        network->up = true;
        g_ptr_array_add(world->networks, network);
        FUZZ_CHECK(ks_exception_network_is_here(&entry->on, world));
    }
    FUZZ_CHECK(ks_exceptions_draw(world, lock));
}

/* What was read is written so that it is read as the same again. */
static void check_written(const KsExceptions *exceptions, bool ending)
{
    g_autofree char *text = ks_exceptions_to_text(exceptions, ending);
    g_autoptr(KsExceptions) again = ks_exceptions_new();
    g_autofree char *text_again = NULL;

    FUZZ_CHECK(ks_exceptions_take_text(again, text, strlen(text), ending, NULL));
    text_again = ks_exceptions_to_text(again, ending);
    FUZZ_CHECK(strcmp(text, text_again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(KsExceptions) exceptions = ks_exceptions_new();
    g_autoptr(KsLock) lock = ks_lock_new();
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(GError) error = NULL;
    bool ending = size > 0 && data[0] == 'e';
    bool taken;

    if (size == 0)
        return 0;
    taken = ks_exceptions_take_text(exceptions, (const char *) data + 1, size - 1, ending, &error);
    FUZZ_CHECK(taken == !error);
    FUZZ_CHECK(taken || ks_exceptions_count(exceptions) == 0);
    FUZZ_CHECK(ks_exceptions_count(exceptions) <= KS_EXCEPTIONS_MAX);
    for (unsigned i = 0; i < ks_exceptions_count(exceptions); i++)
        check_entry(exceptions, i, ending);
    world->exceptions = exceptions;
    FUZZ_CHECK(ks_exceptions_draw(world, lock));
    check_drawn(exceptions, world);
    if (taken)
        check_written(exceptions, ending);
    return 0;
}
