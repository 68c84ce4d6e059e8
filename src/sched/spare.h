/* SPDX-License-Identifier: BSD-2-Clause */
/* Carriers that have nothing to run, for carrier.c. */
#ifndef ZAG_SCHED_SPARE_H
#define ZAG_SCHED_SPARE_H

struct zag_carrier;

/* Sleep until somebody has given c a processor or a fiber; one that nobody
 * wants for long ends here.  The scheduler of c, which has neither. */
void zag_spare_wait(struct zag_carrier *c);

/* In a forked child: there are none. */
void zag_spare_reset(void);

#endif
