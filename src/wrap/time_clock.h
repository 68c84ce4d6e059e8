/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU clocks of fibers, as clock ids name them. */
#ifndef ZAG_WRAP_TIME_CLOCK_H
#define ZAG_WRAP_TIME_CLOCK_H

#include <time.h>

#include "fiber/fiber.h"

/* The fiber whose CPU clock that is; NULL: another clock. */
struct zag_fiber *zag_time_fiber_of(clockid_t clock);

#endif
