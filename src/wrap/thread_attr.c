/* SPDX-License-Identifier: BSD-2-Clause */
/* What a running thread says of itself: attributes, name, number. */
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

/* --- identity ------------------------------------------------------------- */

ZAG_EXPORT pid_t gettid(void)
{
	struct zag_fiber *f = zag_fiber_self();

	return f ? (pid_t)f->tid : (pid_t)zag_raw(SYS_gettid);
}
