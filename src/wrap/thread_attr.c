/* SPDX-License-Identifier: BSD-2-Clause */
/* What a running thread says of itself: attributes, name, number. */
#include "config.h"

#include "wrap/real.h"

#include <string.h>

#include "base/raw.h"
#include "wait/thread.h"
#include "wrap/io_core.h"

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

/* The process's name is that of its first kernel thread, which may run another
 * fiber. */
static void tell_kernel(const char *name, size_t n)
{
	long fd;

	if (zag_raw(SYS_gettid) == zag_raw(SYS_getpid)) {
		zag_raw(SYS_prctl, PR_SET_NAME, name);
		return;
	}
	fd = zag_raw(SYS_openat, AT_FDCWD, "/proc/self/comm",
		     O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	zag_raw(SYS_write, fd, name, n);
	zag_raw(SYS_close, fd);
}

ZAG_EXPORT int pthread_setname_np(pthread_t t, const char *name)
{
	struct zag_fiber *f = zag_fiber_of(t);
	size_t n = strlen(name);

	if (!f)
		return ZAG_REAL(pthread_setname_np)(t, name);
	if (n >= sizeof(f->name))
		return ERANGE;
	if (f->is_main)
		tell_kernel(name, n);
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

/* The kernel cuts off what is too long. */
static int set_own_name(const char *from)
{
	char name[sizeof(zag_fiber_self()->name)] = { 0 };

	if (!zag_sys_readable((void *)((uintptr_t)from & ~UINT64_C(7))))
		return -EFAULT; /* nor is what lies beside it */
	for (size_t i = 0; i < sizeof(name) - 1 && from[i]; i++)
		name[i] = from[i];
	return -pthread_setname_np(pthread_self(), name);
}

ZAG_EXPORT int prctl(int option, ...)
{
	struct zag_fiber *f = zag_fiber_self();
	unsigned long arg[4];
	va_list ap;
	long r;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		arg[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (f && option == PR_SET_NAME)
		return (int)zag_ret(set_own_name((const char *)arg[0]));
	r = zag_raw(SYS_prctl, option, arg[0], arg[1], arg[2], arg[3]);
	if (f && option == PR_GET_NAME && r >= 0)
		memcpy((char *)arg[0], f->name, sizeof(f->name));
	return (int)zag_ret(r);
}

/* --- identity ------------------------------------------------------------- */

ZAG_EXPORT pid_t gettid(void)
{
	struct zag_fiber *f = zag_fiber_self();

	return f ? (pid_t)f->tid : (pid_t)zag_raw(SYS_gettid);
}
