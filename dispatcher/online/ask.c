/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "online/ask.h"

#include "model/printable.h"

#include <curl/curl.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection that is not answered; what is refused is known at once, or a second later while
 * somebody looks at what is refused. */
#define CONNECT_SECONDS 5L

#define POLL_MS 1000

typedef struct {
    KsServiceAnswer *answer;
    CURL *easy;
    struct curl_slist *addresses;
    struct curl_slist *headers;
    GString *said;
    char error[CURL_ERROR_SIZE];
} Request;

/* Here, and not by CURLOPT_INTERFACE: where tying is not allowed that one goes on with the
 * interface's address alone, and the packets may take another way. */
static int on_socket(void *data, curl_socket_t fd, curlsocktype purpose)
{
    Request *request = data;
    const char *interface = request->answer->interface;

    (void) purpose;
    if (interface[0] == '\0')
        return CURL_SOCKOPT_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t) strlen(interface)) == 0)
        return CURL_SOCKOPT_OK;
    request->answer->bind_error = errno;
    return CURL_SOCKOPT_ERROR;
}

/* The kernel knows whether there was a connection: libcurl counts one only once TLS is agreed
 * on. */
static int on_close(void *data, curl_socket_t fd)
{
    KsServiceAnswer *answer = data;
    struct tcp_info info = { 0 };
    socklen_t length = sizeof(info);

    answer->reached |=
        getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_bytes_acked > 0;
    return close(fd);
}

/* Less than there is ends the transfer. */
static size_t on_data(char *bytes, size_t size, size_t count, void *data)
{
    Request *request = data;

    if (request->said->len + size * count > KS_ANSWER_BYTES_MAX)
        return 0;
    g_string_append_len(request->said, bytes, (gssize) (size * count));
    return size * count;
}

/* The service's name always means the one address that was found: `*` is any name. */
static void pin(Request *request, const KsService *service, const KsAddress *address)
{
    char text[KS_ADDRESS_TEXT_SIZE];
    g_autofree char *line = NULL;

    line = g_strdup_printf(address->family == AF_INET6 ? "*:%u:[%s]" : "*:%u:%s", service->port,
                           ks_address_text(address, text));
    request->addresses = curl_slist_append(NULL, line);
}

/* Nothing of one way may be used by another: connections and TLS sessions are new each time. Such
 * services tell plain text to curl(1), whose name also does not say that a kill switch asks. */
static bool set_options(Request *request, const KsService *service, const KsAddress *address)
{
    CURL *easy = request->easy;
    const curl_version_info_data *library = curl_version_info(CURLVERSION_NOW);
    g_autofree char *agent = g_strdup_printf("curl/%s", library->version);
    long family = address->family == AF_INET6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4;

    pin(request, service, address);
    request->headers = curl_slist_append(NULL, "Accept: text/plain, */*;q=0.5");
    if (!request->addresses || !request->headers)
        return false;
    return curl_easy_setopt(easy, CURLOPT_URL, service->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, request->addresses) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_IPRESOLVE, family) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, agent) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long) KS_ANSWER_SECONDS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, request->answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, request) == CURLE_OK;
}

static void clear_answer(void *element)
{
    KsServiceAnswer *answer = element;

    g_free(answer->answer);
    g_free(answer->problem);
}

static void clear_request(void *element)
{
    Request *request = element;

    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->addresses);
    curl_slist_free_all(request->headers);
    g_string_free(request->said, TRUE);
    g_free(request);
}

/* Lines become one, so that nothing of it is lost in a table. */
static char *printable(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    g_autoptr(GString) line = g_string_new(NULL);

    for (unsigned i = 0; words[i]; i++)
        if (words[i][0])
            g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", words[i]);
    return ks_printable(line->str, KS_ANSWER_BYTES_MAX);
}

static void end(Request *request, CURLcode result)
{
    KsServiceAnswer *answer = request->answer;
    curl_off_t connected = 0;
    long status = 0;

    (void) curl_easy_getinfo(request->easy, CURLINFO_CONNECT_TIME_T, &connected);
    (void) curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->reached |= connected > 0;
    answer->status = status > 0 ? (uint32_t) status : 0;
    g_free(answer->answer);
    answer->answer = printable(result == CURLE_OK ? request->said->str : "");
    if (result == CURLE_OK)
        return;
    g_free(answer->problem);
    answer->problem = printable(answer->bind_error  ? g_strerror(answer->bind_error)
                                : request->error[0] ? request->error
                                                    : curl_easy_strerror(result));
}

static bool begin(CURLM *multi, const KsService *service, GPtrArray *requests,
                  KsServiceAnswer *answer)
{
    Request *request = g_new0(Request, 1);

    request->answer = answer;
    request->said = g_string_new(NULL);
    request->easy = curl_easy_init();
    g_ptr_array_add(requests, request);
    return request->easy && set_options(request, service, &answer->address) &&
           curl_multi_add_handle(multi, request->easy) == CURLM_OK;
}

static void take_ended(CURLM *multi)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left))) {
        Request *request = NULL;

        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request) == CURLE_OK)
            end(request, message->data.result);
    }
}

static bool run(CURLM *multi)
{
    int running = 1;

    while (running > 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return false;
        take_ended(multi);
        if (running > 0 && curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            return false;
    }
    return true;
}

static void add_way(const KsService *service, GArray *answers, const char *interface)
{
    for (unsigned i = 0; i < KS_FAMILIES; i++) {
        KsServiceAnswer answer = { .address = service->addresses[i] };

        if (answer.address.family == AF_UNSPEC || strlen(interface) >= sizeof(answer.interface))
            continue;
        g_strlcpy(answer.interface, interface, sizeof(answer.interface));
        answer.answer = g_strdup("");
        answer.problem = g_strdup("");
        g_array_append_val(answers, answer);
    }
}

GArray *ks_ask(const KsService *service, const char *const *interfaces)
{
    CURLM *multi = curl_multi_init();
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func(clear_request);
    GArray *answers = g_array_new(FALSE, TRUE, sizeof(KsServiceAnswer));
    bool works =
        multi && curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK;

    g_array_set_clear_func(answers, clear_answer);
    add_way(service, answers, "");
    for (unsigned i = 0; interfaces[i]; i++)
        add_way(service, answers, interfaces[i]);
    for (unsigned i = 0; works && i < answers->len; i++)
        works = begin(multi, service, requests, &g_array_index(answers, KsServiceAnswer, i));
    works = works && run(multi);
    for (unsigned i = 0; i < requests->len; i++) {
        const Request *request = g_ptr_array_index(requests, i);

        if (request->easy)
            (void) curl_multi_remove_handle(multi, request->easy);
    }
    g_ptr_array_set_size(requests, 0);
    (void) curl_multi_cleanup(multi);
    if (!works)
        g_clear_pointer(&answers, g_array_unref);
    return answers;
}
