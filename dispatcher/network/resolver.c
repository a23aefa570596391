/* SPDX-License-Identifier: GPL-2.0-or-later */
#define G_LOG_DOMAIN "ks-network"

#include "network/resolver.h"

#include "model/names.h"

#include <ares.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"

/* Each server is asked twice; c-ares doubles the time for the second try. */
#define TIMEOUT_MS 2000
#define TRIES      2

/* Fewer addresses fit any answer by UDP (RFC 1035, 4.2.1: 512 bytes). */
#define CUT_MIN 16u

/* RFC 1035, 3.2 and 4.1.1 */
#define CLASS_IN       1
#define TYPE_A         1
#define FLAGS          2
#define FLAG_TRUNCATED 0x02

/* By UDP, and where an answer may have been cut, by TCP: the lock lets the guard's out by their
 * mark, which takes the right to change rules. */
enum { BY_UDP, BY_TCP, WAYS };

/* What tells one state of a file from another. */
typedef struct {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
} Stamp;

struct KsResolver {
    KsResolverObserver observer;
    ares_channel channels[WAYS]; /* NULL until the first question, and after resolv.conf changed */
    GHashTable *sockets;         /* descriptor -> guint source */
    GPtrArray *done;             /* element-type Question: answered, and not told yet */
    GFileMonitor *monitors[2];   /* the file, and what it is a link to */
    Stamp stamp;
    KsResolvConf conf;
    unsigned under_way;
    guint timeout_source;
    guint tell_source;
    bool is_renewing;
};

typedef struct {
    KsResolver *resolver;
    char *host;
    KsResolved result;
    KsAddress addresses[KS_RESOLVER_ADDRESSES_MAX];
    unsigned count;
    unsigned by_udp; /* so many addresses without TCP */
    uint32_t lifetime;
    bool is_no_data;    /* the name is there, and has no address */
    bool was_looked_at; /* for being cut */
    bool was_asked_by_tcp;
    bool has_bit; /* that says so */
} Question;

static void free_question(void *data)
{
    Question *question = data;

    g_free(question->host);
    g_free(question);
}

/* ---- c-ares on the main loop ---- */

static gboolean on_timeout(gpointer data);

/* c-ares says when it wants to be called although nothing came. */
static void set_timeout(KsResolver *resolver)
{
    struct timeval next = { .tv_sec = 60 };

    g_clear_handle_id(&resolver->timeout_source, g_source_remove);
    if (resolver->under_way == 0)
        return;
    for (unsigned way = 0; way < WAYS; way++) {
        struct timeval longest = next;

        if (resolver->channels[way])
            ares_timeout(resolver->channels[way], &longest, &next);
    }
    resolver->timeout_source =
        g_timeout_add((guint) (next.tv_sec * 1000 + next.tv_usec / 1000 + 1), on_timeout, resolver);
}

/* A channel leaves alone what is another's. */
static void process(KsResolver *resolver, ares_socket_t readable, ares_socket_t writable)
{
    for (unsigned way = 0; way < WAYS; way++)
        if (resolver->channels[way])
            ares_process_fd(resolver->channels[way], readable, writable);
    set_timeout(resolver);
}

static gboolean on_timeout(gpointer data)
{
    KsResolver *resolver = data;

    resolver->timeout_source = 0;
    process(resolver, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return G_SOURCE_REMOVE;
}

static gboolean on_socket(gint fd, GIOCondition condition, gpointer data)
{
    KsResolver *resolver = data;
    bool readable = condition & (G_IO_IN | G_IO_ERR | G_IO_HUP);

    /* the socket may be closed and its source gone when this returns; that is fine with GLib */
    process(resolver, readable ? fd : ARES_SOCKET_BAD, condition & G_IO_OUT ? fd : ARES_SOCKET_BAD);
    return G_SOURCE_CONTINUE;
}

static void watch_socket(void *data, ares_socket_t fd, int readable, int writable)
{
    KsResolver *resolver = data;
    guint source = GPOINTER_TO_UINT(g_hash_table_lookup(resolver->sockets, GINT_TO_POINTER(fd)));
    GIOCondition condition = 0;

    if (source) {
        (void) g_source_remove(source);
        (void) g_hash_table_remove(resolver->sockets, GINT_TO_POINTER(fd));
    }
    if (readable)
        condition |= G_IO_IN;
    if (writable)
        condition |= G_IO_OUT;
    if (condition)
        g_hash_table_insert(resolver->sockets, GINT_TO_POINTER(fd),
                            GUINT_TO_POINTER(g_unix_fd_add(fd, condition, on_socket, resolver)));
}

/* Without the right to it the question goes without, and stays here while locked. */
static int mark_socket(ares_socket_t fd, int type, void *data)
{
    const uint32_t mark = KS_ASKED_MARK;

    (void) type;
    (void) data;
    (void) setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
    return 0;
}

static bool open_channel(KsResolver *resolver, unsigned way)
{
    static char both[] = "fb"; /* /etc/hosts, then the DNS */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
                 (way == BY_TCP ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
        .timeout = TIMEOUT_MS,
        .tries = TRIES,
        .lookups = both,
        .sock_state_cb = watch_socket,
        .sock_state_cb_data = resolver,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    int result;

    if (resolver->channels[way])
        return true;
    result = ares_init_options(&resolver->channels[way], &options, mask);
    if (result == ARES_SUCCESS) {
        if (way == BY_TCP)
            ares_set_socket_configure_callback(resolver->channels[way], mark_socket, NULL);
        return true;
    }
    resolver->channels[way] = NULL;
    g_warning("the DNS cannot be asked: %s", ares_strerror(result));
    return false;
}

/* Every question under way ends. */
static void close_channels(KsResolver *resolver)
{
    for (unsigned way = 0; way < WAYS; way++) {
        ares_channel channel = resolver->channels[way];

        resolver->channels[way] = NULL;
        if (channel)
            ares_destroy(channel);
    }
    g_clear_handle_id(&resolver->timeout_source, g_source_remove);
}

/* ---- questions and answers ---- */

static const struct ares_addrinfo_hints hints = {
    .ai_flags = ARES_AI_NOSORT, /* which would need sockets to every address */
    .ai_family = AF_UNSPEC,
    .ai_socktype = SOCK_STREAM, /* each address once */
};

static void tell_soon(Question *question);
static void on_answer(void *data, int status, int timeouts, struct ares_addrinfo *info);

static void on_raw_answer(void *data, int status, int timeouts, unsigned char *bytes, int length)
{
    Question *question = data;

    (void) status;
    (void) timeouts;
    question->has_bit = bytes && length > FLAGS && (bytes[FLAGS] & FLAG_TRUNCATED);
    tell_soon(question);
}

/* c-ares tells addresses and not whether there are more. Where there may be, the header of one more
 * answer says so. False: there is no need. */
static bool look_whether_cut(KsResolver *resolver, Question *question)
{
    if (question->was_looked_at || !resolver->channels[BY_UDP])
        return false;
    question->was_looked_at = true;
    /* 1.34 prefers a function that 1.18 does not have */
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
    ares_query(resolver->channels[BY_UDP], question->host, CLASS_IN, TYPE_A, on_raw_answer,
               question);
    G_GNUC_END_IGNORE_DEPRECATIONS
    set_timeout(resolver);
    return true;
}

/* The lock has cut answers come in as if they were whole (rules/lock-rules.c), so that the bit
 * alone does not tell. False: that was done, or cannot be. */
static bool ask_by_tcp(KsResolver *resolver, Question *question)
{
    if (question->was_asked_by_tcp || !open_channel(resolver, BY_TCP))
        return false;
    question->was_asked_by_tcp = true;
    question->by_udp = question->count;
    ares_getaddrinfo(resolver->channels[BY_TCP], question->host, NULL, &hints, on_answer, question);
    set_timeout(resolver);
    return true;
}

/* Whether it is told later, when that is known. */
static bool look_for_more(KsResolver *resolver, Question *question)
{
    bool may_be_more = question->is_no_data || question->count >= CUT_MIN;

    return may_be_more && (look_whether_cut(resolver, question) || ask_by_tcp(resolver, question));
}

/* A resolver of this machine can be asked by TCP, and programs do. */
static KsCut cut_of(const KsResolver *resolver, const Question *question)
{
    bool has_any = question->count > 0;

    if (!question->was_asked_by_tcp)
        return KS_CUT_NOT;
    if (resolver->conf.is_local)
        return question->has_bit && !has_any ? KS_CUT_ALL : KS_CUT_NOT;
    if (question->by_udp == 0)
        return question->has_bit || has_any ? KS_CUT_ALL : KS_CUT_NOT;
    return question->has_bit ? KS_CUT_SOME : KS_CUT_NOT;
}

static gboolean tell(gpointer data)
{
    KsResolver *resolver = data;
    g_autoptr(GPtrArray) done = g_steal_pointer(&resolver->done);

    resolver->tell_source = 0;
    resolver->done = g_ptr_array_new_with_free_func(free_question);
    for (unsigned i = done->len; i-- > 0;)
        if (look_for_more(resolver, g_ptr_array_index(done, i)))
            (void) g_ptr_array_steal_index_fast(done, i);
    resolver->under_way -= done->len;
    for (unsigned i = 0; i < done->len; i++) {
        const Question *question = g_ptr_array_index(done, i);

        resolver->observer.answered(question->host, question->result, question->addresses,
                                    question->count, question->lifetime, cut_of(resolver, question),
                                    resolver->observer.data);
    }
    return G_SOURCE_REMOVE;
}

/* c-ares may be asked nothing from within: told when it is done. */
static void tell_soon(Question *question)
{
    KsResolver *resolver = question->resolver;

    g_ptr_array_add(resolver->done, question);
    if (resolver->tell_source == 0)
        resolver->tell_source = g_idle_add_full(G_PRIORITY_DEFAULT, tell, resolver, NULL);
}

static KsResolved result_of(const KsResolver *resolver, int status)
{
    if (resolver->is_renewing)
        return KS_RESOLVED_ANEW;
    return status == ARES_ENOTFOUND || status == ARES_ENODATA ? KS_RESOLVED_NOTHING
                                                              : KS_RESOLVED_NOT;
}

static bool read_address(const struct ares_addrinfo_node *node, KsAddress *ret_address)
{
    KsAddress address = { .family = (uint8_t) node->ai_family };

    if (node->ai_family == AF_INET)
        memcpy(address.bytes,
               &((const struct sockaddr_in *) (const void *) node->ai_addr)->sin_addr, 4);
    else if (node->ai_family == AF_INET6)
        memcpy(address.bytes,
               &((const struct sockaddr_in6 *) (const void *) node->ai_addr)->sin6_addr, 16);
    else
        return false;
    *ret_address = address;
    return true;
}

static bool is_known(const Question *question, const KsAddress *address)
{
    for (unsigned i = 0; i < question->count; i++)
        if (ks_address_compare(&question->addresses[i], address) == 0)
            return true;
    return false;
}

/* Adds to what an answer by UDP had. */
static void take_addresses(Question *question, const struct ares_addrinfo *info)
{
    uint32_t lifetime = question->count > 0 ? question->lifetime : UINT32_MAX;

    for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next) {
        if (question->count >= KS_RESOLVER_ADDRESSES_MAX ||
            !read_address(node, &question->addresses[question->count]) ||
            is_known(question, &question->addresses[question->count]))
            continue;
        lifetime = MIN(lifetime, (uint32_t) MAX(node->ai_ttl, 0));
        question->count++;
    }
    for (const struct ares_addrinfo_cname *alias = info->cnames; alias; alias = alias->next)
        lifetime = MIN(lifetime, (uint32_t) MAX(alias->ttl, 0));
    question->lifetime = lifetime;
    question->result = question->count > 0 ? KS_RESOLVED : KS_RESOLVED_NOTHING;
}

static void on_answer(void *data, int status, int timeouts, struct ares_addrinfo *info)
{
    Question *question = data;
    KsResolver *resolver = question->resolver;

    (void) timeouts;
    if (!question->was_asked_by_tcp || resolver->is_renewing) {
        question->result = result_of(resolver, status);
        question->is_no_data = status == ARES_ENODATA;
    }
    if (status == ARES_SUCCESS && info)
        take_addresses(question, info);
    if (info)
        ares_freeaddrinfo(info);
    tell_soon(question);
}

bool ks_resolver_ask(KsResolver *resolver, const char *host)
{
    Question *question;

    if (resolver->under_way >= KS_RESOLVER_QUESTIONS_MAX || !open_channel(resolver, BY_UDP))
        return false;
    question = g_new0(Question, 1);
    question->resolver = resolver;
    question->host = g_strdup(host);
    resolver->under_way++;
    ares_getaddrinfo(resolver->channels[BY_UDP], host, NULL, &hints, on_answer, question);
    set_timeout(resolver);
    return true;
}

unsigned ks_resolver_under_way(const KsResolver *resolver)
{
    return resolver->under_way;
}

/* ---- /etc/resolv.conf ---- */

static Stamp read_stamp(void)
{
    Stamp stamp;
    struct stat info;

    memset(&stamp, 0, sizeof(stamp));
    if (stat(RESOLV_CONF, &info) == 0) {
        stamp.device = info.st_dev;
        stamp.inode = info.st_ino;
        stamp.size = info.st_size;
        stamp.changed = info.st_mtim;
    }
    return stamp;
}

/* By ourselves: ares_save_options() of c-ares 1.18 told it, and that of 1.34 tells only what its
 * caller has set. */
static KsResolvConf read_conf(void)
{
    char *text = g_malloc(KS_RESOLV_CONF_SIZE_MAX);
    char host_name[HOST_NAME_MAX + 1] = "";
    int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t size = 0;
    ssize_t got = 0;
    KsResolvConf conf;

    do {
        size += (size_t) got;
        got = fd < 0 ? 0 : read(fd, text + size, KS_RESOLV_CONF_SIZE_MAX - size);
    } while (got > 0);
    if (fd >= 0)
        close(fd);
    (void) gethostname(host_name, sizeof(host_name) - 1);
    conf = ks_resolv_conf_read(text, size, host_name);
    g_free(text);
    return conf;
}

static void watch_files(KsResolver *resolver);

/* In this order: what changes the file before the watch stands is in what is read, and what changes
 * it later is an event with another stamp. */
static void watch_and_read(KsResolver *resolver)
{
    watch_files(resolver);
    resolver->stamp = read_stamp();
    resolver->conf = read_conf();
}

static void on_file_changed(KsResolver *resolver)
{
    Stamp stamp = read_stamp();

    if (memcmp(&stamp, &resolver->stamp, sizeof(stamp)) == 0)
        return;
    watch_and_read(resolver);
    resolver->is_renewing = true;
    close_channels(resolver);
    resolver->is_renewing = false;
    resolver->observer.changed(resolver->observer.data);
}

static void forget_files(KsResolver *resolver)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(resolver->monitors); i++) {
        if (resolver->monitors[i])
            g_signal_handlers_disconnect_by_data(resolver->monitors[i], resolver);
        g_clear_object(&resolver->monitors[i]);
    }
}

static void watch_files(KsResolver *resolver)
{
    g_autofree char *target = realpath(RESOLV_CONF, NULL);
    const char *paths[] = { RESOLV_CONF, target };

    forget_files(resolver);
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GFile) file = paths[i] ? g_file_new_for_path(paths[i]) : NULL;

        if (!file || (i > 0 && strcmp(paths[i], paths[0]) == 0))
            continue;
        resolver->monitors[i] = g_file_monitor_file(file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
        if (resolver->monitors[i])
            g_signal_connect_swapped(resolver->monitors[i], "changed", G_CALLBACK(on_file_changed),
                                     resolver);
    }
}

KsResolver *ks_resolver_new(const KsResolverObserver *observer)
{
    KsResolver *resolver;
    int result = ares_library_init(ARES_LIB_INIT_ALL);

    if (result != ARES_SUCCESS)
        g_warning("the DNS cannot be asked: %s", ares_strerror(result));
    resolver = g_new0(KsResolver, 1);
    resolver->observer = *observer;
    resolver->sockets = g_hash_table_new(NULL, NULL);
    resolver->done = g_ptr_array_new_with_free_func(free_question);
    watch_and_read(resolver);
    return resolver;
}

void ks_resolver_free(KsResolver *resolver)
{
    if (!resolver)
        return;
    forget_files(resolver);
    close_channels(resolver);
    g_clear_handle_id(&resolver->tell_source, g_source_remove);
    g_ptr_array_unref(resolver->done);
    g_hash_table_unref(resolver->sockets);
    g_free(resolver);
    ares_library_cleanup();
}

const KsResolvConf *ks_resolver_conf(const KsResolver *resolver)
{
    return &resolver->conf;
}
