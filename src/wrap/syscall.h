/* SPDX-License-Identifier: BSD-2-Clause */
/* syscall(2), as far as it is more than a table of other calls. */
#ifndef ZAG_WRAP_SYSCALL_H
#define ZAG_WRAP_SYSCALL_H

#include <signal.h>
#include <sys/types.h>

/*
 * futex(2) onto the parking lot, so that fibers and kernel threads wake each
 * other.  >= 0 or -errno.  Fiber, or native thread once the runtime has booted.
 */
long zag_syscall_futex(long word, long op, long val, long timeout, long word2,
		       long val3);

/* rt_sigqueueinfo(2) and rt_tgsigqueueinfo(2): 0, or -1 and errno.  Fiber. */
long zag_signal_queue_info(pid_t pid, int sig, const siginfo_t *si);
long zag_signal_tgqueue_info(pid_t pid, pid_t tid, int sig,
			     const siginfo_t *si);

#endif
