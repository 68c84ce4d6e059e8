/* SPDX-License-Identifier: BSD-2-Clause */
/* What a running thread says of itself: attributes, name, scheduling. */
#include "config.h"

#include "wrap/real.h"

#include <string.h>

#include "base/raw.h"
#include "wait/thread.h"

ZAG_EXPORT int pthread_getattr_np(pthread_t t, pthread_attr_t *attr)
{
	struct zag_fiber *f = zag_fiber_of(t);
	struct sched_param param;

	if (!f || f->is_main)
		return ZAG_REAL(pthread_getattr_np)(t, attr);
	pthread_attr_init(attr);
	param.sched_priority = f->priority;
	pthread_attr_setschedpolicy(attr, f->policy);
	pthread_attr_setschedparam(attr, &param);
	pthread_attr_setguardsize(attr, f->guard_size);
	if (atomic_load(&f->join) == ZAG_DETACHED)
		pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
	return pthread_attr_setstack(attr, f->stack_addr, f->stack_size);
}

/* --- names --------------------------------------------------------------- */

ZAG_EXPORT int pthread_setname_np(pthread_t t, const char *name)
{
	struct zag_fiber *f = zag_fiber_of(t);
	size_t n = strlen(name);

	if (!f)
		return ZAG_REAL(pthread_setname_np)(t, name);
	if (n >= sizeof(f->name))
		return ERANGE;
	if (f->is_main) {
		int err = ZAG_REAL(pthread_setname_np)(t, name);

		if (err)
			return err;
	}
	memcpy(f->name, name, n + 1);
	return 0;
}

ZAG_EXPORT int pthread_getname_np(pthread_t t, char *buf, size_t size)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_getname_np)(t, buf, size);
	if (size < sizeof(f->name))
		return ERANGE;
	memcpy(buf, f->name, sizeof(f->name));
	return 0;
}

/* --- scheduling: stored and reported ------------------------------------- */

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

static int check_priority(int policy, int priority)
{
	int least = sched_get_priority_min(policy);
	int most = sched_get_priority_max(policy);

	return least < 0 || priority < least || priority > most ? EINVAL : 0;
}

ZAG_EXPORT int pthread_setschedparam(pthread_t t, int policy,
				     const struct sched_param *param)
{
	struct zag_fiber *f = zag_fiber_of(t);
	int err;

	if (!f)
		return ZAG_REAL(pthread_setschedparam)(t, policy, param);
	err = check_priority(policy, param->sched_priority);
	if (err)
		return err;
	f->policy = policy;
	f->priority = param->sched_priority;
	return 0;
}

ZAG_EXPORT int pthread_setschedprio(pthread_t t, int priority)
{
	struct zag_fiber *f = zag_fiber_of(t);
	int err;

	if (!f)
		return ZAG_REAL(pthread_setschedprio)(t, priority);
	err = check_priority(f->policy, priority);
	if (!err)
		f->priority = priority;
	return err;
}

/* --- affinity: stored and reported --------------------------------------- */

ZAG_EXPORT int pthread_getaffinity_np(pthread_t t, size_t size, cpu_set_t *set)
{
	struct zag_fiber *f = zag_fiber_of(t);
	long n;

	if (!f)
		return ZAG_REAL(pthread_getaffinity_np)(t, size, set);
	if (!f->affinity) {
		n = zag_raw(SYS_sched_getaffinity, 0, size, set);
		if (n < 0)
			return (int)-n;
	} else {
		n = zag_min(size, (size_t)ZAG_AFFINITY_SIZE);
		memcpy(set, f->affinity, n);
	}
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

ZAG_EXPORT int pthread_setaffinity_np(pthread_t t, size_t size,
				      const cpu_set_t *set)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_setaffinity_np)(t, size, set);
	if (!overlaps(set, size))
		return EINVAL;
	return zag_thread_set_affinity(f, set, size);
}

/* --- identity ------------------------------------------------------------- */

ZAG_EXPORT pid_t gettid(void)
{
	struct zag_fiber *f = zag_fiber_self();

	return f ? (pid_t)f->tid : (pid_t)zag_raw(SYS_gettid);
}
