/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for signals: sigwait, sigwaitinfo, sigtimedwait, sigsuspend, pause,
 * signalfd. */
#include "config.h"

#include "wrap/real.h"

#include "ctl/signal.h"

ZAG_EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info,
			    const struct timespec *timeout)
{
	zag_time deadline = ZAG_NEVER;
	siginfo_t si;
	int r;

	if (!zag_on_fiber())
		return ZAG_REAL(sigtimedwait)(set, info, timeout);
	if (timeout) {
		if (!zag_timespec_valid(timeout) || timeout->tv_sec < 0)
			return (int)zag_ret(-EINVAL);
		deadline = zag_deadline_rel(timeout);
	}
	r = (int)ZAG_POINT(
		zag_signal_wait(zag_sigset_bits(set), &si, deadline));
	if (r > 0 && info)
		*info = si;
	return r;
}

ZAG_EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sigwaitinfo)(set, info);
	return sigtimedwait(set, info, NULL);
}

ZAG_EXPORT int sigwait(const sigset_t *set, int *sig)
{
	siginfo_t si;
	long r;

	if (!zag_on_fiber())
		return ZAG_REAL(sigwait)(set, sig);
	do {
		r = ZAG_POINT_VALUE(zag_signal_wait(zag_sigset_bits(set), &si,
						    ZAG_NEVER));
	} while (r == -EINTR);
	if (r < 0)
		return (int)-r;
	*sig = (int)r;
	return 0;
}

ZAG_EXPORT int sigsuspend(const sigset_t *mask)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sigsuspend)(mask);
	return (int)ZAG_POINT(zag_signal_suspend(zag_sigset_bits(mask)));
}

ZAG_ALIAS(__sigsuspend, sigsuspend);

ZAG_EXPORT int pause(void)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pause)();
	return (int)ZAG_POINT(zag_signal_suspend(
		atomic_load(&zag_fiber_self()->sigmask)));
}

ZAG_EXPORT int signalfd(int fd, const sigset_t *set, int flags)
{
	int r = ZAG_REAL(signalfd)(fd, set, flags);

	if (r >= 0)
		zag_signal_add_fd(zag_sigset_bits(set));
	return r;
}
