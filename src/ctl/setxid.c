/* SPDX-License-Identifier: BSD-2-Clause */
/* setuid(2) and kin, for every kernel thread of the process. */
#include "config.h"

#include "ctl/setxid.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#include "arch/arch.h"
#include "base/futex.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/disposition.h"
#include "fiber/fiber.h"
#include "sched/carrier.h"
#include "sched/offload.h"
#include "sched/sched.h"

enum { LOOK_NS = 20 * 1000 * 1000 }; /* is the thread still there? */

static struct {
	struct zag_lock lock; /* one change at a time; before all others */
	_Atomic uint32_t tid; /* futex: who is to make the call; 0: done */
	long nr, arg[3];
	long result;
} command;

static void (*libcs_handler)(int signo, siginfo_t *si, void *uc);

/* --- on the thread that is told ----------------------------------------- */

static void obey(uint32_t tid)
{
	if (zag_load_acq(&command.tid) != tid)
		return;
	command.result = zag_raw(command.nr, command.arg[0], command.arg[1],
				 command.arg[2]);
	zag_store_rel(&command.tid, 0);
	zag_futex_wake(&command.tid, 1);
}

/* Whether this is main's kernel thread, with the TCB of whoever runs there. */
static bool on_mains_carrier(uint32_t tid)
{
	return tid == zag_raw(SYS_getpid) &&
	       (zag_fiber_current || zag_carrier_own);
}

/* It may stand anywhere, the runtime and the switch too: raw calls only.  libc
 * sends the signal by tgkill, we by sigqueue. */
static void on_change(int signo, siginfo_t *si, void *uc)
{
	uint32_t tid = (uint32_t)zag_raw(SYS_gettid);
	void *tp = zag_arch_tp();

	if (si->si_code == SI_QUEUE) {
		obey(tid);
	} else if (libcs_handler && on_mains_carrier(tid)) {
		zag_arch_set_tp(zag_fiber_main.ctx.tp);
		libcs_handler(signo, si, uc);
		zag_arch_set_tp(tp);
	} else if (libcs_handler) {
		libcs_handler(signo, si, uc);
	}
}

/* --- on the thread that tells ------------------------------------------- */

/* libc sets its own up with the first thread it makes. */
static void take_over_handler(void)
{
	struct zag_disposition d = zag_disposition_get(ZAG_SIGNAL_IDS);

	if (d.handler == on_change)
		return;
	libcs_handler = d.handler;
	zag_disposition_set(ZAG_SIGNAL_IDS, on_change,
			    SA_SIGINFO | SA_RESTART | SA_ONSTACK, UINT64_MAX);
}

/* Queue the signal; 0, or -ESRCH: the thread is gone. */
static long queue_signal(long pid, uint32_t tid)
{
	const struct timespec ms = { 0, 1000000 };
	siginfo_t si = { .si_signo = ZAG_SIGNAL_IDS, .si_code = SI_QUEUE };
	long r;

	for (;;) {
		r = zag_raw(SYS_rt_tgsigqueueinfo, pid, tid, ZAG_SIGNAL_IDS,
			    &si);
		if (r != -EAGAIN) /* RLIMIT_SIGPENDING */
			return r;
		zag_raw(SYS_nanosleep, &ms, NULL);
	}
}

static void wait_done(uint32_t tid)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	zag_futex_wait(&command.tid, tid, &until);
}

/* A thread that ends meanwhile needs no credentials. */
static void tell(uint32_t tid)
{
	long pid = zag_raw(SYS_getpid), r;

	command.result = 0;
	zag_store_rel(&command.tid, tid);
	r = queue_signal(pid, tid);
	while (!r && zag_load_acq(&command.tid) == tid) {
		wait_done(tid);
		r = zag_raw(SYS_tgkill, pid, tid, 0);
	}
	zag_store_rel(&command.tid, 0);
	ZAG_BUG_ON(command.result < 0); /* half of the process has changed */
}

/* Main's was not made by us, and does not end. */
static void tell_carriers(void)
{
	struct zag_carrier *c = zag_load_acq(&zag_sched.carriers);
	uint32_t main = (uint32_t)zag_raw(SYS_getpid);

	for (; c; c = c->all_next)
		if (zag_load_acq(&c->alive) || c->tid == main)
			tell(c->tid);
}

/* While carriers are told none is made; helpers, which carriers make, come
 * after them. */
void zag_setxid_spread(long nr, long a, long b, long c)
{
	command.nr = nr;
	command.arg[0] = a;
	command.arg[1] = b;
	command.arg[2] = c;
	zag_lock(&zag_carrier_spawning);
	tell_carriers();
	zag_offload_each_thread(tell);
	zag_unlock(&zag_carrier_spawning);
}

bool zag_setxid_begin(void)
{
	if (!zag_load_acq(&zag_sched.running))
		return false;
	zag_lock(&command.lock);
	take_over_handler();
	return true;
}

void zag_setxid_end(void)
{
	zag_unlock(&command.lock);
}

void zag_setxid_reset(void)
{
	command.lock = (struct zag_lock){ 0 };
	zag_store_rlx(&command.tid, 0);
}
