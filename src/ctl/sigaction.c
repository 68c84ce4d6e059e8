/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispositions: the program's, and what the kernel is told instead. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/lock.h"
#include "ctl/disposition.h"
#include "ctl/sig.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"

static struct {
	struct zag_lock lock; /* protects the rest; a leaf */
	struct sigaction of[NSIG];
} action;

/*
 * What the kernel should do.  Our own handler has an empty mask of its own: it
 * is short, or the program's.  Those of faults are on the carrier's alternate
 * stack, since the fiber's may be what is wrong; ours is there for default
 * faults too, to say which fiber's stack has overflowed.
 */
static void kernel_follow(int signo, const struct sigaction *a)
{
	unsigned long flags = SA_SIGINFO | SA_RESTART | SA_NODEFER |
			      (a->sa_flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));

	if (ZAG_SIGNALS_FAULT & ZAG_SIGBIT(signo))
		flags |= a->sa_flags & SA_ONSTACK;
	if (zag_sig_is_handler(a) ||
	    (a->sa_handler == SIG_DFL && zag_sig_graceful(signo)))
		zag_disposition_set(signo, zag_sig_on_arrival, flags, 0);
	else if (a->sa_handler == SIG_DFL &&
		 (signo == SIGSEGV || signo == SIGBUS))
		zag_disposition_set(signo, zag_sig_on_overflow,
				    flags | SA_ONSTACK, 0);
	else /* SIG_DFL or SIG_IGN, whichever member names them */
		zag_disposition_set(signo, a->sa_sigaction,
				    flags & ~(SA_SIGINFO | SA_RESTART), 0);
}

static bool does_nothing(int signo, const struct sigaction *a)
{
	if (a->sa_handler == SIG_DFL)
		return signo == SIGCHLD || signo == SIGURG ||
		       signo == SIGWINCH || signo == SIGCONT;
	return a->sa_handler == SIG_IGN;
}

int zag_signal_action(int signo, const struct sigaction *act,
		      struct sigaction *old)
{
	struct sigaction was;

	if (signo < 1 || signo >= NSIG || (ZAG_SIG_HIDDEN & ZAG_SIGBIT(signo)) ||
	    (act && (ZAG_SIG_UNMASKABLE & ZAG_SIGBIT(signo))))
		return -EINVAL;
	zag_lock(&action.lock);
	was = action.of[signo];
	if (act) {
		action.of[signo] = *act;
		kernel_follow(signo, act);
	}
	zag_unlock(&action.lock);
	if (act && does_nothing(signo, act)) /* as the kernel does with its */
		zag_sigqueue_discard(ZAG_SIGBIT(signo));
	if (old)
		*old = was;
	return 0;
}

bool zag_sig_ignored(int signo)
{
	bool ignored;

	zag_lock(&action.lock);
	ignored = does_nothing(signo, &action.of[signo]);
	zag_unlock(&action.lock);
	return ignored;
}

struct sigaction zag_sig_take_action(int signo)
{
	struct sigaction a;

	zag_lock(&action.lock);
	a = action.of[signo];
	if (zag_sig_is_handler(&a) && (a.sa_flags & SA_RESETHAND)) {
		action.of[signo].sa_handler = SIG_DFL;
		kernel_follow(signo, &action.of[signo]);
	}
	zag_unlock(&action.lock);
	return a;
}

/* --- boot and fork ------------------------------------------------------- */

void zag_sig_take_over(void)
{
	for (int s = 1; s < NSIG; s++) {
		struct sigaction *a = &action.of[s];
		struct zag_disposition k;

		if ((ZAG_SIG_HIDDEN | ZAG_SIG_UNMASKABLE) & ZAG_SIGBIT(s))
			continue;
		k = zag_disposition_get(s);
		a->sa_sigaction = k.handler;
		a->sa_flags = (int)(k.flags & ~ZAG_SA_RESTORER);
		memcpy(&a->sa_mask, &k.mask, sizeof(k.mask));
		kernel_follow(s, a);
	}
	zag_disposition_set(ZAG_SIGNAL, zag_sig_on_look,
			    SA_SIGINFO | SA_RESTART, 0);
}

void zag_sig_give_back(void)
{
	action.lock = (struct zag_lock){ 0 };
	for (int s = 1; s < NSIG; s++) {
		const struct sigaction *a = &action.of[s];
		uint64_t bits;

		if ((ZAG_SIG_HIDDEN | ZAG_SIG_UNMASKABLE) & ZAG_SIGBIT(s))
			continue;
		memcpy(&bits, &a->sa_mask, sizeof(bits));
		zag_disposition_set(s, a->sa_sigaction, (unsigned)a->sa_flags,
				    bits);
	}
}
