/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output.h"

#include "config.h"
#include "ctl/terminal-text.h"
#include "model/names.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beyond it, a sentence is cut. */
#define SENTENCE_COLUMNS 2000

/* No character set takes more bytes for a byte of UTF-8. */
#define GROWTH_MAX 4

/* With the nearest that `charset` has, such as straight quotation marks: g_convert() would rather
 * fail. NULL if not even that can be. */
static char *transliterate(const char *text, const char *charset)
{
    g_autofree char *target = g_strconcat(charset, "//TRANSLIT", NULL);
    GIConv converter = g_iconv_open(target, "UTF-8");
    gsize left = strlen(text);
    gsize room = GROWTH_MAX * left;
    char *from = (char *) text; /* the prototype's fault */
    char *converted;
    char *to;
    gsize failed;

    if (converter == (GIConv) -1)
        return NULL;
    converted = g_malloc0(room + 1);
    to = converted;
    failed = g_iconv(converter, &from, &left, &to, &room);
    g_iconv_close(converter);
    if (failed == (gsize) -1)
        g_clear_pointer(&converted, g_free);
    return converted;
}

static void put(FILE *stream, const char *text)
{
    g_autofree char *converted = NULL;
    const char *charset;

    if (!g_get_charset(&charset)) {
        converted = transliterate(text, charset);
        if (!converted)
            converted = g_convert_with_fallback(text, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
    }
    (void) fputs(converted ? converted : text, stream);
}

void ks_output_print(const char *text)
{
    put(stdout, text);
}

void ks_output_data(const char *data)
{
    (void) fputs(data, stdout);
}

static void say(const char *first, const char *sentence)
{
    g_autofree char *safe = ks_printable(sentence, SENTENCE_COLUMNS);
    g_autoptr(GString) text = g_string_new(NULL);

    ks_terminal_append_wrapped(text, first, 0, safe);
    (void) fflush(stdout);
    put(stderr, text->str);
}

void ks_output_complain(const char *sentence)
{
    say(KS_PROGRAM ": ", sentence);
}

void ks_output_complain_f(const char *format, ...)
{
    g_autofree char *sentence = NULL;
    va_list arguments;

    va_start(arguments, format);
    sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    ks_output_complain(sentence);
}

void ks_output_add(const char *sentence)
{
    say("", sentence);
}

bool ks_output_has_colour(void)
{
    const char *no_colour = g_getenv("NO_COLOR");
    const char *terminal = g_getenv("TERM");

    return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

bool ks_output_finish(void)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return true; /* anyone who stops reading knows that */
    ks_output_complain_f(_("What was to be printed could not be written: %s."),
                         g_strerror(errno ? errno : EIO));
    return false;
}
