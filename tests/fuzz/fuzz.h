/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What must hold for every input; unlike assert() never compiled out. */
#define FUZZ_CHECK(condition) \
    do {                      \
        if (!(condition))     \
            abort();          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
