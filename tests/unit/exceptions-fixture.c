/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exceptions-fixture.h"

#include "policy/error.h"

int code_of(KsExceptions *exceptions, const KsExceptionWish *wish)
{
    g_autoptr(GError) error = NULL;
    bool added = ks_exceptions_add(exceptions, wish, NULL, 0, &error);

    g_assert_cmpint(added, ==, !error);
    g_assert_true(added || error->domain == KS_ERROR);
    return added ? -1 : error->code;
}
