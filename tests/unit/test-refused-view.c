/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the window of refused packets shows, whatever it is told. */
#include "applet/refused-view.h"
#include "model/names.h"

#include <string.h>

static char *name_app(const char *app, void *data)
{
    (void) data;
    return strcmp(app, "firefox") == 0 ? g_strdup("Firefox\033[2J") : NULL;
}

static KsRefusedView *view_of(const char *told)
{
    g_autoptr(GVariant) parsed = g_variant_parse(G_VARIANT_TYPE_VARDICT, told, NULL, NULL, NULL);
    g_autoptr(KsRefusedReport) report = NULL;

    g_assert_nonnull(parsed);
    report = ks_refused_report_read(parsed);
    return ks_refused_view_new(report, NULL, name_app, NULL);
}

#define ENTRY(more)                                                                                \
    "{'destination': <'203.0.113.9'>, 'protocol': <'tcp'>, 'port': <uint32 443>, "                 \
    "'rule': <'outside'>, 'way': <'sent'>, 'count': <uint64 3>, 'last': <int64 1000000000>, " more \
    "}"

static void test_rows(void)
{
    g_autoptr(KsRefusedView) view = view_of("{'state': <'on'>, 'entries': <[" ENTRY(
        "'program': <'firefox'>, 'path': <'/usr/lib/firefox'>, 'user': <'alice'>, "
        "'uid': <int64 1000>, 'app': <'firefox'>") ", " ENTRY("'program': <'a\033[2Jb\u202ec'>, "
                                                              "'app': <'other'>") ", " ENTRY("'program': <''>") "]>}");
    const KsRefusedRow *row = g_ptr_array_index(view->rows, 0);
    g_autofree char *text = ks_refused_view_text(view);

    g_assert_cmpuint(view->rows->len, ==, 3);
    g_assert_cmpstr(view->headline, ==, "Refused since this window opened:");
    g_assert_cmpstr(view->note, ==, "");
    g_assert_cmpstr(row->title, ==, "firefox");
    g_assert_cmpstr(row->app, ==, "firefox");
    g_assert_cmpstr(row->who, ==, "/usr/lib/firefox, user alice, Firefox\uFFFD[2J");
    g_assert_cmpstr(row->target, ==, "203.0.113.9, port 443, TCP: it was not going through a VPN");
    g_assert_true(g_str_has_prefix(row->times, "3 times, last at "));
    g_assert_cmpstr(row->program, ==, "firefox");
    g_assert_null(row->no_exception);
    g_assert_cmpuint(row->what.first_port, ==, 443);
    row = g_ptr_array_index(view->rows, 1);
    g_assert_cmpstr(row->who, ==, "other");
    row = g_ptr_array_index(view->rows, 2);
    g_assert_cmpstr(row->title, ==, "the kernel, or a program that has ended");
    g_assert_cmpstr(row->who, ==, "");
    g_assert_true(g_str_has_prefix(text, "firefox (/usr/lib/firefox, user alice"));
    g_assert_null(strchr(text, '\033'));
    g_assert_null(strstr(text, "\u202e"));
}

static void test_only_so_many(void)
{
    g_autoptr(GString) told = g_string_new("{'state': <'on'>, 'entries': <[");
    g_autoptr(KsRefusedView) view = NULL;

    for (unsigned i = 0; i <= KS_REFUSED_SHOWN_MAX; i++)
        g_string_append_printf(told, "%s{'program': <'p%u'>}", i > 0 ? ", " : "", i);
    g_string_append(told, "]>}");
    view = view_of(told->str);
    g_assert_cmpuint(view->rows->len, ==, KS_REFUSED_SHOWN_MAX);
    g_assert_cmpstr(view->note, ==, "The latest 100 of 101 are shown.");
}

/* Two long paths are alike once they are cut, and each has a row. */
static void test_alike(void)
{
    g_autofree char *path = g_strnfill(300, 'a');
    g_autofree char *told =
        g_strdup_printf("{'state': <'on'>, 'entries': <[{'path': <'%s1'>}, {'path': <'%s2'>}, "
                        "{'path': <'%s3'>}]>}",
                        path, path, path);
    g_autoptr(KsRefusedView) view = view_of(told);

    g_assert_cmpuint(view->rows->len, ==, 3);
    for (unsigned i = 0; i < view->rows->len; i++)
        for (unsigned j = 0; j < i; j++) {
            const KsRefusedRow *row = g_ptr_array_index(view->rows, i);
            const KsRefusedRow *other = g_ptr_array_index(view->rows, j);

            g_assert_cmpstr(row->key, !=, other->key);
        }
}

static void check(const char *told, const char *headline, const char *note)
{
    g_autoptr(KsRefusedView) view = view_of(told);

    g_assert_cmpuint(view->rows->len, ==, 0);
    g_assert_cmpstr(view->headline, ==, headline);
    g_assert_cmpstr(view->note, ==, note);
    g_assert_false(view->has_failed);
}

static void test_nothing(void)
{
    static const char unseen[] = "What is refused cannot be seen.";
    g_autoptr(KsRefusedView) view = ks_refused_view_new(NULL, NULL, name_app, NULL);

    g_assert_cmpstr(view->headline, ==, "Looking…");
    check("{'state': <'on'>}", "Nothing has been refused since this window opened.",
          "What a program tries to send past the VPN while the lock is closed appears here. What "
          "was refused before cannot be seen any more.");
    check("{'state': <'on'>, 'hidden': <uint32 2>}",
          "Nothing of your programs has been refused since this window opened.",
          "2 more are other users', or of senders that are not known: only an administrator sees "
          "them (sudo nm-killswitch refused).");
    check("{'state': <'no-guard'>}", unseen,
          "The guard does not answer, so nothing can be seen of what is refused. What was locked "
          "stays locked.");
    check("{'state': <'no-kernel'>}", unseen,
          "This kernel cannot tell what is refused: it has no nfnetlink_log.");
    check("{'state': <'taken'>}", unseen,
          "Another program already hears what the kernel tells of refused packets.");
    check("{'state': <'later'>}", unseen, ""); /* the headline says it */
}

/* The window shows at once what was refused before it opened, and says since when. */
static void test_kept(void)
{
#define KEPT "'kept_since': <int64 1000000000>, 'kept_until': <int64 1000001800>"
    static const struct {
        const char *told;
        const char *end;
    } cases[] = {
        { "{'state': <'on'>, " KEPT ", 'entries': <[" ENTRY("'program': <'p'>") "]>}", ":" },
        { "{'state': <'on'>, " KEPT "}", ": Nothing was refused since then." },
        { "{'state': <'on'>, " KEPT ", 'hidden': <uint32 2>}",
          ": Nothing of your programs was refused since then." },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KsRefusedView) view = view_of(cases[i].told);

        g_assert_true(g_str_has_prefix(view->headline, "Kept since "));
        g_assert_nonnull(strstr(view->headline, ", until "));
        g_assert_true(g_str_has_suffix(view->headline, cases[i].end));
        g_assert_null(strstr(view->note, "cannot be seen any more"));
    }
}

static void check_error(GError *taken, const char *note)
{
    g_autoptr(GError) error = taken;
    g_autoptr(KsRefusedView) view = ks_refused_view_new(NULL, error, name_app, NULL);

    g_assert_cmpstr(view->headline, ==, "What is refused cannot be seen.");
    g_assert_cmpstr(view->note, ==, note);
    g_assert_true(view->has_failed);
}

static void test_errors(void)
{
#define DBUS(name) "org.freedesktop.DBus.Error." name
    check_error(g_dbus_error_new_for_dbus_error(KS_BUS_ERROR("NotAuthorised"), "no"),
                "You may not see it without a password.");
    check_error(g_dbus_error_new_for_dbus_error(DBUS("ServiceUnknown"), "no"),
                "The program that shows refused packets could not be started. Its log: "
                "journalctl -u nm-killswitch-refused.service");
    check_error(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no"),
                "The program that shows refused packets does not answer. Its log: "
                "journalctl -u nm-killswitch-refused.service");
    check_error(g_dbus_error_new_for_dbus_error(DBUS("LimitsExceeded"), "no"),
                "Too many programs are watching already.");
    check_error(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, "no"),
                "The system bus is gone, so the guard cannot be reached. What was locked stays "
                "locked.");
    check_error(g_dbus_error_new_for_dbus_error(DBUS("Failed"), "a\033[2Jb"), "a\uFFFD[2Jb");
}

int main(int argc, char **argv)
{
    g_setenv("LC_ALL", "C.UTF-8", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refused-view/rows", test_rows);
    g_test_add_func("/refused-view/only-so-many", test_only_so_many);
    g_test_add_func("/refused-view/alike", test_alike);
    g_test_add_func("/refused-view/nothing", test_nothing);
    g_test_add_func("/refused-view/kept", test_kept);
    g_test_add_func("/refused-view/errors", test_errors);
    return g_test_run();
}
