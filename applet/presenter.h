/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

/* From what is known to what is shown, without a toolkit: pure. The tray's menu and the status
 * window show the same description; every check mark in it is the guard's word, never a wish. */

typedef enum {
    KS_ITEM_HEADER, /* says how things are; opens the main window */
    KS_ITEM_TEXT,
    KS_ITEM_ACTION,
    KS_ITEM_CHECK,
    KS_ITEM_SUBMENU,
    KS_ITEM_SEPARATOR,
} KsItemKind;

typedef struct {
    char *id; /* tells items apart while they change, their kind too; unique in its list */
    KsItemKind kind;
    char *label; /* NULL for separators */
    char *brief; /* instead, where its submenu's label stands above it; NULL: the same */
    char *note;  /* a line below it, where there is room; NULL: none */
    bool sensitive;
    bool checked;
    bool busy;           /* what it asks for is under way */
    bool indented;       /* belongs to the item above it */
    bool menu_only;      /* a window has other means for it */
    const char *action;  /* of the application, static; NULL: none */
    GVariant *target;    /* owned; NULL: none */
    GPtrArray *children; /* element-type KsItem; NULL: none */
} KsItem;

typedef struct {
    const char *icon;  /* name in the icon theme, static */
    char *description; /* the icon in words */
    char *headline;
    char *why;        /* "" if there is nothing to add */
    char **warnings;  /* the guard's own words on what is not as it should be */
    GPtrArray *items; /* element-type KsItem */
    bool alarm;       /* somebody should look */
} KsView;

KsView *ks_view_new(const KsModel *model);
void ks_view_free(KsView *view);

/* All VPNs as items, as the menu has them: those that are up first, then the last used.
 * element-type KsItem, owned by the caller. */
GPtrArray *ks_view_vpns(const KsModel *model);

/* An item of the whole view by its id, or NULL. */
const KsItem *ks_view_find(const KsView *view, const char *id);

/* Seconds until the view changes by time alone; 0: it does not. */
unsigned ks_view_ages_in(const KsModel *model);

/* The name of a state's icon in the icon theme, static. */
const char *ks_view_icon(KsState state);

/* All icon names that a view may have, NULL-terminated. */
extern const char *const ks_view_icons[];

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsView, ks_view_free)
