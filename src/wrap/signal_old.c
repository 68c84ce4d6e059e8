/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals as System V and BSD had them: sighold, sigset, sigblock, sigpause. */
#include "config.h"

#include "wrap/real.h"

#include "base/sigmask.h"
#include "ctl/signal.h"

static int change_one(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sigaddset(&set, sig) < 0)
		return -1;
	return sigprocmask(how, &set, NULL);
}

ZAG_EXPORT int sighold(int sig)
{
	return change_one(SIG_BLOCK, sig);
}

ZAG_EXPORT int sigrelse(int sig)
{
	return change_one(SIG_UNBLOCK, sig);
}

static bool is_blocked(int sig)
{
	sigset_t now;

	return !sigprocmask(SIG_BLOCK, NULL, &now) && sigismember(&now, sig) == 1;
}

/* What it was, SIG_HOLD if it was blocked. */
ZAG_EXPORT sighandler_t sigset(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_handler = handler }, old;
	bool held = is_blocked(sig);

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (sigaction(sig, handler == SIG_HOLD ? NULL : &act, &old) < 0)
		return SIG_ERR;
	if (change_one(handler == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, sig) < 0)
		return SIG_ERR;
	return held ? SIG_HOLD : old.sa_handler;
}

/* --- masks of one int ---------------------------------------------------- */

static sigset_t set_of(int mask)
{
	sigset_t set;

	sigemptyset(&set);
	*(uint64_t *)&set = (uint32_t)mask;
	return set;
}

static int change_old(int how, int mask)
{
	sigset_t set = set_of(mask), old;

	if (sigprocmask(how, &set, &old) < 0)
		return -1;
	return (int)zag_sigset_bits(&old);
}

ZAG_EXPORT int sigblock(int mask)
{
	return change_old(SIG_BLOCK, mask);
}

ZAG_EXPORT int sigsetmask(int mask)
{
	return change_old(SIG_SETMASK, mask);
}

ZAG_EXPORT int siggetmask(void)
{
	return change_old(SIG_BLOCK, 0);
}

/* libc has it with a mask, as BSD, and with a signal, as X/Open; in the headers
 * the name is that of the second. */
int zag_signal_bsd_pause(int mask) __asm__("sigpause");

ZAG_EXPORT int zag_signal_bsd_pause(int mask)
{
	sigset_t set = set_of(mask);

	return sigsuspend(&set);
}

ZAG_EXPORT int sigpause(int sig)
{
	sigset_t set;

	if (sigprocmask(SIG_BLOCK, NULL, &set) < 0 || sigdelset(&set, sig) < 0)
		return -1;
	return sigsuspend(&set);
}

ZAG_EXPORT int __sigpause(int sig_or_mask, int is_sig)
{
	return is_sig ? sigpause(sig_or_mask) :
			zag_signal_bsd_pause(sig_or_mask);
}
