/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the signal floor tell each other. */
#ifndef ZAG_CTL_SIG_H
#define ZAG_CTL_SIG_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/opt.h"
#include "base/sigmask.h"
#include "fiber/fiber.h"

#define ZAG_SIG_UNMASKABLE (ZAG_SIGBIT(SIGKILL) | ZAG_SIGBIT(SIGSTOP))
#define ZAG_SIG_HIDDEN (ZAG_SIGBIT(ZAG_SIGNAL) | ZAG_SIGBIT(ZAG_SIGNAL_IDS))

/* One that --grace is for: by default the monitor gets it, not the kernel. */
static inline bool zag_sig_graceful(int signo)
{
	return zag_opt.grace.time && (signo == SIGTERM || signo == SIGINT);
}

/* --- sigaction.c --------------------------------------------------------- */

static inline bool zag_sig_is_handler(const struct sigaction *a)
{
	return a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN;
}

/* The action for a signal that is delivered now: SA_RESETHAND is seen to. */
struct sigaction zag_sig_take_action(int signo);

/* Whether the signal would do nothing, if nobody blocked it. */
bool zag_sig_ignored(int signo);

/* At boot, and in a forked child. */
void zag_sig_take_over(void);
void zag_sig_give_back(void);

/* --- sigdeliver.c -------------------------------------------------------- */

/* Call the handler of si on the calling fiber, or do what is done by default.
 * uc: what was interrupted, as the kernel tells it. */
void zag_sig_deliver(struct zag_fiber *f, siginfo_t *si, void *uc);

/*
 * Deliver all that f, the caller, has and does not block.  f->sigdelivers is
 * true from before until the caller clears it: a handler that interrupts in
 * between would only nest.
 */
void zag_sig_deliver_all(struct zag_fiber *f, void *uc);

/* The same, from a call that f makes.  Nothing where nothing is pending. */
void zag_sig_deliver_here(struct zag_fiber *f);

/* zag_wait_on_signal and zag_wait_on_pending */
int zag_sig_interrupted(bool restartable);
void zag_sig_pending(void);

/* --- sigarrive.c --------------------------------------------------------- */

/* The kernel's handlers: of ZAG_SIGNAL, of signals the program handles, of
 * faults that it does not. */
void zag_sig_on_look(int signo, siginfo_t *si, void *uc);
void zag_sig_on_arrival(int signo, siginfo_t *si, void *uc);
void zag_sig_on_overflow(int signo, siginfo_t *si, void *uc);

/* zag_lock_on_missed: a signal that found the runtime at work may find it done
 * with that. */
void zag_sig_look_again(void);

/* A signal's number and code in one int that is not 0, and back. */
static inline int zag_sig_pack(const siginfo_t *si)
{
	return si->si_code * 256 + si->si_signo;
}

static inline void zag_sig_unpack(siginfo_t *si)
{
	si->si_signo = si->si_errno & 255;
	si->si_code = (si->si_errno - si->si_signo) / 256;
	si->si_errno = 0;
}

/* --- sigsend.c ----------------------------------------------------------- */

/* zag_monitor_on_signal and zag_monitor_on_tick */
void zag_sig_on_process_signal(const siginfo_t *si);
bool zag_sig_remind(void);

/* Those of the process in `set` are not the caller's to take any more. */
void zag_sig_retarget(uint64_t set);
void zag_sig_on_closed(struct zag_fiber *f); /* zag_thread_on_closed */

/* The caller, f, has another mask. */
void zag_sig_change_mask(struct zag_fiber *f, uint64_t mask);

/* A fiber in sigwait for signals of the process. */
struct zag_sigwaiter {
	struct zag_sigwaiter *next;
	struct zag_fiber *fiber;
	uint64_t set;
	bool chosen; /* it has been woken for one */
};

/* A signal that is to be done by default: whether it is --grace's to do. */
bool zag_sig_has_ended(const siginfo_t *si);

void zag_sig_add_waiter(struct zag_sigwaiter *w);
void zag_sig_remove_waiter(struct zag_sigwaiter *w);

/* Tell the monitor what to take from the kernel: masks or waiters changed. */
void zag_sig_update_wanted(void);

void zag_sig_send_reset(void);

#endif
