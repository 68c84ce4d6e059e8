/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies, priorities, affinity, nice values: for fibers they are stored,
 * inherited and reported, and allowed to whom the kernel allows them, but
 * fibers of all kinds share the carriers.
 */
#include "config.h"

#include "wrap/thread_sched.h"

#include <limits.h>
#include <string.h>

#include "base/raw.h"
#include "sched/sched.h"
#include "wait/thread.h"
#include "wrap/real.h"

/* --- who is meant, who may ----------------------------------------------- */

/* The fiber that the kernel's calls name by this number; NULL: none. */
static struct zag_fiber *fiber_numbered(pid_t tid)
{
	if (tid == 0)
		return zag_fiber_self();
	return tid > 0 && zag_load_acq(&zag_sched.running) ?
		       zag_fiber_by_tid((uint32_t)tid) :
		       NULL;
}

/*
 * What the kernel says to it on this kernel thread, whose own policy stays: the
 * limits and capabilities that count are the process's.
 */
static int ask_kernel(int policy, const struct sched_param *param)
{
	struct sched_param old;
	long was = zag_raw(SYS_sched_getscheduler, 0), r;

	zag_raw(SYS_sched_getparam, 0, &old);
	r = zag_raw(SYS_sched_setscheduler, 0, policy, param);
	if (r == 0)
		zag_raw(SYS_sched_setscheduler, 0, was, &old);
	return (int)-r;
}

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

int zag_thread_may_schedule(int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };
	int least = sched_get_priority_min(policy);
	int most = sched_get_priority_max(policy);

	if (least < 0 || priority < least || priority > most)
		return EINVAL;
	return is_realtime(policy) ? ask_kernel(policy, &param) : 0;
}

static int set_policy(struct zag_fiber *f, int policy, int priority)
{
	int err = 0;

	/* Less of the same is always allowed. */
	if (policy != f->policy || priority > f->priority ||
	    !is_realtime(policy))
		err = zag_thread_may_schedule(policy, priority);
	else if (priority < sched_get_priority_min(policy))
		err = EINVAL;
	if (err)
		return err;
	f->policy = policy;
	f->priority = priority;
	return 0;
}

/* --- policy and priority ------------------------------------------------- */

ZAG_EXPORT int pthread_getschedparam(pthread_t t, int *policy,
				     struct sched_param *param)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_getschedparam)(t, policy, param);
	*policy = f->policy;
	param->sched_priority = f->priority;
	return 0;
}

ZAG_EXPORT int pthread_setschedparam(pthread_t t, int policy,
				     const struct sched_param *param)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? set_policy(f, policy, param->sched_priority) :
		   ZAG_REAL(pthread_setschedparam)(t, policy, param);
}

ZAG_EXPORT int pthread_setschedprio(pthread_t t, int priority)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? set_policy(f, f->policy, priority) :
		   ZAG_REAL(pthread_setschedprio)(t, priority);
}

ZAG_EXPORT int sched_getscheduler(pid_t tid)
{
	struct zag_fiber *f = fiber_numbered(tid);

	return f ? f->policy :
		   (int)zag_ret(zag_raw(SYS_sched_getscheduler, tid));
}

ZAG_ALIAS(__sched_getscheduler, sched_getscheduler);

ZAG_EXPORT int sched_getparam(pid_t tid, struct sched_param *param)
{
	struct zag_fiber *f = fiber_numbered(tid);

	if (!f || !param)
		return (int)zag_ret(zag_raw(SYS_sched_getparam, tid, param));
	param->sched_priority = f->priority;
	return 0;
}

ZAG_ALIAS(__sched_getparam, sched_getparam);

ZAG_EXPORT int sched_setscheduler(pid_t tid, int policy,
				  const struct sched_param *param)
{
	struct zag_fiber *f = fiber_numbered(tid);

	if (!f || !param)
		return (int)zag_ret(zag_raw(SYS_sched_setscheduler, tid,
					    policy, param));
	return (int)zag_ret(-set_policy(f, policy & ~SCHED_RESET_ON_FORK,
					param->sched_priority));
}

ZAG_ALIAS(__sched_setscheduler, sched_setscheduler);

ZAG_EXPORT int sched_setparam(pid_t tid, const struct sched_param *param)
{
	struct zag_fiber *f = fiber_numbered(tid);

	if (!f || !param)
		return (int)zag_ret(zag_raw(SYS_sched_setparam, tid, param));
	return (int)zag_ret(-set_policy(f, f->policy, param->sched_priority));
}

/* --- affinity ------------------------------------------------------------ */

/* As libc's: the kernel's set, and zeroes.  0 or -errno. */
static int kernel_affinity(pid_t tid, size_t size, cpu_set_t *set)
{
	long n = zag_raw(SYS_sched_getaffinity, tid,
			 zag_min(size, (size_t)INT_MAX), set);

	if (n < 0)
		return (int)n;
	memset((char *)set + n, 0, size - n);
	return 0;
}

static int get_affinity(const struct zag_fiber *f, size_t size, cpu_set_t *set)
{
	size_t n = zag_min(size, (size_t)ZAG_AFFINITY_SIZE);

	if (!f->affinity)
		return kernel_affinity(0, size, set);
	memcpy(set, f->affinity, n);
	memset((char *)set + n, 0, size - n);
	return 0;
}

/* Some CPU of the set must be one this process may use. */
static bool overlaps(const cpu_set_t *set, size_t size)
{
	unsigned char have[ZAG_AFFINITY_SIZE] = { 0 };
	const unsigned char *want = (const unsigned char *)set;

	zag_raw(SYS_sched_getaffinity, zag_raw(SYS_getpid), sizeof(have), have);
	for (size_t i = 0; i < zag_min(size, sizeof(have)); i++)
		if (have[i] & want[i])
			return true;
	return false;
}

static int set_affinity(struct zag_fiber *f, size_t size, const cpu_set_t *set)
{
	if (!overlaps(set, size))
		return EINVAL;
	return zag_thread_set_affinity(f, set, size);
}

ZAG_EXPORT int pthread_getaffinity_np(pthread_t t, size_t size, cpu_set_t *set)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? -get_affinity(f, size, set) :
		   ZAG_REAL(pthread_getaffinity_np)(t, size, set);
}

ZAG_EXPORT int pthread_setaffinity_np(pthread_t t, size_t size,
				      const cpu_set_t *set)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? set_affinity(f, size, set) :
		   ZAG_REAL(pthread_setaffinity_np)(t, size, set);
}

ZAG_EXPORT int sched_getaffinity(pid_t tid, size_t size, cpu_set_t *set)
{
	struct zag_fiber *f = fiber_numbered(tid);

	return (int)zag_ret(f ? get_affinity(f, size, set) :
				kernel_affinity(tid, size, set));
}

ZAG_EXPORT int sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *set)
{
	struct zag_fiber *f = fiber_numbered(tid);

	if (!f)
		return (int)zag_ret(zag_raw(SYS_sched_setaffinity, tid, size,
					    set));
	return (int)zag_ret(-set_affinity(f, size, set));
}

/* --- nice values --------------------------------------------------------- */

enum { NICE_LEAST = -20, NICE_MOST = 19 };

/* May it be as low as that?  As the kernel's can_nice(). */
static bool may_be_nice(int nice)
{
	struct {
		uint32_t version;
		int pid;
	} head = { 0x20080522, 0 }; /* _LINUX_CAPABILITY_VERSION_3 */
	struct {
		uint32_t effective, permitted, inheritable;
	} caps[2];
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NICE, &limit) &&
	    (rlim_t)(NICE_MOST + 1 - nice) <= limit.rlim_cur)
		return true;
	return zag_raw(SYS_capget, &head, caps) == 0 &&
	       (caps[0].effective & 1u << 23); /* CAP_SYS_NICE */
}

static int set_nice(struct zag_fiber *f, int nice)
{
	nice = zag_max(NICE_LEAST, zag_min(nice, NICE_MOST));
	if (nice < f->nice && !may_be_nice(nice))
		return -EACCES;
	f->nice = (int8_t)nice;
	return 0;
}

static struct zag_fiber *fiber_of_process(int which, id_t who)
{
	return which == PRIO_PROCESS ? fiber_numbered((pid_t)who) : NULL;
}

ZAG_EXPORT int getpriority(__priority_which_t which, id_t who)
{
	struct zag_fiber *f = fiber_of_process((int)which, who);
	long r;

	if (f)
		return f->nice;
	r = zag_raw(SYS_getpriority, which, who);
	return r < 0 ? (int)zag_ret(r) : NICE_MOST + 1 - (int)r;
}

ZAG_EXPORT int setpriority(__priority_which_t which, id_t who, int nice)
{
	struct zag_fiber *f = fiber_of_process((int)which, who);

	return (int)zag_ret(f ? set_nice(f, nice) :
				zag_raw(SYS_setpriority, which, who, nice));
}

ZAG_EXPORT int nice(int more)
{
	int now = getpriority(PRIO_PROCESS, 0);

	more = zag_max(2 * NICE_LEAST, zag_min(more, 2 * NICE_MOST));
	if (setpriority(PRIO_PROCESS, 0, now + more))
		return (int)zag_ret(errno == EACCES ? -EPERM : -errno);
	return getpriority(PRIO_PROCESS, 0);
}
