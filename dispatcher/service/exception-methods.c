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

static bool add(KsGuard *guard, KsGuardDoing doing, GVariant *arguments, bool incoming,
                GError **error)
{
    KsExceptionWish wish = { 0 };
    gboolean confirmed;
    guint32 seconds;

    g_variant_get(arguments, "(&s&s&sqqub)", &wish.name, incoming ? &wish.from : &wish.to,
                  &wish.protocol, &wish.first_port, &wish.last_port, &seconds, &confirmed);
    wish.confirmed = confirmed;
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
