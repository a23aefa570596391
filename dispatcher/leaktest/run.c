/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-leak-test"

#include "leaktest/run.h"

#include "leaktest/capture.h"
#include "leaktest/match.h"
#include "leaktest/sender.h"
#include "leaktest/verdict.h"
#include "model/names.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>

#define MANAGER_NAME         "org.freedesktop.NetworkManager"
#define MANAGER_DNS_PATH     MANAGER_NAME_AS_PATH "/DnsManager"
#define MANAGER_INTERFACE    MANAGER_NAME ".DnsManager"
#define MANAGER_OBJECTS_PATH "/org/freedesktop"

#define MANAGER_NAME_AS_PATH "/org/freedesktop/NetworkManager"

/* Someone who does not answer in this time is not waited for: then it is tested without his
 * word. */
#define ASK_TIMEOUT_MS 2000

/* So long frames are waited for: neighbours are found in it, and a SYN is sent twice. */
#define LISTEN_MS 2500

/* The frame that may leave is sent again until it has been seen. */
#define CONTROL_MS 200

typedef struct {
    KsRun *run;
    KsCard card;
    KsCapture *capture;
    guint source;
} Ear;

struct KsRun {
    GDBusConnection *connection;
    GCancellable *cancellable;
    KsRunDone done;
    void *done_data;
    uid_t uid;
    gint64 began;
    unsigned answers_wanted;
    KsSurroundings *around;
    GArray *probes;
    KsMarks marks;
    KsProbeSender *sender;
    GPtrArray *ears;
    GArray *watches;
    uint8_t control[KS_CANARY_SIZE];
    bool server_sent;
    bool server_came;
    guint control_source;
    guint end_source;
};

static void free_ear(gpointer data)
{
    Ear *ear = data;

    g_clear_handle_id(&ear->source, g_source_remove);
    ks_capture_close(ear->capture);
    g_free(ear);
}

static void stop(KsRun *run)
{
    g_clear_handle_id(&run->control_source, g_source_remove);
    g_clear_handle_id(&run->end_source, g_source_remove);
    g_ptr_array_set_size(run->ears, 0);
    g_clear_pointer(&run->sender, ks_probe_sender_free);
}

static void fail(KsRun *run, const char *why)
{
    stop(run);
    run->done(run->done_data, NULL, why);
}

/* ---- what is seen ---- */

static KsWatch *find_watch(KsRun *run, const KsCard *card)
{
    for (unsigned i = 0; i < run->watches->len; i++)
        if (g_array_index(run->watches, KsWatch, i).card.index == card->index)
            return &g_array_index(run->watches, KsWatch, i);
    return NULL;
}

static void on_saw(void *data, const KsCard *card, bool leaves, const uint8_t *bytes, size_t size)
{
    KsRun *run = data;
    KsWatch *watch = find_watch(run, card);
    KsProbe *probe;

    if (card->tunnel) {
        probe = leaves ? ks_marks_find(&run->marks, run->probes, bytes, size) : NULL;
        if (probe && probe->fate != KS_FATE_LEFT)
            probe->fate = KS_FATE_VPN;
        return;
    }
    if (!leaves) {
        run->server_came |= ks_packet_is_servers(run->around->servers, bytes, size, true);
        return;
    }
    watch->frames_seen = true;
    watch->control_seen |= ks_canary_is_in(run->control, bytes, size);
    run->server_sent |= ks_packet_is_servers(run->around->servers, bytes, size, false);
    probe = ks_marks_find(&run->marks, run->probes, bytes, size);
    if (!probe)
        return;
    probe->fate = KS_FATE_LEFT;
    g_strlcpy(probe->seen_on, card->name, sizeof(probe->seen_on));
}

static gboolean on_frames(gint fd, GIOCondition condition, gpointer data)
{
    Ear *ear = data;

    (void) fd;
    if (condition & G_IO_ERR) { /* the card went away: its control may never be seen */
        ear->source = 0;
        return G_SOURCE_REMOVE;
    }
    ks_capture_read(ear->capture, on_saw, ear->run);
    return G_SOURCE_CONTINUE;
}

/* ---- the end ---- */

static void finish(KsRun *run, GVariant *status)
{
    g_autoptr(KsSurroundings) after = ks_surroundings_new();
    KsFindings findings = {
        .state = run->around->state,
        .after = after->state,
        .too_many_cards = run->around->too_many_cards,
        .has_unknown_ppp = run->around->has_unknown_ppp,
        .tunnel_is_up = run->around->tunnels->len > 0,
        .watches = run->watches,
        .probes = run->probes,
        .server_sent = run->server_sent,
        .server_came = run->server_came,
        .user = run->uid,
        .seconds = (double) (g_get_monotonic_time() - run->began) / G_USEC_PER_SEC,
    };

    if (status)
        ks_surroundings_take_status(after, status);
    findings.exceptions_changed = ks_probes_excuse(run->probes, run->around, after);
    run->done(run->done_data, ks_findings_tell(&findings), NULL);
}

static GVariant *finish_status(GObject *source, GAsyncResult *result, bool *ret_cancelled)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

    *ret_cancelled = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    return answer ? g_variant_get_child_value(answer, 0) : NULL;
}

static void on_status_after(GObject *source, GAsyncResult *result, gpointer data)
{
    bool cancelled;
    g_autoptr(GVariant) status = finish_status(source, result, &cancelled);

    if (!cancelled)
        finish(data, status);
}

static void ask_guard(KsRun *run, GAsyncReadyCallback callback)
{
    g_dbus_connection_call(run->connection, KS_BUS_NAME, KS_BUS_PATH, KS_BUS_INTERFACE, "GetStatus",
                           NULL, G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           ASK_TIMEOUT_MS, run->cancellable, callback, run);
}

static gboolean on_end(gpointer data)
{
    KsRun *run = data;

    run->end_source = 0;
    ks_probe_sender_collect(run->sender);
    for (unsigned i = 0; i < run->ears->len; i++) {
        Ear *ear = g_ptr_array_index(run->ears, i);
        KsWatch *watch = find_watch(run, &ear->card);

        ks_capture_read(ear->capture, on_saw, run);
        if (watch)
            watch->lost += ks_capture_lost(ear->capture);
    }
    stop(run);
    ask_guard(run, on_status_after);
    return G_SOURCE_REMOVE;
}

/* ---- the beginning ---- */

static gboolean on_control(gpointer data)
{
    KsRun *run = data;

    for (unsigned i = 0; i < run->ears->len; i++) {
        Ear *ear = g_ptr_array_index(run->ears, i);
        const KsWatch *watch = find_watch(run, &ear->card);

        if (watch && watch->card.ethernet && !watch->control_seen)
            (void) ks_capture_send_control(ear->capture, run->control);
    }
    if (run->sender)
        ks_probe_sender_collect(run->sender);
    return G_SOURCE_CONTINUE;
}

static int listen_to(KsRun *run, const KsCard *card)
{
    KsWatch watch = { .card = *card };
    KsCapture *capture;
    int error = ks_capture_open(card, &capture);
    Ear *ear;

    if (error)
        return error;
    ear = g_new0(Ear, 1);
    ear->run = run;
    ear->card = *card;
    ear->capture = capture;
    ear->source = g_unix_fd_add(ks_capture_fd(capture), G_IO_IN | G_IO_ERR, on_frames, ear);
    g_ptr_array_add(run->ears, ear);
    if (!card->tunnel) /* a VPN's interface proves nothing, it only tells where a probe went */
        g_array_append_val(run->watches, watch);
    return 0;
}

static void begin(KsRun *run)
{
    int error = ks_surroundings_look(run->around);

    for (unsigned i = 0; error == 0 && i < run->around->cards->len; i++)
        error = listen_to(run, &g_array_index(run->around->cards, KsCard, i));
    for (unsigned i = 0; error == 0 && i < run->around->passages->len; i++)
        (void) listen_to(run, &g_array_index(run->around->passages, KsCard, i));
    if (error) {
        g_autofree char *why =
            g_strdup_printf("The network cards cannot be watched: %s.", g_strerror(-error));

        fail(run, why);
        return;
    }
    run->probes = ks_probes_plan(run->around);
    (void) on_control(run);
    run->sender = ks_probe_sender_send(run->probes, run->uid);
    if (!run->sender) {
        fail(run, "The leak test may not send as an ordinary user.");
        return;
    }
    ks_marks_fill(&run->marks, run->probes);
    run->control_source = g_timeout_add(CONTROL_MS, on_control, run);
    run->end_source = g_timeout_add(LISTEN_MS, on_end, run);
}

static void take_answer(KsRun *run)
{
    if (--run->answers_wanted == 0)
        begin(run);
}

static void on_status_before(GObject *source, GAsyncResult *result, gpointer data)
{
    bool cancelled;
    g_autoptr(GVariant) status = finish_status(source, result, &cancelled);
    KsRun *run = data;

    if (cancelled)
        return;
    if (status)
        ks_surroundings_take_status(run->around, status);
    take_answer(run);
}

static void on_dns(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    g_autoptr(GVariant) value = NULL;
    KsRun *run = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (answer) {
        g_variant_get(answer, "(v)", &value);
        ks_surroundings_take_dns(run->around, value);
    }
    take_answer(run);
}

static void on_networks(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    KsRun *run = data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (answer) {
        g_autoptr(GVariant) objects = g_variant_get_child_value(answer, 0);

        ks_surroundings_take_networks(run->around, objects);
    }
    take_answer(run);
}

KsRun *ks_run_new(GDBusConnection *connection, uid_t uid, KsRunDone done, void *data)
{
    KsRun *run = g_new0(KsRun, 1);

    run->connection = g_object_ref(connection);
    run->cancellable = g_cancellable_new();
    run->done = done;
    run->done_data = data;
    run->uid = uid;
    run->began = g_get_monotonic_time();
    run->around = ks_surroundings_new();
    run->ears = g_ptr_array_new_with_free_func(free_ear);
    run->watches = g_array_new(FALSE, TRUE, sizeof(KsWatch));
    ks_probe_random(run->control, sizeof(run->control));
    run->answers_wanted = 3;
    ask_guard(run, on_status_before);
    g_dbus_connection_call(
        connection, MANAGER_NAME, MANAGER_DNS_PATH, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", MANAGER_INTERFACE, "Configuration"), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_TIMEOUT_MS, run->cancellable, on_dns, run);
    g_dbus_connection_call(connection, MANAGER_NAME, MANAGER_OBJECTS_PATH,
                           "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                           G_VARIANT_TYPE("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           ASK_TIMEOUT_MS, run->cancellable, on_networks, run);
    return run;
}

void ks_run_free(KsRun *run)
{
    if (!run)
        return;
    stop(run);
    g_cancellable_cancel(run->cancellable);
    g_object_unref(run->cancellable);
    g_object_unref(run->connection);
    ks_surroundings_free(run->around);
    g_clear_pointer(&run->probes, g_array_unref);
    g_ptr_array_unref(run->ears);
    g_array_unref(run->watches);
    g_free(run);
}
