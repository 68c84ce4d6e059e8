/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending signals to threads: pthread_kill, pthread_sigqueue, raise, kill. */
#include "config.h"

#include "wrap/real.h"

#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"

static void fill(siginfo_t *si, int sig, int code)
{
	*si = (siginfo_t){ .si_signo = sig, .si_code = code };
	si->si_pid = (pid_t)zag_raw(SYS_getpid);
	si->si_uid = (uid_t)zag_raw(SYS_getuid);
}

static int send_to(struct zag_fiber *f, siginfo_t *si)
{
	int sig = si->si_signo;

	if (sig < 0 || sig >= NSIG || sig == ZAG_SIGNAL ||
	    sig == ZAG_SIGNAL_IDS)
		return EINVAL;
	if (atomic_load(&f->state) == ZAG_FIBER_FREE)
		return ESRCH;
	if (sig == 0 || atomic_load(&f->state) == ZAG_FIBER_DONE)
		return 0;
	if (sig == SIGKILL || sig == SIGSTOP)
		return (int)-zag_raw(SYS_kill, si->si_pid, sig);
	return -zag_signal_send(f, si);
}

ZAG_EXPORT int pthread_kill(pthread_t t, int sig)
{
	struct zag_fiber *f = zag_fiber_of(t);
	siginfo_t si;

	if (!f)
		return ZAG_REAL(pthread_kill)(t, sig);
	fill(&si, sig, SI_TKILL);
	return send_to(f, &si);
}

ZAG_EXPORT int pthread_sigqueue(pthread_t t, int sig, const union sigval value)
{
	struct zag_fiber *f = zag_fiber_of(t);
	siginfo_t si;

	if (!f)
		return ZAG_REAL(pthread_sigqueue)(t, sig, value);
	fill(&si, sig, SI_QUEUE);
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

/*
 * To itself, POSIX wants a signal nobody blocks delivered before kill returns:
 * the caller is as good a thread for it as any.
 */
ZAG_EXPORT int kill(pid_t pid, int sig)
{
	struct zag_fiber *f = zag_fiber_self();
	struct sigaction a;
	siginfo_t si;

	if (!f || pid != (pid_t)zag_raw(SYS_getpid) || sig <= 0 ||
	    sig >= NSIG || (atomic_load(&f->sigmask) & ZAG_SIGBIT(sig)) ||
	    zag_signal_action(sig, NULL, &a) || a.sa_handler == SIG_DFL ||
	    a.sa_handler == SIG_IGN)
		return ZAG_REAL(kill)(pid, sig);
	fill(&si, sig, SI_USER);
	return (int)zag_ret(zag_signal_send(f, &si));
}
