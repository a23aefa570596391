/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netfilter.h"

#include "kernel/clock.h"
#include "model/names.h"
#include "netfilter-fake-tables.h"
#include "rules/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* nf_tables without a kernel, for tests: it takes the same messages, keeps the same promises (all
 * of a batch or none, owners, busy objects) and tells what it holds in the same messages.
 * tests/kernel/test-netfilter.c runs against this and against the kernel, so that they cannot drift
 * apart. There is one for the whole process, as there is one kernel. */

#define FIRST_PORT   4000u
#define MESSAGE_SIZE 4096u
#define MICROSECONDS 1000 /* of a millisecond */

struct KsNetfilter {
    uint32_t port;
};

struct KsMonitor {
    int fd;
    uint32_t port; /* who touched our table last, 0: nobody */
};

static struct {
    GPtrArray *tables; /* FakeTable */
    GPtrArray *monitors;
    uint32_t port; /* the last one given */
} kernel;

static void start(void)
{
    if (kernel.tables)
        return;
    kernel.tables = g_ptr_array_new_with_free_func(fake_free_table);
    kernel.monitors = g_ptr_array_new();
    kernel.port = FIRST_PORT;
}

/* The last user takes it all away, so that leaks of others show. */
static void stop_if_unused(void)
{
    if (kernel.tables->len > 0 || kernel.monitors->len > 0)
        return;
    g_clear_pointer(&kernel.tables, g_ptr_array_unref);
    g_clear_pointer(&kernel.monitors, g_ptr_array_unref);
}

static void notify(uint32_t port)
{
    for (unsigned i = 0; i < kernel.monitors->len; i++) {
        KsMonitor *monitor = g_ptr_array_index(kernel.monitors, i);

        monitor->port = port;
        (void) eventfd_write(monitor->fd, 1);
    }
}

int ks_netfilter_open(KsNetfilter **ret_netfilter)
{
    start();
    *ret_netfilter = g_new0(KsNetfilter, 1);
    (*ret_netfilter)->port = kernel.port++;
    return 0;
}

/* A table goes with its owner unless it persists; then it is an orphan. */
void ks_netfilter_close(KsNetfilter *netfilter)
{
    if (!netfilter)
        return;
    start();
    for (unsigned i = kernel.tables->len; i-- > 0;) {
        FakeTable *table = g_ptr_array_index(kernel.tables, i);

        if (table->owner != netfilter->port)
            continue;
        table->owner = 0;
        table->flags &= ~(uint32_t) NFT_TABLE_F_OWNER;
        if (!(table->flags & KS_TABLE_F_PERSIST))
            g_ptr_array_remove_index(kernel.tables, i);
    }
    g_free(netfilter);
    stop_if_unused();
}

uint32_t ks_netfilter_port(const KsNetfilter *netfilter)
{
    return netfilter->port;
}

static bool names_our_table(const struct nlmsghdr *message)
{
    const struct nlattr *attribute;

    /* in all of the messages that we know, the table's name is the first attribute */
    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
        if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME)
            return strcmp(mnl_attr_get_str(attribute), KS_TABLE) == 0;
    return false;
}

/* libnftnl writes some names without a final zero, and libmnl before 1.0.5 leaves in the padding
 * what was there; the kernel goes by lengths, libnftnl's own parser does not. */
static void clean_padding(void *attributes, size_t size)
{
    struct nlattr *attribute = attributes;

    while (mnl_attr_ok(attribute, (int) size)) {
        size_t length = attribute->nla_len;
        size_t aligned = MIN(MNL_ALIGN(length), size);

        if (attribute->nla_type & NLA_F_NESTED)
            clean_padding(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
        memset((uint8_t *) attribute + length, 0, aligned - length);
        size -= aligned;
        attribute = (struct nlattr *) ((uint8_t *) attribute + aligned);
    }
}

static void *copy_batch(const KsBatch *batch)
{
    void *copy = g_malloc(batch->length);
    struct nlmsghdr *message = copy;
    int left = (int) batch->length;

    memcpy(copy, batch->data, batch->length);
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
        clean_padding(mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg)),
                      mnl_nlmsg_get_payload_len(message) - sizeof(struct nfgenmsg));
    return copy;
}

/* Does what all messages ask for. Returns 0 or the first error. */
static int apply_all(const FakeTransaction *transaction, const struct nlmsghdr *message, int left,
                     bool *ret_ours)
{
    int result = 0;

    if (message->nlmsg_type != NFNL_MSG_BATCH_BEGIN)
        return -EINVAL;
    for (message = mnl_nlmsg_next(message, &left); result == 0 && mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_type == NFNL_MSG_BATCH_END)
            return 0;
        result = fake_apply(transaction, message);
        *ret_ours |= names_our_table(message);
    }
    return result < 0 ? result : -EINVAL; /* without an end nothing is done */
}

int ks_netfilter_commit(KsNetfilter *netfilter, const KsBatch *batch)
{
    FakeTransaction transaction = { .port = netfilter->port };
    bool ours = false;
    void *copy;
    int result;

    if (batch->error)
        return batch->error;
    if (batch->messages == 0)
        return 0;
    start();
    copy = copy_batch(batch);
    transaction.tables = g_ptr_array_copy(kernel.tables, fake_copy_table, NULL);
    g_ptr_array_set_free_func(transaction.tables, fake_free_table);
    result = apply_all(&transaction, copy, (int) batch->length, &ours);
    g_free(copy);
    if (result == 0) {
        GPtrArray *before = kernel.tables;

        kernel.tables = transaction.tables;
        transaction.tables = before;
        if (ours)
            notify(netfilter->port);
    }
    g_ptr_array_unref(transaction.tables);
    return result;
}

static struct nlmsghdr *begin(uint8_t buffer[MESSAGE_SIZE], uint8_t family, uint16_t type)
{
    struct nlmsghdr *message;
    struct nfgenmsg *generic;

    memset(buffer, 0, MESSAGE_SIZE);
    message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
    generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    generic->nfgen_family = family;
    return message;
}

static int tell_table(const FakeTable *table, KsReadback *readback)
{
    uint8_t buffer[MESSAGE_SIZE];
    struct nlmsghdr *message = begin(buffer, table->family, NFT_MSG_NEWTABLE);

    mnl_attr_put_strz(message, NFTA_TABLE_NAME, table->name);
    mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(table->flags));
    if (table->owner)
        mnl_attr_put_u32(message, NFTA_TABLE_OWNER, htonl(table->owner));
    return ks_readback_take(readback, message);
}

static void put_data(struct nlmsghdr *message, const FakeObject *element)
{
    struct nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
    struct nlattr *verdict;

    if (element->is_verdict) {
        verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
        mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl((uint32_t) element->verdict));
        if (element->jump)
            mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, element->jump);
        mnl_attr_nest_end(message, verdict);
    } else {
        mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(element->value), &element->value);
    }
    mnl_attr_nest_end(message, data);
}

static int tell_element(const FakeTable *table, const FakeObject *element, KsReadback *readback)
{
    gint64 now = g_get_monotonic_time();
    uint8_t buffer[MESSAGE_SIZE];
    struct nlmsghdr *message = begin(buffer, table->family, NFT_MSG_NEWSETELEM);
    struct nlattr *list;
    struct nlattr *one;
    struct nlattr *key;
    gsize size;
    const void *bytes = g_bytes_get_data(element->data, &size);

    if (element->ends && element->ends <= now)
        return 0;
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table->name);
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, element->name);
    list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
    one = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    if (size > 0) {
        key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
        mnl_attr_put(message, NFTA_DATA_VALUE, size, bytes);
        mnl_attr_nest_end(message, key);
    }
    if (element->has_data)
        put_data(message, element);
    if (element->flags)
        mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(element->flags));
    if (element->ends)
        mnl_attr_put_u64(message, NFTA_SET_ELEM_EXPIRATION,
                         GUINT64_TO_BE((guint64) (element->ends - now) / MICROSECONDS));
    mnl_attr_nest_end(message, one);
    mnl_attr_nest_end(message, list);
    return ks_readback_take(readback, message);
}

int ks_netfilter_read(KsNetfilter *netfilter, KsReadback *readback)
{
    const FakeTable *table;
    int result;

    (void) netfilter;
    start();
    readback->read_at = ks_clock_now();
    ks_readback_clear(readback);
    table = fake_find_table(kernel.tables, readback->skeleton->family, readback->skeleton->name);
    if (!table)
        return 0;
    result = tell_table(table, readback);
    /* as the kernel is asked: what rules are about comes before them */
    for (FakeKind kind = FAKE_CHAIN; kind <= FAKE_COUNTER; kind++) {
        for (unsigned i = 0; result == 0 && i < table->objects->len; i++) {
            const FakeObject *object = g_ptr_array_index(table->objects, i);

            if (object->kind == kind)
                result = kind == FAKE_ELEMENT ? tell_element(table, object, readback)
                                              : ks_readback_take(readback, fake_message_of(object));
        }
    }
    ks_readback_finish(readback);
    return result;
}

uint32_t ks_netfilter_table_flags(KsNetfilter *netfilter)
{
    (void) netfilter;
    return KS_TABLE_F_OWNED;
}

bool ks_netfilter_takes_names(KsNetfilter *netfilter)
{
    (void) netfilter; /* there are no devices, and no frames */
    return false;
}

int ks_monitor_open(KsMonitor **ret_monitor)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return -errno;
    start();
    *ret_monitor = g_new0(KsMonitor, 1);
    (*ret_monitor)->fd = fd;
    g_ptr_array_add(kernel.monitors, *ret_monitor);
    return 0;
}

void ks_monitor_close(KsMonitor *monitor)
{
    if (!monitor)
        return;
    g_ptr_array_remove(kernel.monitors, monitor);
    close(monitor->fd);
    g_free(monitor);
    stop_if_unused();
}

int ks_monitor_fd(const KsMonitor *monitor)
{
    return monitor->fd;
}

bool ks_monitor_drain(KsMonitor *monitor, uint32_t own_port, KsAuthor *ret_author)
{
    bool touched = monitor->port && monitor->port != own_port;
    eventfd_t count;

    (void) eventfd_read(monitor->fd, &count);
    monitor->port = 0;
    memset(ret_author, 0, sizeof(*ret_author));
    if (touched) {
        g_strlcpy(ret_author->name, program_invocation_short_name, sizeof(ret_author->name));
        ret_author->process = (uint32_t) getpid();
    }
    return touched;
}

bool ks_monitor_has_seen_others(KsMonitor *monitor)
{
    (void) monitor;
    return false; /* there are none here */
}

void ks_monitor_read_author(KsMonitor *monitor, uint32_t own_port, KsAuthor *author)
{
    (void) monitor; /* each transaction is heard of with its end here */
    (void) own_port;
    (void) author;
}
