/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_create: the first one boots the runtime. */
#include "config.h"

#include "wrap/real.h"

#include "api/hooks.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/opt.h"
#include "wait/thread.h"
#include "wrap/boot.h"
#include "wrap/thread_sched.h"

/* What a thread gets whose creator asks for nothing; refreshed when the
 * program changes it. */
static size_t default_stack, default_guard;

static void read_defaults(void)
{
	pthread_attr_t a;

	if (pthread_getattr_default_np(&a))
		return;
	pthread_attr_getstacksize(&a, &default_stack);
	pthread_attr_getguardsize(&a, &default_guard);
	pthread_attr_destroy(&a);
}

/* An attribute without a stack address says it ends at 0. */
static void *own_stack(const pthread_attr_t *attr, size_t *size)
{
	void *addr;

	if (pthread_attr_getstack(attr, &addr, size) ||
	    (uintptr_t)addr + *size == 0)
		return NULL;
	return addr;
}

/* 0, EINVAL or EPERM. */
static int read_sched(const pthread_attr_t *attr, struct zag_thread_attr *za)
{
	struct sched_param param = { 0 };
	int inherit = PTHREAD_INHERIT_SCHED;

	pthread_attr_getinheritsched(attr, &inherit);
	if (inherit != PTHREAD_EXPLICIT_SCHED)
		return 0;
	pthread_attr_getschedpolicy(attr, &za->policy);
	pthread_attr_getschedparam(attr, &param);
	za->priority = param.sched_priority;
	return zag_thread_may_schedule(za->policy, za->priority);
}

static int read_attr(const pthread_attr_t *attr, struct zag_thread_attr *za,
		      sigset_t *mask)
{
	size_t size = 0;
	int detach;

	pthread_attr_getstacksize(attr, &size);
	if (size != default_stack)
		za->stack_size = size;
	za->stack = own_stack(attr, &size);
	if (za->stack)
		za->stack_size = size;
	pthread_attr_getguardsize(attr, &za->guard_size);
	pthread_attr_getdetachstate(attr, &detach);
	za->detached = detach == PTHREAD_CREATE_DETACHED;
	if (pthread_attr_getsigmask_np(attr, mask) == 0)
		za->sigmask = mask;
	return read_sched(attr, za);
}

/* An attribute without an affinity reports all ones. */
static bool own_affinity(const pthread_attr_t *attr, cpu_set_t *set)
{
	const unsigned char *p = (const unsigned char *)set;

	if (pthread_attr_getaffinity_np(attr, sizeof(*set), set))
		return false;
	for (size_t i = 0; i < sizeof(*set); i++)
		if (p[i] != 0xff)
			return true;
	return false;
}

static int create(pthread_t *t, const pthread_attr_t *attr,
		  void *(*start)(void *), void *arg)
{
	struct zag_fiber *self = zag_fiber_self();
	struct zag_thread_attr za = {
		.stack_size = default_stack,
		.guard_size = default_guard,
		.policy = self ? self->policy : SCHED_OTHER,
		.priority = self ? self->priority : 0,
	};
	cpu_set_t affinity;
	sigset_t mask;
	int err;

	if (zag_opt.stack_size)
		za.stack_size = zag_opt.stack_size;
	err = attr ? read_attr(attr, &za, &mask) : 0;
	if (err)
		return err;
	if (attr && own_affinity(attr, &affinity))
		za.affinity = &affinity;
	return zag_thread_create(t, &za, start, arg);
}

/* By libzag, for a scope. */
static bool adopted(pthread_t *t, const pthread_attr_t *attr,
		    void *(*start)(void *), void *arg, int *err)
{
	zag_adopter *adopt = zag_load_acq(&zag_hooks_adopter);

	*err = adopt ? adopt(t, attr, start, arg) : -1;
	return *err >= 0;
}

ZAG_EXPORT int pthread_create(pthread_t *t, const pthread_attr_t *attr,
			      void *(*start)(void *), void *arg)
{
	int err;

	if (adopted(t, attr, start, arg, &err))
		return err;
	if (!default_stack)
		read_defaults();
	if (!zag_boot())
		return ZAG_REAL(pthread_create)(t, attr, start, arg);
	return create(t, attr, start, arg);
}

ZAG_EXPORT int pthread_setattr_default_np(const pthread_attr_t *attr)
{
	int err = ZAG_REAL(pthread_setattr_default_np)(attr);

	read_defaults();
	return err;
}
