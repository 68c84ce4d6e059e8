/* SPDX-License-Identifier: BSD-2-Clause */
/* What pthread_create needs of the scheduling calls. */
#ifndef ZAG_WRAP_THREAD_SCHED_H
#define ZAG_WRAP_THREAD_SCHED_H

/* Whether a thread may have this policy and priority: 0, EINVAL or EPERM.
 * Any thread. */
int zag_thread_may_schedule(int policy, int priority);

#endif
