/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/resolv-conf.h"

#include "model/address.h"

#include <glib.h>
#include <string.h>

/* glibc asks no more (MAXNS). */
#define SERVERS_MAX 3u

typedef struct {
    const char *at;
    const char *end;
} Span;

typedef struct {
    bool has_list;
    unsigned dots;
    bool by_tcp;
    unsigned servers;
    unsigned local; /* of these */
} Found;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static Span take_line(Span *rest)
{
    const char *end = memchr(rest->at, '\n', (size_t) (rest->end - rest->at));
    Span line = { rest->at, end ? end : rest->end };

    rest->at = end ? end + 1 : rest->end;
    return line;
}

/* Empty when there is no more. */
static Span take_word(Span *line)
{
    Span word;

    while (line->at < line->end && is_blank(*line->at))
        line->at++;
    word.at = line->at;
    while (line->at < line->end && !is_blank(*line->at))
        line->at++;
    word.end = line->at;
    return word;
}

static bool is(Span word, const char *text)
{
    size_t length = (size_t) (word.end - word.at);

    return length == strlen(text) && memcmp(word.at, text, length) == 0;
}

static unsigned number_in(const char *at, const char *end)
{
    unsigned number = 0;

    for (; at < end && g_ascii_isdigit(*at) && number <= KS_RESOLV_CONF_DOTS_MAX; at++)
        number = number * 10 + (unsigned) (*at - '0');
    return MIN(number, KS_RESOLV_CONF_DOTS_MAX);
}

static void read_options(Span line, Found *found)
{
    static const char prefix[] = "ndots:";
    const size_t length = sizeof(prefix) - 1;

    for (Span word = take_word(&line); word.at < word.end; word = take_word(&line)) {
        found->by_tcp |= is(word, "use-vc");
        if ((size_t) (word.end - word.at) >= length && memcmp(word.at, prefix, length) == 0)
            found->dots = number_in(word.at + length, word.end);
    }
}

static void read_server(Span line, Found *found)
{
    Span word = take_word(&line);
    char text[KS_ADDRESS_TEXT_SIZE] = "";
    KsAddress address;

    if (word.at == word.end || found->servers >= SERVERS_MAX)
        return;
    if ((size_t) (word.end - word.at) < sizeof(text))
        memcpy(text, word.at, (size_t) (word.end - word.at));
    found->servers++;
    found->local += ks_address_parse(text, &address) && ks_address_is_loopback(&address);
}

/* The last list counts. One that begins with the root has names asked for as they are, first. */
static void read_list(Span line, Found *found)
{
    Span first = take_word(&line);

    if (first.at < first.end)
        found->has_list = !is(first, ".");
}

KsResolvConf ks_resolv_conf_read(const char *text, size_t size, const char *host_name)
{
    const char *domain = strchr(host_name, '.');
    Found found = { .has_list = domain && domain[1], .dots = 1 };
    Span rest = { text, text + size };

    while (rest.at < rest.end) {
        Span line = take_line(&rest);
        Span keyword = { line.at, line.at };

        /* a keyword stands at the line's beginning */
        if (line.at < line.end && !is_blank(*line.at))
            keyword = take_word(&line);
        if (is(keyword, "search") || is(keyword, "domain"))
            read_list(line, &found);
        else if (is(keyword, "options"))
            read_options(line, &found);
        else if (is(keyword, "nameserver"))
            read_server(line, &found);
    }
    return (KsResolvConf){
        .search_dots = found.has_list ? found.dots : 0,
        .by_tcp = found.by_tcp,
        .is_local = found.servers > 0 && found.local == found.servers,
    };
}
