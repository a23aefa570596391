/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What KS_ERROR is called on the bus. To be called before the first error is sent; more than once
 * is no harm. Apart from policy/error.h, so that programs without a bus do without its library. */
void ks_bus_errors_register(void);
