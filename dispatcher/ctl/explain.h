/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A status in words: what is so, why, and what to do next. Translated; names in it are safe to
 * print. */

typedef enum {
    KS_MOOD_PLAIN,
    KS_MOOD_GOOD,
    KS_MOOD_CAREFUL,
    KS_MOOD_BAD,
} KsMood;

typedef struct {
    char *what;
    char *command; /* that does it */
} KsAdvice;

typedef struct {
    KsMood mood;
    char *headline;   /* what is so */
    char *why;        /* NULL: the headline says it all */
    char *also;       /* what else is so, NULL: nothing */
    GPtrArray *steps; /* element-type KsAdvice: what to do next, the best first */
} KsExplanation;

/* Of a status (a{sv}) as GetStatus returns it; owned by the caller. */
KsExplanation *ks_explain(GVariant *status);
void ks_explanation_free(KsExplanation *explanation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsExplanation, ks_explanation_free)
