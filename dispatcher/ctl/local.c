/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/local.h"

#include "config.h"
#include "files/guard-socket.h"
#include "model/message.h"
#include "model/names.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than a status of ten thousand VPN profiles. */
#define ANSWER_MAX (64u * 1024u * 1024u)

static int send_call(int fd, GVariant *call)
{
    KsMessageHeader header = {
        .magic = KS_MESSAGE_MAGIC,
        .version = KS_MESSAGE_VERSION,
        .kind = KS_MESSAGE_CALL,
    };
    struct iovec parts[] = {
        { .iov_base = &header, .iov_len = sizeof(header) },
        { .iov_base = (void *) g_variant_get_data(call), .iov_len = g_variant_get_size(call) },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };

    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Returns 0 with the whole answer and what the guard said of it, or a negative errno. */
static int receive_answer(int fd, GByteArray *answer, int *ret_result)
{
    g_autofree uint8_t *record = g_malloc(KS_MESSAGE_MAX);
    KsMessageHeader header = { .more = 1 };

    while (header.more) {
        const void *payload;
        size_t payload_size;
        ssize_t size = recv(fd, record, KS_MESSAGE_MAX, 0);
        int error;

        if (size < 0)
            return -errno;
        if (size == 0)
            return -ECONNRESET;
        error = ks_message_read(record, (size_t) size, &header, &payload, &payload_size);
        if (error < 0)
            return error;
        if (header.kind != KS_MESSAGE_REPLY || answer->len + payload_size > ANSWER_MAX)
            return -EBADMSG;
        g_byte_array_append(answer, payload, (guint) payload_size);
    }
    *ret_result = header.result;
    return 0;
}

KsExitStatus ks_local_explain(int error, char **ret_message)
{
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        *ret_message = g_strdup(_("The guard is not running."));
        return KS_EXIT_NO_GUARD;
    case ECONNRESET:
    case EPIPE:
        *ret_message = g_strdup(_("The guard ended before it answered."));
        return KS_EXIT_NO_GUARD;
    case EAGAIN:
        *ret_message = g_strdup_printf(ngettext("The guard has not answered for %u second.",
                                                "The guard has not answered for %u seconds.",
                                                KS_GUARD_ANSWER_SECONDS),
                                       KS_GUARD_ANSWER_SECONDS);
        return KS_EXIT_NO_GUARD;
    case EPROTONOSUPPORT:
        *ret_message = g_strdup(_("The guard is of another version than this program."));
        return KS_EXIT_NO_GUARD;
    default:
        *ret_message = g_strdup_printf(_("The guard cannot be asked: %s."), g_strerror(-error));
        return KS_EXIT_NO_GUARD;
    }
}

static KsExitStatus explain_refusal(int result, const GByteArray *answer, char **ret_message)
{
    if (answer->len > 0)
        *ret_message = g_strndup((const char *) answer->data, answer->len);
    else
        *ret_message = g_strdup(_("The guard did not understand the request: it is of another "
                                  "version than this program."));
    return result == -EACCES || result == -EPERM ? KS_EXIT_NOT_AUTHORISED : KS_EXIT_FAILED;
}

KsExitStatus ks_local_call(int fd, const char *method, GVariant *arguments, GVariant **ret_result,
                           char **ret_message)
{
    g_autoptr(GVariant) call = g_variant_ref_sink(g_variant_new("(sv)", method, arguments));
    g_autoptr(GByteArray) answer = g_byte_array_new();
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GVariant) boxed = NULL;
    int result = 0;
    int error = send_call(fd, call);

    if (error == 0)
        error = receive_answer(fd, answer, &result);
    close(fd);
    if (error < 0)
        return ks_local_explain(error, ret_message);
    if (result < 0)
        return explain_refusal(result, answer, ret_message);
    bytes = g_byte_array_free_to_bytes(g_steal_pointer(&answer));
    boxed = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARIANT, bytes, FALSE));
    *ret_result = g_variant_get_variant(boxed);
    return KS_EXIT_DONE;
}
