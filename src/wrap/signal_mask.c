/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal masks: each fiber has its own. */
#include "config.h"

#include "wrap/real.h"

#include "ctl/signal.h"
#include "fiber/sigmask.h"
#include "wrap/io_poll.h"

static void to_sigset(uint64_t bits, sigset_t *set)
{
	sigemptyset(set);
	*(uint64_t *)set = bits;
}

static int change_mask(struct zag_fiber *f, int how, const sigset_t *set,
		       sigset_t *old)
{
	uint64_t was = atomic_load(&f->sigmask);
	uint64_t bits = set ? zag_sigset_bits(set) : 0;

	if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
		return -EINVAL;
	if (old)
		to_sigset(was, old);
	if (set)
		zag_signal_set_mask(how == SIG_BLOCK   ? was | bits :
				    how == SIG_UNBLOCK ? was & ~bits :
							   bits);
	return 0;
}

ZAG_EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	/* The child of posix_spawn is libc's, in our memory: redirected. */
	if (!zag_on_fiber() || zag_fiber_self()->mask_in_kernel)
		return ZAG_REAL(pthread_sigmask)(how, set, old);
	return -change_mask(zag_fiber_self(), how, set, old);
}

ZAG_EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sigprocmask)(how, set, old);
	return (int)zag_ret(change_mask(zag_fiber_self(), how, set, old));
}

ZAG_EXPORT int sigpending(sigset_t *set)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sigpending)(set);
	to_sigset(zag_signal_pending(), set);
	return 0;
}

/* For one wait, as pselect(2): what becomes unblocked interrupts the wait. */
int zag_signal_mask_swap(const sigset_t *mask, sigset_t *old)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!old) {
		zag_signal_close();
		return 0;
	}
	to_sigset(atomic_load(&f->sigmask), old);
	zag_signal_open(zag_sigset_bits(mask));
	return 0;
}
