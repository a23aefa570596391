/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DECIMAL 10

/* The largest last. */
static const struct {
    char letter;
    uint32_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };

#define UNITS (sizeof(units) / sizeof(units[0]))

/* 0: no such unit. */
static uint32_t unit_seconds(const char *unit)
{
    if (unit[0] == '\0')
        return 1;
    for (size_t i = 0; i < UNITS; i++)
        if (unit[0] == units[i].letter && unit[1] == '\0')
            return units[i].seconds;
    return 0;
}

int ks_duration_parse(const char *text, uint32_t *ret_seconds)
{
    size_t digits = text ? strspn(text, "0123456789") : 0;
    uint64_t seconds = 0;
    uint32_t unit;

    if (digits == 0)
        return -EINVAL;
    unit = unit_seconds(text + digits);
    if (unit == 0)
        return -EINVAL;
    for (size_t i = 0; i < digits; i++) {
        seconds = seconds * DECIMAL + (uint64_t) (text[i] - '0');
        if (seconds > UINT32_MAX)
            return -ERANGE;
    }
    seconds *= unit;
    if (seconds > UINT32_MAX)
        return -ERANGE;
    *ret_seconds = (uint32_t) seconds;
    return 0;
}

const char *ks_duration_text(uint32_t seconds, char text[KS_DURATION_TEXT_SIZE])
{
    size_t unit = seconds > 0 ? UNITS - 1 : 0;

    while (seconds % units[unit].seconds != 0)
        unit--;
    snprintf(text, KS_DURATION_TEXT_SIZE, "%u%c", seconds / units[unit].seconds,
             units[unit].letter);
    return text;
}
