/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU time of fibers.  The kernel counts that of carriers, so each switch
 * has to ask it; that begins when somebody first wants to know.  What a fiber
 * has used before is then as the shared clock has seen it (sched/clock.h).
 */
#ifndef ZAG_SCHED_CPUTIME_H
#define ZAG_SCHED_CPUTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "fiber/fiber.h"

extern bool zag_cputime_on; /* never off again */

/* f begins to run, or stops, on the calling carrier; where it is on. */
void zag_cputime_run(struct zag_fiber *f);
void zag_cputime_stop(struct zag_fiber *f);

/* Nanoseconds f has used.  Any thread or fiber. */
int64_t zag_cputime(struct zag_fiber *f);

#endif
