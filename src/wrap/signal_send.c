/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending signals to threads: pthread_kill, pthread_sigqueue, raise, kill. */
#include "config.h"

#include "wrap/real.h"

#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"
#include "sched/monitor.h"
#include "wrap/io_core.h"
#include "wrap/syscall.h"

static siginfo_t info_of(int sig, int code)
{
	siginfo_t si = { .si_signo = sig, .si_code = code };

	si.si_pid = (pid_t)zag_raw(SYS_getpid);
	si.si_uid = (uid_t)zag_raw(SYS_getuid);
	return si;
}

static bool is_internal(int sig)
{
	return sig == ZAG_SIGNAL || sig == ZAG_SIGNAL_IDS;
}

static int send_to(struct zag_fiber *f, siginfo_t *si)
{
	int sig = si->si_signo;

	if (sig < 0 || sig >= NSIG || is_internal(sig))
		return EINVAL;
	if (atomic_load(&f->state) == ZAG_FIBER_FREE)
		return ESRCH;
	if (sig == 0 || atomic_load(&f->state) == ZAG_FIBER_DONE)
		return 0;
	if (sig == SIGKILL || sig == SIGSTOP) /* at once, also for a caller */
		return (int)-zag_raw(SYS_tgkill, si->si_pid,
				     zag_raw(SYS_gettid), sig);
	return -zag_signal_send(f, si);
}

ZAG_EXPORT int pthread_kill(pthread_t t, int sig)
{
	struct zag_fiber *f = zag_fiber_of(t);
	siginfo_t si = info_of(sig, SI_TKILL);

	if (!f)
		return ZAG_REAL(pthread_kill)(t, sig);
	return send_to(f, &si);
}

ZAG_EXPORT int pthread_sigqueue(pthread_t t, int sig, const union sigval value)
{
	struct zag_fiber *f = zag_fiber_of(t);
	siginfo_t si = info_of(sig, SI_QUEUE);

	if (!f)
		return ZAG_REAL(pthread_sigqueue)(t, sig, value);
	si.si_value = value;
	return send_to(f, &si);
}

ZAG_EXPORT int raise(int sig)
{
	int err;

	if (!zag_on_fiber())
		return ZAG_REAL(raise)(sig);
	err = pthread_kill(pthread_self(), sig);
	return (int)zag_ret(-err);
}

ZAG_ALIAS(gsignal, raise);

static struct zag_fiber *fiber_numbered(pid_t pid, pid_t tid)
{
	return pid == (pid_t)zag_raw(SYS_getpid) && tid > 0 ?
		       zag_fiber_by_tid((uint32_t)tid) :
		       NULL;
}

/* A thread that has ended is none any more, for who has its number. */
static int send_to_number(struct zag_fiber *f, siginfo_t *si)
{
	if (atomic_load(&f->state) == ZAG_FIBER_DONE)
		return (int)zag_ret(-ESRCH);
	return (int)zag_ret(-send_to(f, si));
}

ZAG_EXPORT int tgkill(pid_t pid, pid_t tid, int sig)
{
	siginfo_t si = info_of(sig, SI_TKILL);
	struct zag_fiber *f = fiber_numbered(pid, tid);

	return f ? send_to_number(f, &si) : ZAG_REAL(tgkill)(pid, tid, sig);
}

long zag_signal_tgqueue_info(pid_t pid, pid_t tid, int sig,
			     const siginfo_t *si)
{
	struct zag_fiber *f = fiber_numbered(pid, tid);
	siginfo_t copy;

	if (!f || !zag_sys_readable(si))
		return zag_ret(zag_raw(SYS_rt_tgsigqueueinfo, pid, tid, sig,
				       si));
	copy = *si;
	copy.si_signo = sig;
	return send_to_number(f, &copy);
}

/* --- to the process ------------------------------------------------------- */

/*
 * To itself, POSIX wants a signal nobody blocks delivered before kill returns,
 * and the kernel ends a process there and then.  True: *r is the result.  What
 * is queued while everybody blocks it is for the kernel to keep, and to refuse
 * if there is too much of it.
 */
static bool send_self(const siginfo_t *si, int *r)
{
	int sig = si->si_signo;
	struct sigaction a;
	bool wanted;

	*r = 0;
	if (sig <= 0 || sig >= NSIG || sig == SIGKILL || sig == SIGSTOP ||
	    zag_signal_action(sig, NULL, &a))
		return false;
	wanted = zag_signal_wanted(sig);
	if (!wanted &&
	    (si->si_code == SI_QUEUE || (ZAG_SIG_JOB & ZAG_SIGBIT(sig))))
		return false;
	if ((a.sa_handler != SIG_DFL && a.sa_handler != SIG_IGN) ||
	    zag_signal_awaited(sig) || !wanted)
		*r = zag_signal_send_process(si);
	else if (a.sa_handler == SIG_DFL)
		zag_signal_default(sig);
	return true;
}

/*
 * To others, and maybe to this process among them: the kernel gives it to that
 * one, too, and the monitor takes it there.  Natively it has come when the call
 * returns.  kill(-1) leaves out who calls it.
 */
static int send_group(pid_t pid, int sig)
{
	int r = ZAG_REAL(kill)(pid, sig);

	if (!r && sig > 0 && pid <= 0 && (!pid || -pid == getpgrp()))
		zag_monitor_catch_up(sig);
	return r;
}

ZAG_EXPORT int kill(pid_t pid, int sig)
{
	siginfo_t si = info_of(sig, SI_USER);
	int r;

	if (!zag_on_fiber())
		return ZAG_REAL(kill)(pid, sig);
	if (pid != si.si_pid || !send_self(&si, &r))
		return send_group(pid, sig);
	return (int)zag_ret(r);
}

ZAG_EXPORT int killpg(pid_t group, int sig)
{
	if (!zag_on_fiber() || group < 0)
		return ZAG_REAL(killpg)(group, sig);
	return kill(-group, sig);
}

ZAG_EXPORT int sigqueue(pid_t pid, int sig, const union sigval value)
{
	siginfo_t si = info_of(sig, SI_QUEUE);
	int r;

	si.si_value = value;
	if (!zag_on_fiber() || pid != si.si_pid || !send_self(&si, &r))
		return ZAG_REAL(sigqueue)(pid, sig, value);
	return (int)zag_ret(r);
}

long zag_signal_queue_info(pid_t pid, int sig, const siginfo_t *si)
{
	siginfo_t copy;
	int r;

	if (pid == (pid_t)zag_raw(SYS_getpid) && zag_sys_readable(si)) {
		copy = *si;
		copy.si_signo = sig;
		if (send_self(&copy, &r))
			return zag_ret(r);
	}
	return zag_ret(zag_raw(SYS_rt_sigqueueinfo, pid, sig, si));
}
