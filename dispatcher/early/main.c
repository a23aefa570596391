/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/restore.h"
#include "model/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    (void) argv;
    if (argc > 1) {
        fprintf(stderr, "%s: no arguments expected; see nm-killswitchd(8)\n", KS_EARLY_PROGRAM);
        return 2;
    }
    if (geteuid() != 0) {
        fprintf(stderr,
                "%s: only root can put the lock into the kernel; systemd starts me as root.\n",
                KS_EARLY_PROGRAM);
        return EXIT_FAILURE;
    }
    return ks_restore();
}
