/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers for fibers, as the other files of this floor see them. */
#ifndef ZAG_WRAP_SIGNAL_TIMER_H
#define ZAG_WRAP_SIGNAL_TIMER_H

/* In a forked child: there are no timers. */
void zag_signal_timer_reset(void);

#endif
