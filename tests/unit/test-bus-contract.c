/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contract (data/io.github.nmkillswitch.Guard1.xml) against the tables that stand for it. */
#include "model/names.h"
#include "policy/status.h"
#include "service/bus-errors.h"
#include "service/methods.h"
#include "service/properties.h"

static GVariant *make_status(bool locked)
{
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    g_autoptr(KsEngine) engine = NULL;
    KsWorld *world = ks_world_new();
    KsLock *lock = ks_lock_new();
    GVariant *status;

    settings.locked = locked;
    engine = ks_engine_new(&settings, NULL);
    (void) ks_engine_observe(engine, world);
    status = ks_status_describe(
        &(KsStatusFacts){ .engine = engine, .world = world, .held = { .lock = lock } });
    ks_lock_free(lock);
    ks_world_free(world);
    return status;
}

static void test_every_method_has_a_row(void)
{
    GDBusMethodInfo **methods = ks_interface_info()->methods;
    g_autoptr(GVariant) wrong = g_variant_ref_sink(g_variant_new("(sss)", "a", "b", "c"));

    g_assert_nonnull(methods);
    for (unsigned i = 0; methods[i]; i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", methods[i]->name);
        g_assert_null(ks_method_find(methods[i]->name, wrong, &error));
        g_assert_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS);
    }
}

static void test_every_property_has_a_value(void)
{
    GDBusPropertyInfo **properties = ks_interface_info()->properties;
    g_autoptr(GVariant) status = make_status(false);
    g_autoptr(GVariant) all = g_variant_ref_sink(ks_property_get_all(status));
    unsigned count = 0;

    for (; properties[count]; count++) {
        g_autoptr(GVariant) value = ks_property_get(status, properties[count]->name);

        g_test_message("%s", properties[count]->name);
        g_assert_cmpint(properties[count]->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
        g_assert_nonnull(value);
        g_assert_true(g_variant_is_of_type(value, G_VARIANT_TYPE(properties[count]->signature)));
    }
    g_assert_cmpuint(count, ==, g_variant_n_children(all));
    g_assert_null(ks_property_get(status, "Nothing"));
}

/* Each key of GetStatus is a property. */
static void test_the_status_tells_nothing_else(void)
{
    g_autoptr(GVariant) status = make_status(false);
    g_autoptr(GVariant) all = g_variant_ref_sink(ks_property_get_all(status));

    g_assert_cmpuint(g_variant_n_children(status), ==, g_variant_n_children(all));
}

static void test_only_what_changed_is_signalled(void)
{
    g_autoptr(GVariant) open = make_status(false);
    g_autoptr(GVariant) same = make_status(false);
    g_autoptr(GVariant) broken = make_status(true);
    g_autoptr(GVariant) changes = NULL;

    g_assert_null(ks_property_changes(NULL, open));
    g_assert_null(ks_property_changes(open, same));
    changes =
        ks_property_changes(open, broken); /* should be locked, and the kernel holds nothing */
    g_assert_nonnull(changes);
    g_assert_cmpuint(g_variant_n_children(changes), ==, 3);
    g_assert_true(g_variant_lookup(changes, "State", "&s", NULL));
    g_assert_true(g_variant_lookup(changes, "Reason", "&s", NULL));
    g_assert_true(g_variant_lookup(changes, "Verified", "b", NULL));
}

static GVariant *one(const char *key, GVariant *value)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert_value(&dict, key, value);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static void test_counters_are_not_signalled(void)
{
    g_autoptr(GVariant) few = one("packets", g_variant_new_uint64(1));
    g_autoptr(GVariant) many = one("packets", g_variant_new_uint64(2));
    g_autoptr(GVariant) before = one("blocked", few);
    g_autoptr(GVariant) after = one("blocked", many);

    g_assert_null(ks_property_changes(before, after));
}

/* The end of a pause is worked out again with each look, and must not flicker. */
static void test_the_end_of_a_pause_is_steady(void)
{
    g_autoptr(GVariant) none = one("paused_until", g_variant_new_uint64(0));
    g_autoptr(GVariant) first = one("paused_until", g_variant_new_uint64(1000));
    g_autoptr(GVariant) again = one("paused_until", g_variant_new_uint64(1001));
    g_autoptr(GVariant) longer = one("paused_until", g_variant_new_uint64(1060));
    g_autoptr(GVariant) begun = ks_property_changes(none, first);
    g_autoptr(GVariant) extended = ks_property_changes(again, longer);
    g_autoptr(GVariant) ended = ks_property_changes(first, none);

    g_assert_nonnull(begun);
    g_assert_nonnull(extended);
    g_assert_nonnull(ended);
    g_assert_null(ks_property_changes(first, again));
    g_assert_null(ks_property_changes(again, first));
}

static void test_errors_have_names(void)
{
    static const char *const names[] = {
        [KS_ERROR_FAILED] = KS_BUS_ERROR("Failed"),
        [KS_ERROR_INVALID_ARGUMENTS] = KS_BUS_ERROR("InvalidArguments"),
        [KS_ERROR_UNKNOWN_METHOD] = KS_BUS_ERROR("UnknownMethod"),
        [KS_ERROR_NOT_AUTHORISED] = KS_BUS_ERROR("NotAuthorised"),
        [KS_ERROR_FORBIDDEN] = KS_BUS_ERROR("Forbidden"),
        [KS_ERROR_KERNEL] = KS_BUS_ERROR("Kernel"),
        [KS_ERROR_STATE] = KS_BUS_ERROR("State"),
    };

    ks_bus_errors_register();
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = g_error_new_literal(KS_ERROR, (int) i, "");
        g_autofree char *name = g_dbus_error_encode_gerror(error);

        g_assert_cmpstr(name, ==, names[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/methods/all", test_every_method_has_a_row);
    g_test_add_func("/bus/properties/all", test_every_property_has_a_value);
    g_test_add_func("/bus/properties/no-more", test_the_status_tells_nothing_else);
    g_test_add_func("/bus/changes/only", test_only_what_changed_is_signalled);
    g_test_add_func("/bus/changes/counters", test_counters_are_not_signalled);
    g_test_add_func("/bus/changes/pause", test_the_end_of_a_pause_is_steady);
    g_test_add_func("/bus/errors", test_errors_have_names);
    return g_test_run();
}
