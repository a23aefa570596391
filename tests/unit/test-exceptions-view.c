/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/exceptions-view.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the preferences say of exceptions, and what can be done about them. */

#define KNOWN(exceptions) "{'State': <'blocked'>, 'Exceptions': <[" exceptions "]>}"
#define ONE(name, end, more)                                                           \
    "{'name': <'" name "'>, " end ", 'protocol': <'tcp'>, 'first_port': <uint16 22>, " \
    "'last_port': <uint16 22>" more "}"
#define TO(address)   "'to': <'" address "'>"
#define FROM(address) "'from': <'" address "'>"

/* A row a line: its text with "/" between lines, what can be done, whether it is asked about. */
static char *text_of(const KsModel *model)
{
    g_autoptr(KsExceptionsView) view = ks_exceptions_view_new(model);
    g_autoptr(GString) out = g_string_new(view->note);

    g_string_append_printf(out, "|%s%s%s", view->known ? "" : "unknown ",
                           view->can_add ? "add" : "", view->busy ? " busy" : "");
    for (unsigned i = 0; i < view->rows->len; i++) {
        const KsExceptionRow *row = g_ptr_array_index(view->rows, i);
        g_autofree char *text = ks_exception_row_text(row);

        g_string_append_printf(out, "\n%s: %s%s%s", g_strdelimit(text, "\n", '/'),
                               row->laid_down ? "laid down" : "", row->can_remove ? "remove" : "",
                               row->question ? " (asks)" : "");
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void check(KsGuardState *guard, KsPermission permission, bool busy, const char *expected)
{
    g_autofree char *text = NULL;
    Fixture fixture;

    model_init(&fixture, guard);
    fixture.model.permissions[KS_REQUEST_ADD_EXCEPTION] = permission;
    fixture.model.permissions[KS_REQUEST_REMOVE_EXCEPTION] = permission;
    fixture.model.busy[KS_REQUEST_REMOVE_EXCEPTION] = busy;
    text = text_of(&fixture.model);
    g_assert_cmpstr(text, ==, expected);
    model_clear(&fixture);
}

static void test_what_they_are(void)
{
    static const struct {
        const char *exception;
        const char *row;
    } rows[] = {
        { ONE("NAS", TO("100.64.0.9"), ""),
          "NAS/To 100.64.0.9, port 22, TCP/Until somebody removes it: remove (asks)" },
        { ONE("NAS", TO("100.64.0.9"), ", 'until': <uint64 1000003600>"),
          "NAS/To 100.64.0.9, port 22, TCP/Until 02:46: remove" },
        { ONE("NAS", TO("100.64.0.9"), ", 'until': <uint64 1000100000>"),
          "NAS/To 100.64.0.9, port 22, TCP/Until 10 September, 05:33: remove" },
        { ONE("NAS", TO("100.64.0.9"), ", 'source': <'/etc/x.conf:3'>"),
          "NAS/To 100.64.0.9, port 22, TCP/The administrator has laid it down in /etc/x.conf:3: "
          "laid down (asks)" },
        { ONE("ssh", FROM("192.0.2.0/24"), ""),
          "ssh/From others to this computer: 192.0.2.0/24, port 22, TCP/Until somebody removes it: "
          "remove (asks)" },
        { ONE("ssh", FROM("::/0"), ", 'until': <uint64 1000003600>"),
          "ssh/From anybody to this computer: ::/0, port 22, TCP/Until 02:46: remove (asks)" },
        { ONE("x", TO("printer"), ""),
          "x/This program does not know what it lets past the lock./Until somebody removes it: "
          "remove (asks)" },
        { "{'name': <'all'>, 'to': <'2001:db8::/48'>, 'protocol': <''>}",
          "all/To 2001:db8::/48, everything but questions to name servers/Until somebody removes "
          "it: remove (asks)" },
        { "{'name': <'tcp'>, 'to': <'10.0.0.0/8'>, 'protocol': <'tcp'>}",
          "tcp/To 10.0.0.0/8, all ports but those of name servers, TCP/Until somebody removes it: "
          "remove (asks)" },
        { "{'name': <'some'>, 'to': <'10.0.0.1'>, 'protocol': <'udp'>, 'first_port': <uint16 5>, "
          "'last_port': <uint16 9>}",
          "some/To 10.0.0.1, ports 5 to 9, UDP/Until somebody removes it: remove (asks)" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = g_strdup_printf(KNOWN("%s"), rows[i].exception);
        g_autofree char *expected = g_strdup_printf("|add\n%s", rows[i].row);

        check(guard_from(said), KS_PERMISSION_YES, false, expected);
    }
}

static void test_who_may(void)
{
    static const char one[] = KNOWN(ONE("a", TO("10.0.0.1"), ""));
    static const char text[] = "\na/To 10.0.0.1, port 22, TCP/Until somebody removes it: ";
    g_autofree char *may = g_strconcat("|add", text, "remove (asks)", NULL);
    g_autofree char *busy = g_strconcat("|add busy", text, " (asks)", NULL);
    g_autofree char *asked = g_strconcat(
        "To add or remove one, the guard asks for an administrator’s password.", may, NULL);
    g_autofree char *no = g_strconcat("The administrator of this computer does not allow it.|",
                                      text, " (asks)", NULL);

    check(guard_from(one), KS_PERMISSION_YES, false, may);
    check(guard_from(one), KS_PERMISSION_UNKNOWN, false, may);
    check(guard_from(one), KS_PERMISSION_ASK, false, asked);
    check(guard_from(one), KS_PERMISSION_NO, false, no);
    check(guard_from(one), KS_PERMISSION_YES, true, busy);
    check(ks_guard_state_new(KS_STATE_AWAY), KS_PERMISSION_YES, false,
          "Not known while the guard is not running|unknown ");
}

#define ON(name, uuid) ", 'network': <'" uuid "'>, 'network_name': <'" name "'>"

static void test_on_one_network(void)
{
    static const struct {
        const char *more;
        const char *here;
        const char *elsewhere;
    } rows[] = {
        { ON("Home", "n1"), "Until somebody removes it/Only on “Home”: remove (asks)",
          "Until somebody removes it/Only on “Home”; closed: this computer is not connected to it "
          "now: remove (asks)" },
        { ON("Home", "n1") ", 'until': <uint64 1000003600>", "Until 02:46/Only on “Home”: remove",
          "Until 02:46/Only on “Home”; closed: this computer is not connected to it now: remove" },
        /* another person's */
        { ON("", ""),
          "Until somebody removes it/Only on a network that you cannot see: remove (asks)",
          "Until somebody removes it/Only on a network that you cannot see; closed: this computer "
          "is not connected to it now: remove (asks)" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = g_strdup_printf(
            "{'State': <'blocked'>, 'ExceptionsElsewhere': <[" ONE(
                "b", TO("10.0.0.2"), "%s") "]>, "
                                           "'Exceptions': <[" ONE("a", TO("10.0.0.1"), "%s") "]>}",
            rows[i].more, rows[i].more);
        g_autofree char *expected =
            g_strdup_printf("|add\na/To 10.0.0.1, port 22, TCP/%s\nb/To 10.0.0.2, port 22, TCP/%s",
                            rows[i].here, rows[i].elsewhere);

        check(guard_from(said), KS_PERMISSION_YES, false, expected);
    }
    /* nobody is here by a service that is closed */
    check(guard_from("{'State': <'blocked'>, 'ExceptionsElsewhere': <[" ONE(
              "s", FROM("192.0.2.0/24"), ON("Home", "n1") ", 'until': <uint64 1000003600>") "]>}"),
          KS_PERMISSION_YES, false,
          "|add\ns/From others to this computer: 192.0.2.0/24, port 22, TCP/Until 02:46/Only on "
          "“Home”; closed: this computer is not connected to it now: remove");
}

/* Wherever they are. */
static void test_as_many_as_there_can_be(void)
{
    g_autoptr(GString) all = g_string_new("{'State': <'blocked'>, 'Exceptions': <[");
    g_autoptr(KsExceptionsView) view = NULL;
    Fixture fixture;

    for (unsigned i = 0; i < KS_EXCEPTIONS_MAX; i++)
        g_string_append_printf(all, "%s" ONE("%u", TO("10.0.0.%u"), ""),
                               i == KS_EXCEPTIONS_MAX / 2 ? "]>, 'ExceptionsElsewhere': <["
                               : i                        ? ", "
                                                          : "",
                               i, i + 1);
    g_string_append(all, "]>}");
    model_init(&fixture, guard_from(all->str));
    view = ks_exceptions_view_new(&fixture.model);
    g_assert_cmpuint(view->rows->len, ==, KS_EXCEPTIONS_MAX);
    g_assert_false(view->can_add);
    g_assert_cmpstr(view->note, ==, "There are as many as there can be. Remove one first.");
    model_clear(&fixture);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_assert_cmpint(setenv("TZ", "UTC", 1), ==, 0);
    tzset();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exceptions-view/what-they-are", test_what_they_are);
    g_test_add_func("/exceptions-view/on-one-network", test_on_one_network);
    g_test_add_func("/exceptions-view/who-may", test_who_may);
    g_test_add_func("/exceptions-view/as-many-as-there-can-be", test_as_many_as_there_can_be);
    return g_test_run();
}
