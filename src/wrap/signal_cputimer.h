/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers on the CPU clocks of fibers.
 *
 * The monitor looks at them every tick, as a kernel does.  Each has the number
 * of a timer of the kernel's that is never set.
 */
#ifndef ZAG_WRAP_SIGNAL_CPUTIMER_H
#define ZAG_WRAP_SIGNAL_CPUTIMER_H

#include <signal.h>
#include <time.h>

#include "fiber/fiber.h"

/* timer_create(2) on f's clock.  0, -EINVAL, -EAGAIN, -ENOTSUP. */
int zag_cputimer_create(struct zag_fiber *f, const struct sigevent *ev,
			timer_t *timer);

#endif
