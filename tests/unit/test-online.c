/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/field.h"
#include "ctl/online-verdict.h"
#include "ctl/terminal-text.h"

#include <locale.h>
#include <string.h>

#define URL "https://service.example/"

static GVariant *parse(const char *type, const char *text)
{
    g_autoptr(GError) error = NULL;
    GVariant *value = g_variant_parse(G_VARIANT_TYPE(type), text, NULL, NULL, &error);

    g_assert_no_error(error);
    return value;
}

#define USUAL(answer)  "('', '192.0.2.9', true, 200, '" answer "', '', false)"
#define TUNNEL(answer) "('tun0', '192.0.2.9', true, 200, '" answer "', '', false)"
#define CARD(answer)   "('wlan0', '192.0.2.9', true, 200, '" answer "', '', false)"
#define USUAL_NOT      "('', '192.0.2.9', false, 0, '', 'refused', false)"
#define CARD_NOT       "('wlan0', '192.0.2.9', false, 0, '', 'refused', false)"

static GVariant *status_of(const char *state, const char *excepted)
{
    g_autofree char *text = g_strdup_printf(
        "{'state': <'%s'>, 'tunnels': <[{'interface': <'tun0'>}]>, 'exceptions': <[{'to': <'%s'>, "
        "'protocol': <'tcp'>, 'first_port': <uint16 443>, 'last_port': <uint16 443>}]>}",
        state, excepted);

    return parse("a{sv}", text);
}

static void test_verdict(void)
{
    static const struct {
        const char *state;
        const char *why;
        const char *ways;
        const char *verdict;
        const char *doubt;
        const char *seen;
        const char *says;
        const char *excepted; /* where an exception leads; NULL: elsewhere */
        const char *later;    /* the state when the answers were there; NULL: the same */
        const char *moved;    /* where the exception leads then; NULL: the same */
    } cases[] = {
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD_NOT, "closed", "", "",
          "Nothing leaks to this service" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "leaked", "", "different",
          "This machine leaks" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("a"), "leaked", "", "same",
          "does not change" },
        /* a connection counts, whatever comes of it */
        { "protected", "",
          USUAL("a") ",('wlan0', '192.0.2.9', true, 0, '', 'no certificate', false)", "leaked", "",
          "", "reached: no certificate" },
        { "protected", "", USUAL("a") ",('wlan0', '192.0.2.9', true, 403, 'a', '', false)",
          "leaked", "", "", "reached: HTTP 403" },
        /* one family does not answer for the other */
        { "protected", "",
          USUAL("a") "," TUNNEL("a") ",('wlan0', '2001:db8::9', true, 200, 'c', '', false)",
          "leaked", "", "", "This machine leaks" },
        { "unlocked", "", USUAL("b") "," CARD("b"), "leaked", "", "", "The lock is open" },
        { "unlocked", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "leaked", "", "different",
          "shows another address" },
        { "paused", "", USUAL("b") "," CARD("b"), "leaked", "", "", "The lock is paused" },
        { "unlocked", "", USUAL("a") "," TUNNEL("a") "," CARD_NOT, "unjudged", "open", "",
          "it is not the lock" },
        { "", "", USUAL("a") "," CARD_NOT, "unjudged", "open", "", "it is not the lock" },
        { "blocked", "", USUAL_NOT "," CARD_NOT, "unjudged", "not-reached", "",
          "by no way at all" },
        { "protected", "", USUAL("a") "," TUNNEL("a"), "unjudged", "no-uplink", "",
          "no network card" },
        { "protected", "",
          USUAL("a") ",('wlan0', '192.0.2.9', false, 0, '', 'not permitted', true)", "unjudged",
          "not-tied", "", "does not let programs choose" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "unjudged", "exception",
          "different", "an exception lets", "192.0.2.0/24" },
        { "unlocked", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "leaked", "", "different",
          "The lock is open", "192.0.2.9" },
        /* what changed meanwhile is not judged by what was */
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD_NOT, "unjudged", "changed", "",
          "the lock changed", NULL, "blocked" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD_NOT, "unjudged", "changed", "",
          "the lock changed", NULL, "" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "leaked", "", "different",
          "The lock is paused", NULL, "paused" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "unjudged", "changed",
          "different", "the lock changed", NULL, NULL, "192.0.2.9" },
        { "protected", "", USUAL("a") "," TUNNEL("a") "," CARD("b"), "unjudged", "changed",
          "different", "the lock changed", "192.0.2.9", NULL, "192.0.2.1" },
        { "blocked", "name", "", "unjudged", "name", "", "no address was found" },
        { "protected", "not-public", "", "unjudged", "not-public", "", "not on the internet" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *excepted = cases[i].excepted ? cases[i].excepted : "192.0.2.1";
        g_autofree char *said = g_strdup_printf("('%s', 443, [%s])", cases[i].why, cases[i].ways);
        g_autoptr(GVariant) status = status_of(cases[i].state, excepted);
        g_autoptr(GVariant) after = status_of(cases[i].later ? cases[i].later : cases[i].state,
                                              cases[i].moved ? cases[i].moved : excepted);
        g_autoptr(GVariant) answers = parse(KS_ONLINE_TYPE, said);
        g_autoptr(GVariant) told = ks_online_tell(URL, status, after, answers);
        g_autofree char *text = ks_show_online(told, false);
        g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
        g_autofree char *line = g_strjoinv(" ", words);

        g_assert_cmpstr(ks_field_text(told, "verdict"), ==, cases[i].verdict);
        g_assert_cmpstr(ks_field_text(told, "doubt"), ==, cases[i].doubt);
        g_assert_cmpstr(ks_field_text(told, "seen"), ==, cases[i].seen);
        g_assert_cmpstr(ks_field_text(told, "url"), ==, URL);
        if (!strstr(line, cases[i].says))
            g_error("“%s” is not in: %s", cases[i].says, text);
    }
}

/* Whatever a service answers, a line stays a line. */
static void test_long_answer(void)
{
    g_autofree char *much = g_strnfill(4000, 'x');
    g_autofree char *said =
        g_strdup_printf("('', 443, [('', '192.0.2.9', true, 200, '%s', '', false)])", much);
    g_autoptr(GVariant) status = parse("a{sv}", "@a{sv} {}");
    g_autoptr(GVariant) answers = parse(KS_ONLINE_TYPE, said);
    g_autoptr(GVariant) told = ks_online_tell(URL, status, status, answers);
    g_autofree char *text = ks_show_online(told, true);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 1; lines[i]; i++)
        g_assert_cmpuint(ks_printable_columns(lines[i]), <=, KS_TERMINAL_COLUMNS);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/online/verdict", test_verdict);
    g_test_add_func("/online/long-answer", test_long_answer);
    return g_test_run();
}
