/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --grace: SIGTERM and SIGINT end the process in the time the operator gives
 * it.  All fibers but main are cancelled, children get SIGTERM; main is told
 * last; what is left at the end of the time is killed, what did not finish is
 * reported, and the process dies of the signal.
 *
 * The monitor does all of it, whatever the fibers do.
 */
#ifndef ZAG_OBS_GRACE_H
#define ZAG_OBS_GRACE_H

#include <stdbool.h>

/* The runtime has booted: be ready, as the options say. */
void zag_grace_begin(void);

/* Whether the process is being ended.  Any thread. */
bool zag_grace_running(void);

/*
 * The program has come to its end, by exit(3) or _exit(2).  While the process
 * is being ended this does not return: the children have the rest of the time.
 * Fiber or native thread.
 */
void zag_grace_leave(void);

/* In a forked child: it is the parent that ends. */
void zag_grace_reset(void);

#endif
