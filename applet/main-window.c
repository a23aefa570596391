/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-applet"

#include "applet/main-window.h"

#include "applet/fit.h"
#include "applet/import.h"
#include "applet/preferences.h"
#include "applet/status-page.h"
#include "applet/style.h"
#include "applet/widgets.h"
#include "config.h"

#include <glib/gi18n.h>

#define PARTS   "ks-parts"
#define WIDTH   420
#define HEIGHT  640 /* of the preferences */
#define SPACING 6

typedef struct {
    GtkApplication *application;
    GtkWidget *stack;
    GtkWidget *status;
    GtkWidget *holder;      /* of the preferences, which are made when they are looked at */
    GtkWidget *preferences; /* NULL: not made */
    void (*turned)(void *data);
    void *data;
} Parts;

static Parts *parts_of(GtkWindow *window)
{
    return g_object_get_data(G_OBJECT(window), PARTS);
}

static KsPage page_of(const Parts *parts)
{
    return gtk_stack_get_visible_child(GTK_STACK(parts->stack)) == parts->holder
               ? KS_PAGE_PREFERENCES
               : KS_PAGE_STATUS;
}

KsPage ks_main_window_page(GtkWindow *window)
{
    return page_of(parts_of(window));
}

GtkWidget *ks_main_window_preferences(GtkWindow *window)
{
    return parts_of(window)->preferences;
}

/* ---- turning pages ---- */

/* Who goes through the pages at the switch stays there. */
static void focus_page(GtkWindow *window)
{
    const Parts *parts = parts_of(window);

    if (gtk_window_get_focus(window))
        return;
    if (page_of(parts) == KS_PAGE_STATUS)
        ks_status_page_focus(parts->status);
    else if (parts->preferences)
        ks_preferences_focus(parts->preferences);
}

/* GTK can give the focus only to what is there to be seen. */
static void on_map(GtkWidget *page, gpointer data)
{
    (void) page;
    focus_page(data);
}

static void on_turned(GObject *stack, GParamSpec *property, gpointer data)
{
    GtkWindow *window = data;
    Parts *parts = parts_of(window);
    bool is_status;

    (void) stack;
    (void) property;
    if (gtk_widget_in_destruction(GTK_WIDGET(window)))
        return;
    is_status = page_of(parts) == KS_PAGE_STATUS;
    gtk_window_set_title(window, is_status ? _("VPN Kill Switch") : C_("title", "Preferences"));
    if (!is_status && !parts->preferences) {
        parts->preferences = ks_preferences_new(parts->application);
        gtk_box_pack_start(GTK_BOX(parts->holder), parts->preferences, TRUE, TRUE, 0);
    }
    parts->turned(parts->data);
    focus_page(window);
    if (!is_status)
        ks_fit_at(GTK_WIDGET(window), WIDTH, HEIGHT);
}

/* What had the focus is out of sight then, and the stack would choose a label instead. */
void ks_main_window_turn(GtkWindow *window, KsPage page)
{
    const Parts *parts = parts_of(window);
    GtkWidget *focus = gtk_window_get_focus(window);

    if (page == page_of(parts))
        return;
    if (focus && gtk_widget_is_ancestor(focus, parts->stack))
        gtk_window_set_focus(window, NULL);
    gtk_stack_set_visible_child(GTK_STACK(parts->stack),
                                page == KS_PAGE_STATUS ? parts->status : parts->holder);
}

void ks_main_window_hide(GtkWindow *window)
{
    Parts *parts = parts_of(window);

    gtk_widget_hide(GTK_WIDGET(window));
    ks_main_window_turn(window, KS_PAGE_STATUS);
    if (parts->preferences)
        gtk_widget_destroy(g_steal_pointer(&parts->preferences));
}

/* ---- how things are ---- */

void ks_main_window_update(GtkWindow *window, const KsView *view, const KsModel *model)
{
    Parts *parts = parts_of(window);

    ks_status_page_update(parts->status, view);
    if (parts->preferences)
        ks_preferences_update(parts->preferences, model);
    if (page_of(parts) != KS_PAGE_STATUS)
        return;
    focus_page(window);
    ks_fit(parts->status, WIDTH);
}

void ks_main_window_set_hint(GtkWindow *window, bool visible)
{
    Parts *parts = parts_of(window);

    ks_status_page_set_hint(parts->status, visible);
    if (page_of(parts) == KS_PAGE_STATUS)
        ks_fit(parts->status, WIDTH);
}

/* ---- the window ---- */

static GtkWidget *new_menu_button(void)
{
    GtkWidget *button = gtk_menu_button_new();
    g_autoptr(GMenu) menu = g_menu_new();
    g_autoptr(GMenu) end = g_menu_new();

    g_menu_append(menu, C_("menu", "What is refused…"), "app.refused");
    g_menu_append(menu, C_("menu", "First steps…"), "app.first-steps");
    g_menu_append(menu, C_("menu", "Keyboard shortcuts"), "app.keys");
    g_menu_append(menu, C_("menu", "Help"), "app.help");
    g_menu_append(end, C_("menu", "Quit"), "app.quit");
    g_menu_append_section(menu, NULL, G_MENU_MODEL(end));
    gtk_button_set_image(GTK_BUTTON(button),
                         gtk_image_new_from_icon_name("open-menu-symbolic", GTK_ICON_SIZE_BUTTON));
    gtk_menu_button_set_use_popover(GTK_MENU_BUTTON(button), FALSE);
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(button, C_("tooltip", "Menu"));
    ks_widget_set_spoken(button, C_("tooltip", "Menu"));
    return button;
}

static GtkWidget *new_stack(Parts *parts)
{
    GtkStack *stack = GTK_STACK(gtk_stack_new());

    /* each page has its own size */
    gtk_stack_set_hhomogeneous(stack, FALSE);
    gtk_stack_set_vhomogeneous(stack, FALSE);
    parts->stack = GTK_WIDGET(stack);
    parts->status = ks_status_page_new(parts->application);
    parts->holder = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_stack_add_titled(stack, parts->status, "status", C_("page", "Status"));
    gtk_stack_add_titled(stack, parts->holder, "preferences", C_("title", "Preferences"));
    return parts->stack;
}

/* The switch and the menu, where there is no header bar. */
static GtkWidget *new_bar(GtkWidget *switcher, GtkWidget *button)
{
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);

    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_box_set_center_widget(GTK_BOX(bar), switcher);
    gtk_box_pack_end(GTK_BOX(bar), button, FALSE, FALSE, 0);
    g_object_set(bar, "margin", SPACING, "margin-bottom", 0, NULL);
    return bar;
}

GtkWindow *ks_main_window_new(GtkApplication *application, void (*turned)(void *data), void *data)
{
    GtkWidget *window = gtk_application_window_new(application);
    GtkWidget *outer = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *switcher = gtk_stack_switcher_new();
    GtkWidget *button = new_menu_button();
    Parts *parts = g_new0(Parts, 1);

    parts->application = application;
    parts->turned = turned;
    parts->data = data;
    g_object_set_data_full(G_OBJECT(window), PARTS, parts, g_free);
    gtk_stack_switcher_set_stack(GTK_STACK_SWITCHER(switcher), GTK_STACK(new_stack(parts)));
    if (ks_style_title(GTK_WINDOW(window), _("VPN Kill Switch"), button))
        gtk_header_bar_set_custom_title(GTK_HEADER_BAR(gtk_window_get_titlebar(GTK_WINDOW(window))),
                                        switcher);
    else
        gtk_container_add(GTK_CONTAINER(outer), new_bar(switcher, button));
    gtk_window_set_icon_name(GTK_WINDOW(window), "io.github.nmkillswitch");
    ks_import_accept_drops(GTK_WINDOW(window));
    gtk_window_set_default_size(GTK_WINDOW(window), WIDTH, -1);
    gtk_box_pack_start(GTK_BOX(outer), parts->stack, TRUE, TRUE, 0);
    gtk_container_add(GTK_CONTAINER(window), outer);
    gtk_widget_show(switcher);
    gtk_widget_show_all(outer);
    g_signal_connect(parts->stack, "notify::visible-child", G_CALLBACK(on_turned), window);
    g_signal_connect(parts->status, "map", G_CALLBACK(on_map), window);
    g_signal_connect(parts->holder, "map", G_CALLBACK(on_map), window);
    return GTK_WINDOW(window);
}
