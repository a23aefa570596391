/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/online-verdict.h"

#include "config.h"
#include "ctl/field.h"
#include "ctl/terminal-text.h"
#include "model/exception.h"

#include <glib/gi18n.h>
#include <netinet/in.h>
#include <string.h>

/* What a way takes of a line, and an answer at most: an address with some words. */
#define WAY_COLUMNS    32
#define ANSWER_COLUMNS 44u

#define HTTP_OK 200u

/* ---- what follows ---- */

typedef struct {
    bool closed;   /* the lock is */
    bool works;    /* the service was reached by the usual way or a VPN */
    bool uplinks;  /* there are any */
    bool reached;  /* it was reached by an uplink */
    bool excepted; /* ... while the lock is closed, as an exception allows */
    bool same;     /* ... with an answer that a VPN got too, in the same family */
    bool other;    /* ... with another one */
    bool not_tied; /* the kernel did not let the question be tied to an interface */
} Finding;

static bool is_uplink(GVariant *way)
{
    return strcmp(ks_field_text(way, "kind"), "uplink") == 0;
}

static bool is_answered(GVariant *way)
{
    return ks_field_number(way, "status") == HTTP_OK;
}

static void compare(Finding *finding, GVariant *ways, GVariant *uplink)
{
    for (gsize i = 0; i < g_variant_n_children(ways); i++) {
        g_autoptr(GVariant) way = g_variant_get_child_value(ways, i);
        bool same;

        if (strcmp(ks_field_text(way, "kind"), "vpn") != 0 || !is_answered(way) ||
            ks_field_number(way, "family") != ks_field_number(uplink, "family"))
            continue;
        same = strcmp(ks_field_text(way, "answer"), ks_field_text(uplink, "answer")) == 0;
        finding->same |= same;
        finding->other |= !same;
    }
}

static Finding find(const char *state, GVariant *ways)
{
    Finding finding = { .closed =
                            strcmp(state, "protected") == 0 || strcmp(state, "blocked") == 0 };

    for (gsize i = 0; i < g_variant_n_children(ways); i++) {
        g_autoptr(GVariant) way = g_variant_get_child_value(ways, i);
        bool reached = ks_field_flag(way, "reached");

        if (!is_uplink(way)) {
            finding.works |= reached;
            continue;
        }
        finding.uplinks = true;
        if (reached && finding.closed && ks_field_flag(way, "excepted"))
            finding.excepted = true;
        else
            finding.reached |= reached;
        finding.not_tied |= ks_field_flag(way, "not_tied");
        if (is_answered(way))
            compare(&finding, ways, way);
    }
    return finding;
}

/* A word; "": nothing is in doubt. */
static const char *doubt_of(const Finding *finding)
{
    if (!finding->works)
        return "not-reached";
    if (!finding->uplinks)
        return "no-uplink";
    if (finding->not_tied)
        return "not-tied";
    if (finding->excepted)
        return "exception";
    return finding->closed ? "" : "open";
}

/* ---- what is told ---- */

/* One for one network is by interfaces alone; which of them the usual way took is not known. */
static bool goes_by(GVariant *exception, const char *interface)
{
    g_auto(GStrv) interfaces = ks_field_texts(exception, "interfaces");

    return !interfaces || !interfaces[0] || !interface[0] ||
           g_strv_contains((const char *const *) interfaces, interface);
}

/* An exception of the lock leads there. */
static bool is_excepted(GVariant *status, const char *interface, const char *address, uint16_t port)
{
    g_autoptr(GVariant) list = ks_field_list(status, "exceptions");
    KsAddress to;

    if (!ks_address_parse(address, &to))
        return false;
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) told = g_variant_get_child_value(list, i);
        KsException exception = { .first_port = (uint16_t) ks_field_number(told, "first_port"),
                                  .last_port = (uint16_t) ks_field_number(told, "last_port") };

        if (goes_by(told, interface) &&
            ks_exception_read_to(ks_field_text(told, "to"), &exception) &&
            ks_exception_read_protocol(ks_field_text(told, "protocol"), &exception) &&
            ks_exception_lets_out(&exception, &to, IPPROTO_TCP, port))
            return true;
    }
    return false;
}

static const char *kind_of(const char *interface, GVariant *tunnels)
{
    if (interface[0] == '\0')
        return "usual";
    for (gsize i = 0; i < g_variant_n_children(tunnels); i++) {
        g_autoptr(GVariant) tunnel = g_variant_get_child_value(tunnels, i);

        if (strcmp(ks_field_text(tunnel, "interface"), interface) == 0)
            return "vpn";
    }
    return "uplink";
}

/* An exception that was there at one of the two times only may have let it out, or not. */
static GVariant *ways_of(GVariant *status, GVariant *after, GVariant *answers, uint16_t port,
                         bool *has_changed)
{
    g_autoptr(GVariant) tunnels = ks_field_list(status, "tunnels");
    GVariantBuilder ways;
    GVariantIter iter;
    const char *interface;
    const char *address;
    const char *answer;
    const char *problem;
    guint32 code;
    gboolean reached;
    gboolean not_tied;

    g_variant_builder_init(&ways, G_VARIANT_TYPE("aa{sv}"));
    g_variant_iter_init(&iter, answers);
    while (g_variant_iter_next(&iter, "(&s&sbu&s&sb)", &interface, &address, &reached, &code,
                               &answer, &problem, &not_tied)) {
        bool was = is_excepted(status, interface, address, port);
        bool is = is_excepted(after, interface, address, port);
        GVariantDict way;

        *has_changed |= reached && was != is;
        g_variant_dict_init(&way, NULL);
        g_variant_dict_insert(&way, "kind", "s", kind_of(interface, tunnels));
        g_variant_dict_insert(&way, "interface", "s", interface);
        g_variant_dict_insert(&way, "address", "s", address);
        g_variant_dict_insert(&way, "family", "u", strchr(address, ':') ? 6u : 4u);
        g_variant_dict_insert(&way, "excepted", "b", was || is);
        g_variant_dict_insert(&way, "reached", "b", reached);
        g_variant_dict_insert(&way, "status", "u", code);
        g_variant_dict_insert(&way, "answer", "s", answer);
        g_variant_dict_insert(&way, "problem", "s", problem);
        g_variant_dict_insert(&way, "not_tied", "b", not_tied);
        g_variant_builder_add_value(&ways, g_variant_dict_end(&way));
    }
    return g_variant_builder_end(&ways);
}

/* Who opens the lock meanwhile sees what leaves an open lock. */
static const char *state_of(GVariant *status, GVariant *after)
{
    const char *later = ks_field_text(after, "state");

    return strcmp(later, "unlocked") == 0 || strcmp(later, "paused") == 0
               ? later
               : ks_field_text(status, "state");
}

GVariant *ks_online_tell(const char *url, GVariant *status, GVariant *after, GVariant *answers)
{
    const char *state = state_of(status, after);
    bool has_changed = strcmp(ks_field_text(status, "state"), ks_field_text(after, "state")) != 0;
    g_autoptr(GVariant) number = g_variant_get_child_value(answers, 1);
    uint16_t port = g_variant_get_uint16(number);
    g_autoptr(GVariant) given = g_variant_get_child_value(answers, 2);
    g_autoptr(GVariant) ways =
        g_variant_ref_sink(ways_of(status, after, given, port, &has_changed));
    Finding finding = find(state, ways);
    const char *doubt;
    GVariantDict told;

    g_variant_get_child(answers, 0, "&s", &doubt);
    if (doubt[0] == '\0')
        doubt = finding.reached ? "" : has_changed ? "changed" : doubt_of(&finding);
    g_variant_dict_init(&told, NULL);
    g_variant_dict_insert(&told, "url", "s", url);
    g_variant_dict_insert(&told, "state", "s", state);
    g_variant_dict_insert(&told, "verdict", "s",
                          finding.reached ? "leaked"
                          : doubt[0]      ? "unjudged"
                                          : "closed");
    g_variant_dict_insert(&told, "doubt", "s", doubt);
    g_variant_dict_insert(&told, "seen", "s",
                          finding.other  ? "different"
                          : finding.same ? "same"
                                         : "");
    g_variant_dict_insert_value(&told, "ways", ways);
    return g_variant_ref_sink(g_variant_dict_end(&told));
}

/* ---- for people ---- */

static const char *why_unjudged(const char *doubt)
{
    static const struct {
        const char *word;
        const char *text;
    } meanings[] = {
        { "changed",
          N_("It cannot be said whether this machine leaks: the lock changed during the test. Try "
             "again.") },
        { "name", N_("Nothing can be said: no address was found for the service's name.") },
        { "not-public",
          N_("Nothing can be said: the service is not on the internet, where others see you.") },
        { "not-reached",
          N_("Nothing can be said: the service was reached by no way at all. It may be away itself.") },
        { "no-uplink", N_("Nothing can be said: no network card leads out.") },
        { "not-tied",
          N_("Nothing can be said: this system does not let programs choose the network card.") },
        { "exception",
          N_("Nothing can be said: an exception lets this service be reached past the lock.") },
        { "open", N_("The service was reached by no network card without the VPN, but the lock is "
                     "open: it is not the lock that kept it from that.") },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (strcmp(meanings[i].word, doubt) == 0)
            return _(meanings[i].text);
    return _("Nothing can be said.");
}

static const char *comparison(const char *seen)
{
    if (strcmp(seen, "different") == 0)
        return _("It answers otherwise than through the VPN: what leaves by the network card shows "
                 "another address.");
    if (strcmp(seen, "same") == 0)
        return _(
            "It answers the same through the VPN: for this service the VPN does not change how "
            "you are seen.");
    return "";
}

static char *headline(GVariant *told)
{
    const char *verdict = ks_field_text(told, "verdict");
    const char *state = ks_field_text(told, "state");
    const char *seen = comparison(ks_field_text(told, "seen"));
    const char *first;

    if (strcmp(verdict, "unjudged") == 0)
        return g_strdup(why_unjudged(ks_field_text(told, "doubt")));
    if (strcmp(verdict, "closed") == 0)
        return g_strdup(
            _("Nothing leaks to this service: it was reached through the VPN, and by no "
              "network card without it."));
    if (strcmp(state, "unlocked") == 0)
        first = _("The lock is open, and the service was reached without a VPN.");
    else if (strcmp(state, "paused") == 0)
        first = _("The lock is paused, and the service was reached without a VPN.");
    else
        first = _("This machine leaks: the service was reached without the VPN.");
    return seen[0] ? g_strdup_printf("%s %s", first, seen) : g_strdup(first);
}

static char *way_text(GVariant *way)
{
    const char *kind = ks_field_text(way, "kind");
    const char *family = ks_field_number(way, "family") == 6 ? "IPv6" : "IPv4";
    g_autofree char *interface = ks_printable(ks_field_text(way, "interface"), WAY_COLUMNS / 2);

    if (strcmp(kind, "usual") == 0)
        return g_strdup_printf(_("as programs ask, %s"), family);
    if (strcmp(kind, "vpn") == 0)
        /* TRANSLATORS: by the VPN's interface, in IPv4 or IPv6: "VPN tun0, IPv4" */
        return g_strdup_printf(_("VPN %s, %s"), interface, family);
    return g_strdup_printf("%s, %s", interface, family);
}

static char *answer_text(GVariant *way)
{
    const char *problem = ks_field_text(way, "problem");
    uint64_t code = ks_field_number(way, "status");
    g_autofree char *text = NULL;

    if (!ks_field_flag(way, "reached"))
        return g_strdup(_("not reached"));
    if (problem[0])
        text = g_strdup_printf(_("reached: %s"), problem);
    else if (code == HTTP_OK && ks_field_text(way, "answer")[0])
        text = g_strdup(ks_field_text(way, "answer"));
    else
        text = g_strdup_printf(_("reached: HTTP %u"), (unsigned) code);
    return ks_printable(text, ANSWER_COLUMNS);
}

char *ks_show_online(GVariant *told, bool colour)
{
    g_autoptr(GVariant) ways = ks_field_list(told, "ways");
    const char *verdict = ks_field_text(told, "verdict");
    const char *paint = strcmp(verdict, "closed") == 0   ? "\033[1;32m"
                        : strcmp(verdict, "leaked") == 0 ? "\033[1;31m"
                                                         : "\033[1;33m";
    GString *out = g_string_new(colour ? paint : NULL);
    g_autofree char *first = headline(told);

    ks_terminal_append_wrapped(out, "", 0, first);
    if (colour)
        g_string_insert(out, (gssize) out->len - 1, "\033[0m");
    if (g_variant_n_children(ways) > 0)
        g_string_append_c(out, '\n');
    for (gsize i = 0; i < g_variant_n_children(ways); i++) {
        g_autoptr(GVariant) way = g_variant_get_child_value(ways, i);
        g_autofree char *name = way_text(way);
        g_autofree char *answer = answer_text(way);
        bool leaks = colour && is_uplink(way) && ks_field_flag(way, "reached");
        unsigned taken = ks_printable_columns(name);

        g_string_append_printf(out, "%s%*s%s%s%s\n", name,
                               taken < WAY_COLUMNS ? (int) (WAY_COLUMNS - taken) : 1, "",
                               leaks ? "\033[1;31m" : "", answer, leaks ? "\033[0m" : "");
    }
    return g_string_free(out, FALSE);
}
