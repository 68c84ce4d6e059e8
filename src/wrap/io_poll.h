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
 * Install a signal mask for one wait, as pselect(2) does, and restore it.
 * Present once signals are fibers' own (ctl/); without it, a call that has a
 * mask is left to the kernel.
 */
int zag_signal_mask_swap(const sigset_t *mask, sigset_t *old)
	__attribute__((weak, visibility("hidden")));

#endif
