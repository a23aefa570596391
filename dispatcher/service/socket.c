/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-guard"

#include "service/socket.h"

#include "model/message.h"
#include "model/names.h"
#include "service/methods.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Root's own programs; more at once than a burst of dispatcher events can be. */
#define CLIENTS_MAX 64
#define BACKLOG     64

/* How long to wait when there are no file descriptors left; a hook waits for 5 s. */
#define NO_ROOM_DELAY_MS 50

/* A client that does not take its answer within this time is dropped. */
#define SEND_TIMEOUT_SECONDS 2

struct KsSocket {
    KsGuard **guard; /* not there yet while we already listen */
    int fd;
    bool own_path; /* we made it, so we remove it */
    guint source;
    GHashTable *clients; /* fd -> Client */
    unsigned tellers;    /* clients that look at what is refused */
    bool is_ending;
};

typedef struct {
    KsSocket *socket;
    int fd;
    guint source;
    bool tells;
} Client;

static bool send_record(int fd, int result, bool more, const void *payload, size_t size)
{
    KsMessageHeader header = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_REPLY,
        .result = result,
        .more = more,
    };
    struct iovec parts[] = {
        { .iov_base = &header, .iov_len = sizeof(header) },
        { .iov_base = (void *) payload, .iov_len = size },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };

    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t) (sizeof(header) + size);
}

static void reply(int fd, int result, const void *payload, size_t size)
{
    const uint8_t *rest = payload;

    for (;;) {
        size_t part = MIN(size, KS_MESSAGE_PAYLOAD_MAX);

        if (!send_record(fd, result, size > part, rest, part) || size == part)
            return;
        rest += part;
        size -= part;
    }
}

static int errno_of(const GError *error)
{
    static const int of_error[] = {
        [KS_ERROR_FAILED] = -EIO,
        [KS_ERROR_INVALID_ARGUMENTS] = -EINVAL,
        [KS_ERROR_UNKNOWN_METHOD] = -EINVAL,
        [KS_ERROR_NOT_AUTHORISED] = -EACCES,
        [KS_ERROR_FORBIDDEN] = -EACCES,
        [KS_ERROR_KERNEL] = -EIO,
        [KS_ERROR_STATE] = -EIO,
        [KS_ERROR_NO_SUCH_VPN] = -ENOENT,
        [KS_ERROR_VPN_EXISTS] = -EEXIST,
        [KS_ERROR_NO_SUCH_EXCEPTION] = -ENOENT,
        [KS_ERROR_EXCEPTION_EXISTS] = -EEXIST,
        [KS_ERROR_NOT_CONFIRMED] = -ECANCELED,
    };

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
        return -EOPNOTSUPP;
    return error->domain == KS_ERROR && error->code < (int) G_N_ELEMENTS(of_error)
               ? of_error[error->code]
               : -EIO;
}

static void reply_error(int fd, const GError *error)
{
    reply(fd, errno_of(error), error->message, strlen(error->message));
}

static void answer_event(KsGuard *guard, int fd, const void *payload, size_t size)
{
    g_autoptr(GError) error = NULL;
    KsEvent event;

    if (ks_message_read_event(payload, size, &event) < 0)
        reply(fd, -EBADMSG, NULL, 0);
    else if (!ks_guard_event(guard, &event, &error))
        reply(fd, errno_of(error), NULL, 0); /* the hook takes no text (message.h) */
    else
        reply(fd, 0, NULL, 0);
}

static void answer_call(KsGuard *guard, int fd, const void *payload, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(payload, size);
    g_autoptr(GVariant) call =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(sv)"), bytes, FALSE));
    g_autoptr(GVariant) arguments = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GVariant) boxed = NULL;
    g_autoptr(GError) error = NULL;
    const KsMethod *method;
    const char *name;

    if (!g_variant_is_normal_form(call)) {
        reply(fd, -EBADMSG, NULL, 0);
        return;
    }
    g_variant_get(call, "(&sv)", &name, &arguments);
    method = ks_method_find(name, arguments, &error);
    if (method) /* polkit has nothing to say to root */
        result = ks_method_run(method, guard, KS_CALLER_SOCKET, arguments, &error);
    if (!result) {
        reply_error(fd, error);
        return;
    }
    boxed = g_variant_ref_sink(g_variant_new_variant(result));
    reply(fd, 0, g_variant_get_data(boxed), g_variant_get_size(boxed));
}

static void answer_tell(Client *client, size_t size)
{
    g_autoptr(GError) error = NULL;

    if (size > 0) {
        reply(client->fd, -EBADMSG, NULL, 0);
    } else if (!ks_guard_tell(*client->socket->guard, true, &error)) {
        reply_error(client->fd, error);
    } else {
        client->socket->tellers += !client->tells;
        client->tells = true;
        reply(client->fd, 0, NULL, 0);
    }
}

/* Also when it was killed: the kernel ends its connections. A guard that ends changes nothing. */
static void stop_telling(Client *client)
{
    KsSocket *socket = client->socket;

    if (client->tells && --socket->tellers == 0 && !socket->is_ending)
        (void) ks_guard_tell(*socket->guard, false, NULL);
}

static void drop_client(gpointer data)
{
    Client *client = data;

    stop_telling(client);
    g_hash_table_remove(client->socket->clients, GINT_TO_POINTER(client->fd));
    close(client->fd);
    g_free(client);
}

static gboolean on_request(gint fd, GIOCondition condition, gpointer data)
{
    Client *client = data;
    KsGuard *guard = *client->socket->guard;
    uint8_t record[KS_MESSAGE_MAX];
    KsMessageHeader header;
    const void *payload;
    size_t payload_size;
    ssize_t size;
    int result;

    if (!(condition & G_IO_IN))
        return G_SOURCE_REMOVE;
    size = recv(fd, record, sizeof(record), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (size <= 0)
        return G_SOURCE_REMOVE;
    result = (size_t) size > sizeof(record)
                 ? -EBADMSG
                 : ks_message_read(record, (size_t) size, &header, &payload, &payload_size);
    if (result == 0 && header.kind == KS_MESSAGE_EVENT)
        answer_event(guard, fd, payload, payload_size);
    else if (result == 0 && header.kind == KS_MESSAGE_CALL)
        answer_call(guard, fd, payload, payload_size);
    else if (result == 0 && header.kind == KS_MESSAGE_TELL)
        answer_tell(client, payload_size);
    else
        reply(fd, result < 0 ? result : -EBADMSG, NULL, 0);
    /* anyone who does not speak our language is not listened to any further */
    return result == 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static bool is_root(int fd)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
           credentials.uid == 0;
}

static gboolean on_room(gpointer data)
{
    KsSocket *socket = data;

    socket->source = 0;
    ks_socket_start(socket);
    return G_SOURCE_REMOVE;
}

static gboolean on_connection(gint listening, GIOCondition condition, gpointer data)
{
    KsSocket *socket = data;
    struct timeval timeout = { .tv_sec = SEND_TIMEOUT_SECONDS };
    Client *client;
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

    (void) condition;
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        /* anyone who waits would wake us for ever: look again when there may be room */
        socket->source = g_timeout_add(NO_ROOM_DELAY_MS, on_room, socket);
        return G_SOURCE_REMOVE;
    }
    if (fd < 0)
        return G_SOURCE_CONTINUE;
    /* the file's mode says the same; this holds even if somebody changed it */
    if (!is_root(fd) || g_hash_table_size(socket->clients) >= CLIENTS_MAX) {
        close(fd);
        return G_SOURCE_CONTINUE;
    }
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    client = g_new0(Client, 1);
    client->socket = socket;
    client->fd = fd;
    client->source = g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
                                        on_request, client, drop_client);
    g_hash_table_insert(socket->clients, GINT_TO_POINTER(fd), client);
    return G_SOURCE_CONTINUE;
}

static int listen_at_path(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask;
    int error = 0;

    if (fd < 0)
        return -errno;
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    (void) g_mkdir_with_parents(folder, 0755);
    (void) unlink(path); /* left by a guard that was killed */
    mask = umask(0177);
    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
        error = -errno;
    umask(mask);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

KsSocket *ks_socket_new(KsGuard **guard, GError **error)
{
    KsSocket *created;
    bool handed_over = sd_listen_fds(1) == 1 &&
                       sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, NULL, 0) > 0;
    int fd = handed_over ? SD_LISTEN_FDS_START : listen_at_path(KS_SOCKET_PATH);

    if (fd < 0) {
        g_set_error(error, KS_ERROR, KS_ERROR_FAILED, "cannot listen at %s: %s", KS_SOCKET_PATH,
                    g_strerror(-fd));
        return NULL;
    }
    created = g_new0(KsSocket, 1);
    created->guard = guard;
    created->fd = fd;
    created->own_path = !handed_over;
    created->clients = g_hash_table_new(NULL, NULL);
    return created;
}

void ks_socket_start(KsSocket *socket)
{
    if (socket->source == 0)
        socket->source = g_unix_fd_add(socket->fd, G_IO_IN, on_connection, socket);
}

/* They are not freed: this may be called from within a request of theirs. */
void ks_socket_follow(KsSocket *socket)
{
    GHashTableIter iterator;
    void *client;

    if (socket->tellers == 0 || ks_guard_is_telling(*socket->guard))
        return;
    g_hash_table_iter_init(&iterator, socket->clients);
    while (g_hash_table_iter_next(&iterator, NULL, &client))
        if (((Client *) client)->tells)
            (void) shutdown(((Client *) client)->fd, SHUT_RDWR);
}

void ks_socket_free(KsSocket *socket)
{
    GHashTableIter iterator;
    void *client;

    if (!socket)
        return;
    socket->is_ending = true;
    g_clear_handle_id(&socket->source, g_source_remove);
    /* removing a client's source changes the table: begin again each time */
    while (g_hash_table_size(socket->clients) > 0) {
        g_hash_table_iter_init(&iterator, socket->clients);
        if (g_hash_table_iter_next(&iterator, NULL, &client))
            g_source_remove(((Client *) client)->source);
    }
    g_hash_table_unref(socket->clients);
    if (socket->own_path)
        (void) unlink(KS_SOCKET_PATH);
    close(socket->fd);
    g_free(socket);
}
