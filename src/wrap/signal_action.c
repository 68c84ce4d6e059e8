/* SPDX-License-Identifier: BSD-2-Clause */
/* sigaction, signal and their kin: dispositions, POSIX.1-2017 XSH 2.4. */
#include "config.h"

#include "wrap/real.h"

#include "ctl/signal.h"

ZAG_EXPORT int sigaction(int sig, const struct sigaction *act,
			 struct sigaction *old)
{
	if (!zag_signal_running())
		return ZAG_REAL(sigaction)(sig, act, old);
	return (int)zag_ret(zag_signal_action(sig, act, old));
}

ZAG_ALIAS(__sigaction, sigaction);

static sighandler_t set_handler(int sig, sighandler_t handler, int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };
	struct sigaction old;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

/* Signals that siginterrupt(3) made interrupt. */
static _Atomic uint64_t interrupting;

ZAG_EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	bool eintr = sig > 0 && sig < NSIG &&
		     (interrupting & (UINT64_C(1) << (sig - 1)));

	if (!zag_signal_running())
		return ZAG_REAL(signal)(sig, handler);
	return set_handler(sig, handler, eintr ? 0 : SA_RESTART);
}

ZAG_ALIAS(ssignal, signal);
ZAG_ALIAS(bsd_signal, signal);

ZAG_EXPORT sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	if (!zag_signal_running())
		return ZAG_REAL(sysv_signal)(sig, handler);
	return set_handler(sig, handler, SA_RESETHAND | SA_NODEFER);
}

ZAG_ALIAS(__sysv_signal, sysv_signal);

ZAG_EXPORT int sigignore(int sig)
{
	return set_handler(sig, SIG_IGN, 0) == SIG_ERR ? -1 : 0;
}

ZAG_EXPORT int siginterrupt(int sig, int flag)
{
	struct sigaction act;

	if (!zag_signal_running())
		return ZAG_REAL(siginterrupt)(sig, flag);
	if (sigaction(sig, NULL, &act) < 0)
		return -1;
	if (flag) {
		interrupting |= UINT64_C(1) << (sig - 1);
		act.sa_flags &= ~SA_RESTART;
	} else {
		interrupting &= ~(UINT64_C(1) << (sig - 1));
		act.sa_flags |= SA_RESTART;
	}
	return sigaction(sig, &act, NULL);
}

enum { MINIMUM = 2048 }; /* the kernel's MINSIGSTKSZ; libc's asks the CPU */

static int set_altstack(struct zag_fiber *f, const stack_t *ss)
{
	int mode = ss->ss_flags & ~(1 << 31); /* SS_AUTODISARM */

	if (zag_signal_on_altstack(f))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		f->altstack = (stack_t){ .ss_flags = ss->ss_flags };
		return 0;
	}
	if (ss->ss_size < MINIMUM)
		return -ENOMEM;
	f->altstack = *ss;
	f->altstack.ss_flags &= ~SS_ONSTACK;
	return 0;
}

/* Each fiber has its own: zag_sig_deliver runs handlers there. */
ZAG_EXPORT int sigaltstack(const stack_t *ss, stack_t *old)
{
	struct zag_fiber *f = zag_fiber_self();
	stack_t was;
	int err;

	if (!f)
		return ZAG_REAL(sigaltstack)(ss, old);
	was = f->altstack;
	was.ss_flags |= zag_signal_on_altstack(f) ? SS_ONSTACK : 0;
	err = ss ? set_altstack(f, ss) : 0;
	if (!err && old)
		*old = was;
	return (int)zag_ret(err);
}
