/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/laid-down-exceptions.h"

#include "policy/error.h"

#include <string.h>

#define CONFIRMATION "yes-it-leaks"

/* to or from, an address, a protocol, ports, CONFIRMATION; and one too many */
#define WORDS_MAX 6

static bool fail(GError **error, const char *why)
{
    g_set_error_literal(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS, why);
    return false;
}

/* Returns how many; they point into `text`. */
static unsigned words_of(char *text, const char *ret_words[WORDS_MAX])
{
    unsigned count = 0;

    while (count < WORDS_MAX) {
        text += strspn(text, " \t");
        if (!text[0])
            break;
        ret_words[count++] = text;
        text += strcspn(text, " \t");
        if (text[0])
            *text++ = '\0';
    }
    return count;
}

bool ks_exceptions_lay_down(KsExceptions *exceptions, const char *name, const char *text,
                            const char *source, GError **error)
{
    g_autofree char *copy = g_strdup(text);
    const char *words[WORDS_MAX] = { NULL };
    unsigned count = words_of(copy, words);
    KsExceptionWish wish = { .name = name, .protocol = "", .source = source };
    g_autoptr(GError) failure = NULL;
    KsException ports = { 0 };

    wish.confirmed = count > 0 && strcmp(words[count - 1], CONFIRMATION) == 0;
    count -= wish.confirmed;
    if (count < 2 || count > 4 || (strcmp(words[0], "to") != 0 && strcmp(words[0], "from") != 0) ||
        (count == 4 && !ks_exception_read_ports(words[3], &ports)))
        return fail(error, "it must be: to|from ADDRESS[/LENGTH] [tcp|udp|icmp [PORT[-PORT]]]");
    if (words[0][0] == 't')
        wish.to = words[1];
    else
        wish.from = words[1];
    if (count > 2)
        wish.protocol = words[2];
    wish.first_port = ports.first_port;
    wish.last_port = ports.last_port;
    if (ks_exceptions_add(exceptions, &wish, NULL, 0, &failure))
        return true;
    if (failure->code == KS_ERROR_NOT_CONFIRMED)
        return fail(error, "it opens more than people think: see nm-killswitch allow add, and "
                           "write " CONFIRMATION " behind it");
    if (failure->code == KS_ERROR_EXCEPTION_EXISTS)
        return fail(error, "another one opens some of this already");
    g_set_error(error, KS_ERROR, KS_ERROR_INVALID_ARGUMENTS, "%.*s",
                (int) strlen(failure->message) - 1, failure->message); /* a sentence */
    return false;
}
