/* SPDX-License-Identifier: BSD-2-Clause */
/* syscall(2), as far as it is more than a table of other calls. */
#ifndef ZAG_WRAP_SYSCALL_H
#define ZAG_WRAP_SYSCALL_H

/*
 * futex(2) onto the parking lot, so that fibers and kernel threads wake each
 * other.  >= 0 or -errno.  Fiber, or native thread once the runtime has booted.
 */
long zag_syscall_futex(long word, long op, long val, long timeout, long word2,
		       long val3);

#endif
