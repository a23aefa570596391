/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applet-fixture.h"
#include "applet/here-choice.h"

#include <locale.h>

/* Which VPN connects on the network of now, as text. */

#define NETWORK "{'uuid': <'n1'>, 'name': <'Home'>}"
#define KNOWN(networks, always)                                                          \
    "{'State': <'blocked'>, 'Networks': <@aa{sv} [" networks "]>, 'AlwaysOn': <@a{sv} {" \
    "'vpns': <@aa{sv} []>" always "}>}"
#define HERE(uuid) ", 'here': <[{'uuid': <'" uuid "'>, 'name': <'x'>}, {'uuid': <'u9'>}]>"

static char *text_of(const KsModel *model)
{
    g_autoptr(KsHereChoice) choice = ks_here_choice_new(model);
    g_autofree char *networks = g_strjoinv(",", choice->networks);
    GString *out = g_string_new(NULL);

    if (!choice->title)
        return g_string_free(out, FALSE);
    g_string_append_printf(out, "%s|%s|%s%s|", choice->title, choice->note,
                           choice->sensitive ? "" : "off", choice->busy ? " busy" : "");
    for (unsigned i = 0; i < choice->options->len; i++) {
        const KsHereOption *option = g_ptr_array_index(choice->options, i);

        g_string_append_printf(out, "%s%s(%s), ", i == choice->chosen ? "*" : "", option->name,
                               option->uuid);
    }
    g_string_append(out, networks);
    return g_string_free(out, FALSE);
}

#define TITLE "VPN that connects by itself on “Home”"

static void test_follows_the_guard(void)
{
    static const struct {
        const char *guard;
        const char *text;
    } rows[] = {
        { KNOWN(NETWORK, ""), TITLE "|||*The same as everywhere(), office(u1), n1" },
        { KNOWN(NETWORK, HERE("u1")), TITLE "|||The same as everywhere(), *office(u1), n1" },
        { KNOWN(NETWORK, HERE("u7")),
          TITLE "|||The same as everywhere(), office(u1), *A VPN that you cannot see(u7), n1" },
        { KNOWN(NETWORK ", {'uuid': <'n2'>, 'name': <'Dock'>}", ""),
          "VPN that connects by itself on “Home”, “Dock”|||*The same as everywhere(), office(u1), "
          "n1,n2" },
        { KNOWN(NETWORK, ", 'source': <'/etc/x.conf:3'>"),
          TITLE "|The administrator has laid down which VPN is always on.|off|"
                "*The same as everywhere(), office(u1), n1" },
        /* no network, a guard that does not know always-on, and none at all */
        { KNOWN("", ""), "" },
        { "{'State': <'blocked'>, 'Networks': <[" NETWORK "]>}", "" },
        { "{}", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = NULL;
        Fixture fixture;

        model_init(&fixture, guard_from(rows[i].guard[1] == '}' ? "@a{sv} {}" : rows[i].guard));
        text = text_of(&fixture.model);
        g_assert_cmpstr(text, ==, rows[i].text);
        model_clear(&fixture);
    }
}

static void test_who_may(void)
{
    g_autofree char *refused = NULL;
    g_autofree char *busy = NULL;
    Fixture fixture;

    model_init(&fixture, guard_from(KNOWN(NETWORK, "")));
    fixture.model.permissions[KS_REQUEST_SET_ALWAYS_ON_HERE] = KS_PERMISSION_NO;
    refused = text_of(&fixture.model);
    g_assert_cmpstr(refused, ==,
                    TITLE "|The administrator of this computer does not allow it.|off|"
                          "*The same as everywhere(), office(u1), n1");
    fixture.model.permissions[KS_REQUEST_SET_ALWAYS_ON_HERE] = KS_PERMISSION_ASK;
    fixture.model.busy[KS_REQUEST_SET_ALWAYS_ON_HERE] = true;
    busy = text_of(&fixture.model);
    g_assert_cmpstr(busy, ==, TITLE "||off busy|*The same as everywhere(), office(u1), n1");
    model_clear(&fixture);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/here-choice/follows-the-guard", test_follows_the_guard);
    g_test_add_func("/here-choice/who-may", test_who_may);
    return g_test_run();
}
