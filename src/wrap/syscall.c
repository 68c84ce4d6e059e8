/* SPDX-License-Identifier: BSD-2-Clause */
/* syscall(2): what blocks goes to its interposer, the rest to the kernel. */
#include "wrap/libc.h"

#include <string.h>

#include "base/raw.h"
#include "ctl/disposition.h"
#include "ctl/fork.h"
#include "sched/sched.h"
#include "wait/blocking.h"
#include "wait/thread.h"
#include "wrap/fd_own.h"
#include "wrap/held.h"
#include "wrap/io_core.h"
#include "wrap/real.h"
#include "wrap/syscall.h"

/* The arguments as the calls have them. */
#define INT(i) ((int)arg[i])
#define UINT(i) ((unsigned int)arg[i])
#define SIZE(i) ((size_t)arg[i])
#define PTR(i) ((void *)arg[i])
#define LONG(i) (arg[i])

/* --- calls that libc has in a form of its own --------------------------- */

static long call_pselect6(const long *arg)
{
	const struct { const sigset_t *mask; size_t size; } *m = PTR(5);

	return pselect(INT(0), PTR(1), PTR(2), PTR(3), PTR(4),
		       m ? m->mask : NULL);
}

/* libc's returns the error. */
static long call_clock_nanosleep(const long *arg)
{
	int err = clock_nanosleep(INT(0), INT(1), PTR(2), PTR(3));

	return err ? zag_ret(-err) : 0;
}

/* For as long as others take to do what is waited for. */
static long call_lasting(long nr, const long *arg, bool restarts)
{
	return zag_ret(zag_block_raw(restarts, nr, arg[0], arg[1], arg[2],
				     arg[3], arg[4], arg[5]));
}

static long call_waitid(const long *arg)
{
	if (PTR(4)) /* resources as well, which libc's does not tell */
		return call_lasting(SYS_waitid, arg, true);
	return waitid((idtype_t)arg[0], (id_t)arg[1], PTR(2), INT(3));
}

/* --- threads ------------------------------------------------------------ */

/* A thread ends as it is: nothing of libc's runs. */
static long call_exit(int status)
{
	zag_fiber_self()->result = NULL;
	zag_held_forget();
	zag_thread_quit(status);
}

/* The kernel threads of the runtime are gone in a child that has a copy of it. */
static long in_child(long r, uint64_t flags)
{
	if (r == 0 && !(flags & CLONE_VM))
		zag_fork_in_child();
	return zag_ret(r);
}

static long call_clone(const long *arg)
{
	if (LONG(0) == SIGCHLD && !PTR(1)) /* no more than that */
		return fork();
	return in_child(zag_raw(SYS_clone, LONG(0), LONG(1), LONG(2), LONG(3),
				LONG(4)),
			(uint64_t)LONG(0));
}

static long call_clone3(const long *arg)
{
	const uint64_t *flags = PTR(0); /* what its structure begins with */
	long r = zag_raw(SYS_clone3, LONG(0), LONG(1));

	return in_child(r, r == 0 ? *flags : 0);
}

/* The kernel tells how many bytes it has, whoever is asked for. */
static long call_sched_getaffinity(const long *arg)
{
	long n = zag_raw(SYS_sched_getaffinity, 0, LONG(1), LONG(2));

	if (n < 0)
		return zag_ret(n);
	return sched_getaffinity(INT(0), (size_t)n, PTR(2)) < 0 ? -1 : n;
}

/* The kernel's nice values are positive. */
static long call_getpriority(const long *arg)
{
	int was = errno, nice;

	errno = 0;
	nice = getpriority((__priority_which_t)arg[0], (id_t)arg[1]);
	if (nice == -1 && errno)
		return -1;
	errno = was;
	return 20 - nice;
}

/* --- signals: the kernel's sets are shorter than libc's ----------------- */

enum { SET_SIZE = 8 };

static const sigset_t *full_set(const void *bits, sigset_t *set)
{
	if (!bits)
		return NULL;
	sigemptyset(set);
	memcpy(set, bits, SET_SIZE);
	return set;
}

static long give_set(long r, const sigset_t *set, void *bits)
{
	if (r >= 0 && bits)
		memcpy(bits, set, SET_SIZE);
	return r;
}

static long call_rt_sigprocmask(const long *arg)
{
	sigset_t set, old;

	if (SIZE(3) != SET_SIZE)
		return zag_ret(-EINVAL);
	return give_set(sigprocmask(INT(0), full_set(PTR(1), &set), &old), &old,
			PTR(2));
}

static long call_rt_sigpending(const long *arg)
{
	sigset_t set;

	if (SIZE(1) != SET_SIZE)
		return zag_ret(-EINVAL);
	return give_set(sigpending(&set), &set, PTR(0));
}

static long call_rt_sigsuspend(const long *arg)
{
	sigset_t set;

	if (SIZE(1) != SET_SIZE)
		return zag_ret(-EINVAL);
	return sigsuspend(full_set(PTR(0), &set));
}

static long call_rt_sigtimedwait(const long *arg)
{
	sigset_t set;

	if (SIZE(3) != SET_SIZE)
		return zag_ret(-EINVAL);
	return sigtimedwait(full_set(PTR(0), &set), PTR(1), PTR(2));
}

static long call_signalfd(const long *arg, int flags)
{
	sigset_t set;

	if (SIZE(2) != SET_SIZE)
		return zag_ret(-EINVAL);
	if (!zag_sys_readable(PTR(1)))
		return zag_ret(-EFAULT);
	return signalfd(INT(0), full_set(PTR(1), &set), flags);
}

/* --- timers: libc's number is the kernel's, but for its own SIGEV_THREAD ---- */

#define TIMER(i) ((timer_t)(intptr_t)INT(i))

static long call_timer_create(const long *arg)
{
	struct sigevent *ev = PTR(1);
	int *number = PTR(2);
	timer_t t;

	if (!zag_sys_readable(ev) || ev->sigev_notify == SIGEV_THREAD)
		return zag_ret(zag_raw(SYS_timer_create, LONG(0), LONG(1),
				       LONG(2)));
	if (timer_create(INT(0), ev, &t))
		return -1;
	*number = (int)(intptr_t)t;
	return 0;
}

/* The way back from a handler is libc's, whatever is asked for. */
static long call_rt_sigaction(const long *arg)
{
	const struct zag_disposition *to = PTR(1);
	struct zag_disposition *from = PTR(2);
	struct sigaction act = { 0 }, old;
	long r;

	if (SIZE(3) != SET_SIZE)
		return zag_ret(-EINVAL);
	if (to) {
		act.sa_sigaction = to->handler;
		act.sa_flags = (int)(to->flags & ~ZAG_SA_RESTORER);
		full_set(&to->mask, &act.sa_mask);
	}
	r = sigaction(INT(0), to ? &act : NULL, &old);
	if (r >= 0 && from) {
		*from = (struct zag_disposition){ 0 };
		from->handler = old.sa_sigaction;
		from->flags = (unsigned long)old.sa_flags;
		memcpy(&from->mask, &old.sa_mask, SET_SIZE);
	}
	return r;
}

/* --- syscall ------------------------------------------------------------ */

#define ZAG_OWN(name, expression)               \
	static long do_##name(const long *arg)       \
	{                                            \
		(void)arg;                           \
		return (long)(expression);           \
	}
#include "wrap/syscall.def"
#undef ZAG_OWN

typedef long handler(const long *arg);

static handler *const handlers[] = {
#define ZAG_OWN(name, expression) [SYS_##name] = do_##name,
#include "wrap/syscall.def"
#undef ZAG_OWN
};

static handler *handler_of(long nr)
{
	const unsigned long count = sizeof(handlers) / sizeof(handlers[0]);

	return (unsigned long)nr < count ? handlers[nr] : NULL;
}

static void enable_cancel(void *arg)
{
	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
}

/* No cancellation point, though what it leads to may be one. */
static long quietly(handler *own, const long *arg)
{
	struct zag_held held ZAG_HELD;

	zag_held_begin(&held, enable_cancel, NULL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return own(arg);
}

enum { NEVER_OR_ANYWHERE = ZAG_CANCEL_DISABLED | ZAG_CANCEL_ASYNC };

/* libc's is variadic, and takes six arguments whatever was given. */
ZAG_EXPORT long zag_syscall(long nr, long a, long b, long c, long d, long e,
			    long f) __asm__("syscall");

long zag_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	const long arg[] = { a, b, c, d, e, f };
	handler *own;

	if (nr == SYS_futex && zag_load_rlx(&zag_sched.running))
		return zag_ret(zag_syscall_futex(a, b, c, d, e, f));
	if (!zag_on_fiber())
		return ZAG_REAL(syscall)(nr, a, b, c, d, e, f);
	own = handler_of(nr);
	if (own) /* who may be cancelled anywhere may be so here */
		return zag_tcb_cancel_bits() & NEVER_OR_ANYWHERE ?
			       own(arg) :
			       quietly(own, arg);
	return zag_ret(zag_raw6(nr, a, b, c, d, e, f));
}
