/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's signal mask of the calling kernel thread, by raw calls. */
#ifndef ZAG_BASE_SIGMASK_H
#define ZAG_BASE_SIGMASK_H

#include <signal.h>
#include <stdint.h>

#include "base/raw.h"

#define ZAG_SIGBIT(sig) (UINT64_C(1) << ((sig) - 1))

/* What the kernel raises in the thread that caused it, and what must end or
 * stop a process whatever it does: never blocked on our kernel threads. */
#define ZAG_SIGNALS_OPEN                                                  \
	(ZAG_SIGBIT(SIGSEGV) | ZAG_SIGBIT(SIGBUS) | ZAG_SIGBIT(SIGFPE) |  \
	 ZAG_SIGBIT(SIGILL) | ZAG_SIGBIT(SIGTRAP) | ZAG_SIGBIT(SIGSYS) |  \
	 ZAG_SIGBIT(SIGPIPE) | ZAG_SIGBIT(SIGXFSZ) | ZAG_SIGBIT(SIGABRT) | \
	 ZAG_SIGBIT(SIGKILL) | ZAG_SIGBIT(SIGSTOP) |                      \
	 ZAG_SIGBIT(ZAG_SIGNAL) | ZAG_SIGBIT(ZAG_SIGNAL_IDS))

/* Of those, what it raises together with an error: EPIPE and EFBIG. */
#define ZAG_SIGNALS_ERROR (ZAG_SIGBIT(SIGPIPE) | ZAG_SIGBIT(SIGXFSZ))

/* Ours: a carrier is told to look for signals of its fiber, the monitor to
 * look up.  glibc uses it to cancel threads of its own, and hides it from
 * programs, so nobody else blocks it. */
#define ZAG_SIGNAL 32

/* glibc's, and ours: change your credentials (ctl/setxid.h).  Hidden too, and
 * open on every kernel thread. */
#define ZAG_SIGNAL_IDS 33

/* What must be open even on the monitor: its own faults. */
#define ZAG_SIGNALS_FAULT                                                 \
	(ZAG_SIGBIT(SIGSEGV) | ZAG_SIGBIT(SIGBUS) | ZAG_SIGBIT(SIGFPE) |  \
	 ZAG_SIGBIT(SIGILL) | ZAG_SIGBIT(SIGTRAP) | ZAG_SIGBIT(SIGSYS))

static inline void zag_sigmask_set(uint64_t mask, uint64_t *old)
{
	zag_raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old, sizeof(mask));
}

/* Block all signals but ZAG_SIGNALS_OPEN. */
static inline void zag_sigmask_block(uint64_t *old)
{
	zag_sigmask_set(~ZAG_SIGNALS_OPEN, old);
}

/* Block all but faults and ZAG_SIGNAL_IDS: the monitor asks for the others. */
static inline void zag_sigmask_block_async(uint64_t *old)
{
	zag_sigmask_set(~(ZAG_SIGNALS_FAULT | ZAG_SIGBIT(ZAG_SIGNAL_IDS)),
			old);
}

static inline void zag_sigmask_restore(const uint64_t *old)
{
	zag_sigmask_set(*old, NULL);
}

#endif
