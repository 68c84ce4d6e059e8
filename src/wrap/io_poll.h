/* SPDX-License-Identifier: BSD-2-Clause */
/* What poll and select, with and without signal masks, have in common. */
#ifndef ZAG_WRAP_IO_POLL_H
#define ZAG_WRAP_IO_POLL_H

#include "wrap/libc.h"

#include "wait/wait.h"

/*
 * Wait until one of fds may have what it asks for: 0 (ask the kernel),
 * -ETIMEDOUT, -EINTR.  Context: fiber.
 */
int zag_poll_wait(const struct pollfd *fds, nfds_t n, zag_time deadline);

/*
 * Give the fiber a signal mask for one wait, as pselect(2) does: what it lets
 * in ends the wait.  With old NULL: put the mask back.  In signal_mask.c.
 */
int zag_signal_mask_swap(const sigset_t *mask, sigset_t *old);

#endif
