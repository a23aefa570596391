/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rescue.h"

#include "ctl/show.h"
#include "guard/status.h"
#include "guard/store.h"
#include "kernel/links.h"
#include "kernel/netfilter.h"
#include "model/names.h"
#include "rules/plan.h"
#include "rules/text.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A killed process is gone within this time, unless the kernel itself hangs. */
#define END_TIMEOUT_MS 3000

typedef struct {
    KsNetfilter *netfilter;
    KsReadback *held;
} Kernel;

static void close_kernel(Kernel *kernel)
{
    ks_netfilter_close(kernel->netfilter);
    ks_readback_free(kernel->held);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kernel, close_kernel)

static bool read_kernel(Kernel *kernel)
{
    int result = kernel->netfilter ? 0 : ks_netfilter_open(&kernel->netfilter);

    if (!kernel->held)
        kernel->held = ks_readback_new();
    if (result == 0)
        result = ks_netfilter_read(kernel->netfilter, kernel->held);
    if (result == 0)
        return true;
    if (result == -EPERM)
        g_printerr("Only root may look at the kernel's rules. Try it with sudo.\n");
    else
        g_printerr("The kernel's rules cannot be read: %s.\n", g_strerror(-result));
    return false;
}

/* The process that holds the guard's lock file, 0 if none does. */
static pid_t find_guard(void)
{
    g_autofree char *text = NULL;
    g_autofree char *link = NULL;
    g_autofree char *program = NULL;
    g_autofree char *name = NULL;
    pid_t pid;

    if (!g_file_get_contents(KS_GUARD_LOCK_PATH, &text, NULL, NULL))
        return 0;
    pid = (pid_t) g_ascii_strtoll(text, NULL, 10);
    if (pid <= 1)
        return 0;
    /* the number may belong to somebody else by now */
    link = g_strdup_printf("/proc/%d/exe", (int) pid);
    program = g_file_read_link(link, NULL);
    name = program ? g_path_get_basename(program) : NULL;
    return name && g_str_has_prefix(name, KS_GUARD_PROGRAM) ? pid : 0;
}

static void end_guard(void)
{
    pid_t pid = find_guard();
    int fd = pid > 0 ? (int) syscall(SYS_pidfd_open, pid, 0) : -1;
    struct pollfd gone = { .fd = fd, .events = POLLIN };

    if (fd < 0)
        return;
    if (find_guard() == pid && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0) {
        g_print("Ended the guard (process %d), which did not answer.\n", (int) pid);
        (void) poll(&gone, 1, END_TIMEOUT_MS);
    }
    close(fd);
}

static bool save_unlocked(void)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = NULL;
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;

    (void) ks_store_load(store, &settings, &problem);
    settings.locked = false;
    if (ks_store_save(store, &settings, &error))
        return true;
    g_printerr("The state could not be saved (%s): the lock will close again at the next start.\n",
               error->message);
    return false;
}

KsExitStatus ks_rescue_unlock(void)
{
    g_auto(Kernel) kernel = { 0 };
    KsBatch batch = { 0 };
    bool saved;
    int result;

    if (!read_kernel(&kernel))
        return KS_EXIT_FAILED;
    saved = save_unlocked();
    end_guard(); /* it would close the lock again, and an owned table obeys nobody else */
    result = ks_plan_unlock(&batch, kernel.held);
    if (result == 0)
        result = ks_netfilter_commit(kernel.netfilter, &batch);
    ks_batch_clear(&batch);
    if (result < 0 && result != -ENOENT) {
        g_printerr("The lock could not be opened: %s.\n", g_strerror(-result));
        return KS_EXIT_FAILED;
    }
    g_print("Unlocked, without the guard: traffic leaves this machine freely.\n");
    return saved ? KS_EXIT_DONE : KS_EXIT_FAILED;
}

/* The same status as the guard's, from what can be known without it. */
static GVariant *describe(const KsReadback *held)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsEngine) engine = NULL;
    g_autofree char *problem = NULL;
    KsLinks *links = NULL;
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    KsStatusFacts facts = {
        .world = world,
        .held = held,
        .problems = { "The guard does not answer: this is what the kernel holds, and nobody keeps "
                      "it up to date. Start the guard: systemctl restart " KS_GUARD_UNIT },
    };

    (void) ks_store_load(store, &settings, &problem);
    settings.locked = held->present;
    engine = ks_engine_new(&settings, NULL);
    ks_engine_adopt(engine, held->lock);
    if (ks_links_open(&links) == 0)
        (void) ks_links_describe(links, world);
    (void) ks_engine_observe(engine, world);
    ks_links_close(links);
    facts.engine = engine;
    return ks_status_describe(&facts);
}

KsExitStatus ks_rescue_status(int json, int *ret_locked)
{
    g_auto(Kernel) kernel = { 0 };
    g_autoptr(GVariant) status = NULL;
    g_autofree char *text = NULL;

    if (!read_kernel(&kernel))
        return KS_EXIT_NO_GUARD;
    *ret_locked = ks_readback_is_intact(kernel.held);
    status = describe(kernel.held);
    text = json ? ks_show_json(status) : ks_show_status(status);
    g_print("%s", text);
    return KS_EXIT_DONE;
}

static const char *name_interface(uint32_t index, const void *data)
{
    static char name[IF_NAMESIZE];

    (void) data;
    return if_indextoname(index, name);
}

KsExitStatus ks_rescue_rules(void)
{
    g_auto(Kernel) kernel = { 0 };
    g_autofree char *text = NULL;

    if (!read_kernel(&kernel))
        return KS_EXIT_NO_GUARD;
    text = ks_rules_text(kernel.held, name_interface, NULL);
    g_print("%s", text);
    return KS_EXIT_DONE;
}
