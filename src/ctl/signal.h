/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals, POSIX.1-2017 XSH 2.4, for fibers.
 *
 * Carriers block every signal but those the kernel raises for what a thread
 * itself does.  The monitor takes the others from the kernel, as long as some
 * fiber does not block them; they are then pending for the process, until a
 * fiber takes them: a parked one wakes and runs the handler before its call
 * returns EINTR or restarts, one that runs is interrupted on its carrier.  A
 * handler always runs on a stack and the TCB of a fiber that does not block the
 * signal, never while the runtime is at work.
 *
 * Dispositions and masks are the program's until the runtime boots, and again
 * in a forked child.
 *
 *	sigaction.c   dispositions, the program's and the kernel's
 *	sigqueue.c    what is pending
 *	sigdeliver.c  running handlers, on a fiber
 *	sigarrive.c   the kernel's handlers, on a carrier
 *	sigsend.c     sending, and finding who takes a signal for the process
 *	sigwait.c     masks, and waiting for signals
 */
#ifndef ZAG_CTL_SIGNAL_H
#define ZAG_CTL_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sigmask.h"
#include "fiber/fiber.h"
#include "wait/wait.h"

/* The kernel takes pending ones of these back when it gets others. */
#define ZAG_SIG_JOB                                                \
	(ZAG_SIGBIT(SIGCONT) | ZAG_SIGBIT(SIGTSTP) | ZAG_SIGBIT(SIGTTIN) | \
	 ZAG_SIGBIT(SIGTTOU))

/* Take over dispositions and main's mask.  At boot, on the booting thread. */
void zag_signal_boot(void);

/* Give them back.  In a forked child, before anything else of it runs. */
void zag_signal_child(struct zag_fiber *self);

/* Whether dispositions and masks are the runtime's affair. */
bool zag_signal_running(void);

/* sigaction(2).  0 or -errno.  Fiber or native thread. */
int zag_signal_action(int sig, const struct sigaction *act,
		      struct sigaction *old);

/* Give the calling fiber another mask; what is pending and no longer blocked
 * is delivered before it returns.  SIGKILL and SIGSTOP are left out. */
void zag_signal_set_mask(uint64_t mask);

/*
 * The calling fiber has another mask for one wait, as in pselect(2).  What is
 * pending stays so and ends the wait; handlers run nowhere else until the mask
 * is back, which is when the first of them returns, or at zag_signal_close.
 */
void zag_signal_open(uint64_t mask);
void zag_signal_close(void);

/*
 * Send a signal to a fiber and see that it is taken; for the caller itself,
 * unless it blocks it, before the call returns.  0, -EAGAIN (no memory).
 * Any thread or fiber, no lock of the runtime held.
 */
int zag_signal_send(struct zag_fiber *f, const siginfo_t *si);

/* Send one to this process, that it does not ignore and some fiber does not
 * block.  The same. */
int zag_signal_send_process(const siginfo_t *si);

/* Whether some fiber would take it from the process, now or in sigwait. */
bool zag_signal_wanted(int sig);
bool zag_signal_awaited(int sig); /* … in sigwait */

/* There is a signalfd for these. */
void zag_signal_add_fd(uint64_t set);

/*
 * A signal that --grace is for has come to the process from outside, and it has
 * no handler for it or that makes no difference.  A hook of the floor above.
 */
extern void (*zag_signal_on_end)(int signo);

/* One of those is about to end the process because the program has sent it. */
extern void (*zag_signal_on_own_end)(void);

/* Once this is set, each thread that ZAG_SIGNAL is sent to stops for good where
 * it is: to be sent until it has none of the runtime's locks. */
extern _Atomic bool zag_signal_freezes;

/* A timer's signal has come to the monitor in place of a fiber: whether it was
 * known whose.  A hook of the floor above. */
extern bool (*zag_signal_on_timer)(siginfo_t *si);

/* Called on the monitor every tick after zag_monitor_watch_signals, until it
 * returns false.  A hook of the floor above. */
extern bool (*zag_signal_on_tick)(void);

/* Do what the kernel does with a signal by default, on this thread. */
void zag_signal_default(int sig);

/* Signals pending for the calling fiber or its process: sigpending(2). */
uint64_t zag_signal_pending(void);

/*
 * sigtimedwait(2): take a pending signal of `set`, or wait for one.  The
 * number, or -EAGAIN at the deadline, -EINTR.  Fiber.
 */
int zag_signal_wait(uint64_t set, siginfo_t *si, zag_time deadline);

/* sigsuspend(2): until a handler has run under `mask`.  -EINTR.  Fiber. */
int zag_signal_suspend(uint64_t mask);

/*
 * Make the kernel's mask of this carrier the fiber's own, for a call after
 * which another program runs with it (exec, spawn), and back.
 */
void zag_signal_native_enter(uint64_t *kernel);
void zag_signal_native_leave(const uint64_t *kernel);

/*
 * What is pending for the calling fiber becomes so for its kernel thread, which
 * takes it along through exec(2); and back, when that has failed.  Context:
 * between the two above.
 */
void zag_signal_native_pending(void);
void zag_signal_native_return(void);

/* Whether the caller's stack pointer is on f's alternate stack. */
bool zag_signal_on_altstack(const struct zag_fiber *f);

static inline uint64_t zag_sigset_bits(const sigset_t *set)
{
	return *(const uint64_t *)set;
}

#endif
