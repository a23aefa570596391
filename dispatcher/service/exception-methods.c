/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/exception-methods.h"

#include "model/exception.h"

static bool read_second(GVariant *arguments, KsException *ret_what)
{
    const char *other_end;

    g_variant_get_child(arguments, 1, "&s", &other_end);
    return ks_exception_read_to(other_end, ret_what);
}

bool ks_method_is_private_exception(GVariant *arguments)
{
    KsException what = { 0 };

    return read_second(arguments, &what) && ks_exception_is_private(&what);
}

bool ks_method_is_private_service(GVariant *arguments)
{
    KsException what = { 0 };

    return read_second(arguments, &what) && ks_exception_holds_private(&what);
}

/* Those for one network alone have one argument more. */
static bool add(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, bool incoming,
                GError **error)
{
    KsExceptionWish wish = { 0 };
    gboolean confirmed;
    guint32 seconds;

    g_variant_get_child(arguments, 0, "&s", &wish.name);
    g_variant_get_child(arguments, 1, "&s", incoming ? &wish.from : &wish.to);
    g_variant_get_child(arguments, 2, "&s", &wish.protocol);
    g_variant_get_child(arguments, 3, "q", &wish.first_port);
    g_variant_get_child(arguments, 4, "q", &wish.last_port);
    g_variant_get_child(arguments, 5, "u", &seconds);
    g_variant_get_child(arguments, 6, "b", &confirmed);
    wish.confirmed = confirmed;
    if (g_variant_n_children(arguments) > 7)
        g_variant_get_child(arguments, 7, "&s", &wish.on.uuid);
    return ks_guard_add_exception(guard, doing, &wish, seconds, error);
}

bool ks_method_add_exception(KsGuard *guard, KsGuardDoing doing, GVariant *arguments,
                             GError **error)
{
    return add(guard, doing, arguments, false, error);
}

bool ks_method_add_service(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, GError **error)
{
    return add(guard, doing, arguments, true, error);
}

bool ks_method_remove_exception(KsGuard *guard, KsGuardDoing doing, GVariant *arguments,
                                GError **error)
{
    const char *name;

    g_variant_get_child(arguments, 0, "&s", &name);
    return ks_guard_remove_exception(guard, doing, name, error);
}
