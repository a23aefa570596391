/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "online/ask.h"

#include <curl/curl.h>
#include <grp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The name must be found, and then the service answer. */
#define SECONDS_MAX 20u

/* Nobody's: what comes from the internet is never read by root. */
#define NOBODY 65534u

static bool give_up_rights(void)
{
    const struct rlimit no_core = { 0 };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
        return false;
    return geteuid() != 0 || (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                              setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

static GVariant *told(const GArray *answers)
{
    GVariantBuilder ways;

    g_variant_builder_init(&ways, G_VARIANT_TYPE(KS_ONLINE_WAYS));
    for (unsigned i = 0; i < answers->len; i++) {
        const KsServiceAnswer *answer = &g_array_index(answers, KsServiceAnswer, i);
        char address[KS_ADDRESS_TEXT_SIZE];

        g_variant_builder_add(&ways, "(ssbussb)", answer->interface,
                              ks_address_text(&answer->address, address), answer->reached,
                              answer->status, answer->answer, answer->problem,
                              answer->bind_error != 0);
    }
    return g_variant_builder_end(&ways);
}

static int ask(const char *url, const char *const *interfaces)
{
    KsService service = { 0 };
    const char *why = ks_service_find(url, &service);
    GArray *answers = why ? NULL : ks_ask(&service, interfaces);
    g_autoptr(GVariant) variant = NULL;
    g_autofree char *text = NULL;

    ks_service_clear(&service);
    if (!why && !answers)
        return EXIT_FAILURE;
    if (!answers)
        answers = g_array_new(FALSE, FALSE, sizeof(KsServiceAnswer));
    variant = g_variant_ref_sink(
        g_variant_new("(sq@" KS_ONLINE_WAYS ")", why ? why : "", service.port, told(answers)));
    g_array_unref(answers);
    text = g_variant_print(variant, TRUE);
    return puts(text) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status;

    (void) alarm(SECONDS_MAX);
    setlocale(LC_ALL, "");
    if (argc < 2 || !give_up_rights() || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return EXIT_FAILURE;
    status = ask(argv[1], (const char *const *) argv + 2);
    curl_global_cleanup();
    return status;
}
