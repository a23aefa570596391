/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-refused"

#include "refused/watch.h"

#include "files/guard-socket.h"
#include "kernel/packet-log.h"
#include "kernel/sockets.h"
#include "model/message.h"

#include <netinet/in.h>

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

/* When it did not answer, or let us go, it is asked again. */
#define RETRY_SECONDS 5

struct KsRefusedWatch {
    const KsRefusedWatcher *watcher;
    void *data;
    KsRefusedState state;
    bool lost;
    KsRefusedList *list;
    KsPrograms *programs;
    KsSockets *sockets;
    KsPacketLog *log; /* NULL: it could not be opened */
    guint log_source;
    int guard; /* the connection that holds it on; negative: there is none */
    guint guard_source;
    guint retry_source;
};

static void take_packet(void *data, const KsRefusedPacket *packet)
{
    KsRefusedWatch *watch = data;
    const KsProgram *program = NULL;
    uint32_t inode = 0;

    watch->lost |= packet->others_untold;
    if (packet->others_untold || !watch->watcher->wants(watch->data, packet->has_uid, packet->uid))
        return;
    if (packet->way == KS_REFUSED_SENT && packet->has_uid) {
        inode = watch->sockets ? ks_sockets_find(watch->sockets, packet) : 0;
        if (inode == 0 && packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
            inode = ks_programs_find_raw(packet);
        program = ks_programs_find(watch->programs, inode, packet->uid);
    }
    if (ks_refused_list_add(watch->list, packet, program, g_get_real_time() / G_USEC_PER_SEC))
        watch->lost = true;
}

static gboolean on_log(int fd, GIOCondition condition, gpointer data)
{
    KsRefusedWatch *watch = data;

    (void) fd;
    (void) condition;
    watch->lost |= ks_packet_log_drain(watch->log, take_packet, watch);
    watch->watcher->changed(watch->data);
    return G_SOURCE_CONTINUE;
}

static void drop_guard(KsRefusedWatch *watch)
{
    g_clear_handle_id(&watch->guard_source, g_source_remove);
    if (watch->guard >= 0)
        close(watch->guard);
    watch->guard = -1;
}

static gboolean on_retry(gpointer data)
{
    KsRefusedWatch *watch = data;

    watch->retry_source = 0;
    ks_refused_watch_ask_guard(watch);
    return G_SOURCE_REMOVE;
}

static void be_without_guard(KsRefusedWatch *watch)
{
    watch->state = KS_REFUSED_NO_GUARD;
    if (watch->retry_source == 0)
        watch->retry_source = g_timeout_add_seconds(RETRY_SECONDS, on_retry, watch);
}

/* It says nothing more by itself: it has ended, and the next one begins without telling; or the
 * kernel does not tell any more, and it lets us go. */
static gboolean on_guard(int fd, GIOCondition condition, gpointer data)
{
    KsRefusedWatch *watch = data;

    (void) fd;
    (void) condition;
    watch->guard_source = 0;
    watch->lost = true; /* what is refused until the next one is asked */
    drop_guard(watch);
    be_without_guard(watch);
    watch->watcher->changed(watch->data);
    return G_SOURCE_REMOVE;
}

/* What the guard answers. */
static KsRefusedState ask(int fd)
{
    KsMessageHeader header = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_TELL,
    };
    uint8_t record[KS_MESSAGE_MAX];
    const void *payload;
    size_t payload_size;
    ssize_t size;

    if (send(fd, &header, sizeof(header), MSG_NOSIGNAL) < 0)
        return KS_REFUSED_NO_GUARD;
    size = recv(fd, record, sizeof(record), 0);
    if (size <= 0 || ks_message_read(record, (size_t) size, &header, &payload, &payload_size) < 0 ||
        header.kind != KS_MESSAGE_REPLY)
        return KS_REFUSED_NO_GUARD;
    if (header.result < 0)
        g_warning("the guard says: %.*s", (int) MIN(payload_size, 200), (const char *) payload);
    if (header.result == 0)
        return KS_REFUSED_ON;
    return header.result == -EOPNOTSUPP ? KS_REFUSED_NO_KERNEL : KS_REFUSED_NO_GUARD;
}

void ks_refused_watch_ask_guard(KsRefusedWatch *watch)
{
    if (watch->guard >= 0 || !watch->log)
        return;
    watch->guard = ks_guard_socket_open();
    watch->state = watch->guard >= 0 ? ask(watch->guard) : KS_REFUSED_NO_GUARD;
    if (watch->state == KS_REFUSED_ON)
        watch->guard_source =
            g_unix_fd_add(watch->guard, G_IO_IN | G_IO_HUP | G_IO_ERR, on_guard, watch);
    else
        drop_guard(watch);
    if (watch->state == KS_REFUSED_NO_GUARD)
        be_without_guard(watch);
    watch->watcher->changed(watch->data);
}

KsRefusedWatch *ks_refused_watch_new(const KsRefusedWatcher *watcher, void *data)
{
    KsRefusedWatch *watch = g_new0(KsRefusedWatch, 1);
    int result;

    watch->watcher = watcher;
    watch->data = data;
    watch->guard = -1;
    watch->list = ks_refused_list_new();
    watch->programs = ks_programs_new();
    if (ks_sockets_open(&watch->sockets) < 0)
        g_warning("no socket can be looked for: programs stay unknown");
    result = ks_packet_log_open(&watch->log);
    if (result < 0) {
        g_warning("the kernel does not tell: %s", g_strerror(-result));
        watch->state =
            result == -EPERM || result == -EBUSY ? KS_REFUSED_TAKEN : KS_REFUSED_NO_KERNEL;
        return watch;
    }
    watch->log_source = g_unix_fd_add(ks_packet_log_fd(watch->log), G_IO_IN, on_log, watch);
    ks_refused_watch_ask_guard(watch);
    return watch;
}

void ks_refused_watch_free(KsRefusedWatch *watch)
{
    if (!watch)
        return;
    drop_guard(watch);
    g_clear_handle_id(&watch->retry_source, g_source_remove);
    g_clear_handle_id(&watch->log_source, g_source_remove);
    ks_packet_log_close(watch->log);
    ks_sockets_close(watch->sockets);
    ks_programs_free(watch->programs);
    ks_refused_list_free(watch->list);
    g_free(watch);
}

void ks_refused_watch_forget(KsRefusedWatch *watch, bool all)
{
    ks_refused_list_keep(watch->list, watch->watcher->may_see, watch->data);
    if (all)
        watch->lost = false;
}

KsRefusedState ks_refused_watch_state(const KsRefusedWatch *watch)
{
    return watch->state;
}

bool ks_refused_watch_has_lost(const KsRefusedWatch *watch)
{
    return watch->lost;
}

const KsRefusedList *ks_refused_watch_list(const KsRefusedWatch *watch)
{
    return watch->list;
}
