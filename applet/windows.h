/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "applet/model.h"

#include <gtk/gtk.h>

/* The windows beside the main window: at most one of each, made when an action asks for it, gone
 * when it is closed. */

typedef struct KsWindows KsWindows;

typedef struct {
    /* What is known now; valid until the main loop runs again. */
    void (*describe)(KsModel *ret_model, void *data);
    /* The main window has to show its preferences now, and to be set by ks_windows_set_main(). */
    void (*show_preferences)(void *data);
    /* The first steps were opened, or were closed. */
    void (*first_steps)(bool open, void *data);
    void *data;
} KsWindowsObserver;

/* Adds the actions "vpns", "preferences", "edit-vpn", "first-steps", "add-profile", "test",
 * "refused", "keys" and "help", and those of import.h, to the application, which must outlive the
 * windows. */
KsWindows *ks_windows_new(GtkApplication *application, const KsWindowsObserver *observer);

/* Closes them; nothing is called any more. */
void ks_windows_free(KsWindows *windows);

/* Windows that come stand above this one where it shows. Not owned; NULL: there is none. */
void ks_windows_set_main(KsWindows *windows, GtkWindow *main);

/* That one is to be in front: none stays above it, but what has to be answered first. */
void ks_windows_give_way(const KsWindows *windows);

void ks_windows_update(KsWindows *windows, const KsModel *model);

/* An answer of the guard's is shown in the window that asked. False: none of these did. */
bool ks_windows_answer(KsWindows *windows, KsRequest request, KsAnswer answer, const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KsWindows, ks_windows_free)
