/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rescue.h"

#include "config.h"
#include "ctl/output.h"
#include "files/configuration-files.h"
#include "files/exceptions-file.h"
#include "files/people.h"
#include "files/store.h"
#include "files/vpns-file.h"
#include "kernel/clock.h"
#include "kernel/layer.h"
#include "kernel/links.h"
#include "model/names.h"
#include "policy/exceptions-in-force.h"
#include "policy/networks-held.h"
#include "policy/status.h"
#include "rules/egress-table.h"
#include "rules/lock-table.h"
#include "rules/readback-held.h"
#include "rules/rules-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A killed process is gone within this time, unless the kernel itself hangs. */
#define END_TIMEOUT_MS 3000

/* How long, and how often, we try to be the only one at work. */
#define PLACE_TIMEOUT_MS 5000
#define PLACE_STEP_MS    20

typedef struct {
    KsNetfilter *netfilter;
    KsLayer first;
    KsLayer second;
    KsEgressTable *egress_table; /* as it should be on the uplinks of now */
} Kernel;

static void close_kernel(Kernel *kernel)
{
    ks_netfilter_close(kernel->netfilter);
    ks_layer_clear(&kernel->first);
    ks_layer_clear(&kernel->second);
    ks_egress_table_free(kernel->egress_table);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kernel, close_kernel)

/* A table that cannot be read is there, for all we know. */
static int read_kernel(Kernel *kernel)
{
    int result = kernel->netfilter ? 0 : ks_netfilter_open(&kernel->netfilter);

    if (!kernel->first.held)
        ks_layer_describe(&kernel->first, &ks_lock_table);
    if (result == 0)
        result = ks_layer_read(&kernel->first, kernel->netfilter);
    if (result < 0)
        kernel->first.held->present = true;
    return result;
}

/* The second layer's. Nothing of it counts but that it is there. */
static int read_egress(Kernel *kernel)
{
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(GArray) uplinks = g_array_new(FALSE, TRUE, sizeof(KsUplink));
    KsEgressTable *table;

    if (ks_links_look(world) == 0)
        (void) ks_uplinks_find(world, kernel->first.held->lock, uplinks);
    table = ks_egress_table_new(uplinks, ks_netfilter_takes_names(kernel->netfilter));
    ks_layer_describe(&kernel->second, ks_egress_table_skeleton(table));
    ks_egress_table_free(kernel->egress_table);
    kernel->egress_table = table;
    return ks_layer_read(&kernel->second, kernel->netfilter);
}

static KsExitStatus complain_of_kernel(int error)
{
    if (error == -EPERM || error == -EACCES) {
        ks_output_complain(_("Only root may look at the kernel's rules. Try it with sudo."));
        return KS_EXIT_NOT_AUTHORISED;
    }
    ks_output_complain_f(_("The kernel's rules cannot be read: %s."), g_strerror(-error));
    return KS_EXIT_FAILED;
}

/* ---- ending a guard that hangs ---- */

/* The number may belong to somebody else by now. */
static bool is_guard(pid_t pid)
{
    g_autofree char *link = g_strdup_printf("/proc/%d/exe", (int) pid);
    g_autofree char *program = pid > 1 ? g_file_read_link(link, NULL) : NULL;
    g_autofree char *name = program ? g_path_get_basename(program) : NULL;

    return name && g_str_has_prefix(name, KS_GUARD_PROGRAM);
}

static void end_guard(pid_t pid)
{
    int fd = is_guard(pid) ? (int) syscall(SYS_pidfd_open, pid, 0) : -1;
    struct pollfd gone = { .fd = fd, .events = POLLIN };
    g_autofree char *text = NULL;

    if (fd < 0)
        return;
    if (is_guard(pid) && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0) {
        text = g_strdup_printf(_("Ended the guard (process %d), which did not answer."), (int) pid);
        ks_output_add(text);
        (void) poll(&gone, 1, END_TIMEOUT_MS);
    }
    close(fd);
}

/* Ends anyone who holds the guard's lock file and holds it in their place, so that no other guard
 * takes the table over while we work: systemd starts one at once. Returns a descriptor to be
 * closed, or -1 if that file cannot be had: then we go on without. */
static int take_guards_place(void)
{
    char text[16] = { 0 };
    int fd;

    (void) mkdir(KS_RUNTIME_DIRECTORY, 0755);
    fd = open(KS_GUARD_LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (unsigned waited = 0; fd >= 0 && waited < PLACE_TIMEOUT_MS; waited += PLACE_STEP_MS) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            break;
        if (pread(fd, text, sizeof(text) - 1, 0) > 0)
            end_guard((pid_t) g_ascii_strtoll(text, NULL, 10));
        g_usleep(PLACE_STEP_MS * 1000);
    }
    return fd;
}

/* ---- unlock ---- */

/* With the mode that the administrator's files decide: the next guard, or early unit, finds none
 * that it has to put in force, which would close the lock. */
static bool save_unlocked(void)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(KsConfiguration) configuration =
        ks_configuration_load(KS_VENDOR_DIRECTORY, ks_configuration_local_folder());
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = NULL;
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;

    if (ks_store_load(store, &settings, &problem) == KS_STORED_CORRUPT)
        ks_store_set_aside(store);
    ks_configuration_decide_mode(configuration, &settings);
    settings.locked = false;
    if (ks_store_save(store, &settings, &error))
        return true;
    ks_output_complain_f(
        settings.mode == KS_MODE_ALWAYS && !ks_store_is_unlocked(store)
            ? _("The lock is open, but that could not be saved (%s): it will be closed again when "
                "the guard starts, or NetworkManager.")
            : _("The lock is open, but that could not be saved (%s): it will be closed again after "
                "the next reboot."),
        error->message);
    return false;
}

static int remove_tables(Kernel *kernel)
{
    int result;

    (void) read_kernel(kernel);
    /* its owner's netlink port is its process number: a guard that lost its lock file */
    end_guard((pid_t) kernel->first.held->owner);
    result = ks_layer_hold(&kernel->first, kernel->netfilter, false, NULL, 0);
    if (result == 0 && read_egress(kernel) == 0)
        result = ks_layer_hold(&kernel->second, kernel->netfilter, false, NULL, 0);
    return result;
}

KsExitStatus ks_rescue_unlock(void)
{
    g_auto(Kernel) kernel = { 0 };
    int result = read_kernel(&kernel);
    bool saved = false;
    int place;

    if (result == -EPROTONOSUPPORT ||
        result == -EAFNOSUPPORT) /* no nf_tables: none holds anything */
        return save_unlocked() ? KS_EXIT_DONE : KS_EXIT_FAILED;
    if (!kernel.netfilter || result == -EPERM)
        return complain_of_kernel(result);
    place = take_guards_place();
    result = remove_tables(&kernel);
    if (result == 0)
        saved = save_unlocked();
    if (place >= 0)
        close(place);
    if (result < 0) {
        ks_output_complain_f(_("The lock could not be opened: %s."), g_strerror(-result));
        return KS_EXIT_FAILED;
    }
    return saved ? KS_EXIT_DONE : KS_EXIT_FAILED;
}

/* ---- resume ---- */

static bool is_paused(const KsLayer *layer)
{
    return layer->held && layer->held->pause_ms > 0;
}

static int end_pause(Kernel *kernel)
{
    KsLayer *const layers[] = { &kernel->first, &kernel->second };
    int result = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(layers); i++) {
        int ended = is_paused(layers[i]) ? ks_layer_pause(layers[i], kernel->netfilter, 0) : 0;

        if (result == 0)
            result = ended;
    }
    return result;
}

static int read_both(Kernel *kernel)
{
    int result = read_kernel(kernel);

    return result < 0 || !kernel->first.held->present ? result : read_egress(kernel);
}

KsExitStatus ks_rescue_resume(void)
{
    g_auto(Kernel) kernel = { 0 };
    int result = read_both(&kernel);
    int place;

    if (result < 0)
        return complain_of_kernel(result);
    if (!is_paused(&kernel.first) && !is_paused(&kernel.second))
        return KS_EXIT_DONE;
    place = take_guards_place();
    end_guard((pid_t) kernel.first.held->owner);
    result = read_both(&kernel);
    if (result == 0)
        result = end_pause(&kernel);
    if (place >= 0)
        close(place);
    if (result == 0)
        return KS_EXIT_DONE;
    ks_output_complain_f(_("The pause could not be ended: %s."), g_strerror(-result));
    return KS_EXIT_FAILED;
}

/* ---- status and rules ---- */

static GVariant *with_reason(GVariant *status, const char *reason)
{
    g_auto(GVariantDict) dictionary = { 0 };

    g_variant_dict_init(&dictionary, status);
    g_variant_dict_insert(&dictionary, "reason", "s", reason);
    return g_variant_ref_sink(g_variant_dict_end(&dictionary));
}

/* The guard alone puts them in: a lock of the early unit's, or of a rescue, is whole without. */
static bool holds_exceptions(const KsReadback *held)
{
    static const KsSetId sets[] = { KS_SET_EXCEPTIONS4, KS_SET_EXCEPTIONS6, KS_SET_SERVICES4,
                                    KS_SET_SERVICES6 };

    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++)
        if (held->lock->sets[sets[i]]->len > 0)
            return true;
    return false;
}

/* The same status as the guard's, from what can be known without it. `vpns`: those that were set up
 * by hand; `vpns_problem`: that they could not be read, or NULL. */
static GVariant *describe(const KsReadback *held, const KsVpns *vpns, const char *vpns_problem)
{
    g_autoptr(KsStore) store = ks_store_new();
    g_autoptr(KsWorld) world = ks_world_new();
    g_autoptr(KsConfiguration) configuration =
        ks_configuration_load(KS_VENDOR_DIRECTORY, ks_configuration_local_folder());
    g_autoptr(KsExceptions) people = NULL;
    g_autoptr(KsExceptions) exceptions = NULL;
    g_autofree char *left_out = NULL;
    g_autoptr(KsEngine) engine = NULL;
    g_autoptr(GVariant) status = NULL;
    g_autofree char *problem = NULL;
    g_auto(KsSettings) settings = KS_SETTINGS_DEFAULT;
    KsStatusFacts facts = { .world = world,
                            .held = ks_held_of(held),
                            .booted =
                                (uint64_t) ((g_get_real_time() - ks_clock_now()) / G_USEC_PER_SEC),
                            .alone = true };

    (void) ks_store_load(store, &settings, &problem);
    facts.problems[0] =
        "The guard does not answer: this is what the kernel holds, and nobody keeps "
        "it up to date. To start the guard: systemctl restart " KS_GUARD_UNIT;
    facts.problems[1] = problem;
    facts.problems[3] = vpns_problem;
    if (settings.locked && !held->present)
        facts.problems[2] = "The lock was closed when this was saved last: the guard will close it "
                            "when it starts. To keep it open: nm-killswitch unlock";
    settings.locked = held->present;
    ks_people_read(world->people);
    engine = ks_engine_new(&settings, NULL);
    ks_engine_adopt(engine, held->lock);
    (void) ks_links_look(world);
    ks_vpns_apply(vpns, world);
    if (holds_exceptions(held)) {
        people = ks_exceptions_peek((uint32_t) (ks_clock_now() / G_USEC_PER_SEC));
        exceptions = ks_exceptions_in_force(configuration, people, &left_out);
        world->exceptions = exceptions;
    }
    ks_networks_see_held(world, &settings, held->lock);
    /* it was so when the guard saw it last */
    world->ipv6_only = held->lock->sets[KS_SET_TRANSLATORS]->len > 0;
    ks_engine_spare_running(engine); /* nobody locks here */
    (void) ks_engine_observe(engine, world);
    world->manager_present = true; /* not known, so there is nothing to complain of */
    facts.engine = engine;
    status = ks_status_describe(&facts); /* there is no world, and nothing private in it */
    return with_reason(status, KS_REASON_GUARD_AWAY);
}

KsExitStatus ks_rescue_status(GVariant **ret_status)
{
    g_auto(Kernel) kernel = { 0 };
    g_autoptr(KsVpns) vpns = NULL;
    g_autofree char *problem = NULL;
    int result = read_kernel(&kernel);

    if (result < 0)
        return complain_of_kernel(result);
    vpns = ks_vpns_load(KS_VPNS_LEFT_ALONE, &problem); /* which interfaces are overlays */
    *ret_status = describe(kernel.first.held, vpns, problem);
    return KS_EXIT_DONE;
}

KsExitStatus ks_rescue_vpns(GVariant **ret_status)
{
    g_autoptr(KsReadback) held = ks_readback_new(&ks_lock_table); /* nothing: it is not asked for */
    g_autoptr(KsVpns) vpns = NULL;
    g_autofree char *problem = NULL;

    vpns = ks_vpns_load(KS_VPNS_LEFT_ALONE, &problem);
    if (problem) {
        ks_output_complain(problem);
        return KS_EXIT_FAILED;
    }
    *ret_status = describe(held, vpns, NULL);
    return KS_EXIT_DONE;
}

static const char *name_interface(uint32_t index, const void *data)
{
    static char name[IF_NAMESIZE];

    (void) data;
    return if_indextoname(index, name);
}

KsExitStatus ks_rescue_rules(char **ret_rules)
{
    g_auto(Kernel) kernel = { 0 };
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    int result = read_kernel(&kernel);

    if (result < 0)
        return complain_of_kernel(result);
    first = ks_rules_text(kernel.first.held, name_interface, NULL);
    if (read_egress(&kernel) == 0)
        second = ks_rules_text(kernel.second.held, name_interface, NULL);
    *ret_rules = g_strconcat(first, second && second[0] ? "\n" : "", second, NULL);
    return KS_EXIT_DONE;
}
