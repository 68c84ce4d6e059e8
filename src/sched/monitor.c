/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor: handoff, and work that waits too long. */
#include "config.h"

#include "sched/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/futex.h"
#include "base/log.h"
#include "base/ownfd.h"
#include "base/probe.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "fiber/robust.h"
#include "fiber/tcb.h"
#include "sched/carrier.h"
#include "sched/sched.h"

enum {
	TICK_NS = 8 * 1000 * 1000, /* between looks; each costs a wake-up … */
	BUSY_NS = 4 * 1000 * 1000, /* … and while signals wait, a jiffy */
	SINCE_US = 7000, /* how long it sees a turn before it may be stuck … */
	HOG_NS = 3 * 1000 * 1000, /* … and what a hog uses meanwhile */
	QUIET_TICKS = 2,  /* ticks in which nothing ran, before sleeping … */
	IDLE_NS = 200 * 1000 * 1000, /* … for this long, then for good */
	LOOK_TICKS = 25, /* between looks of others that nobody asked for */
	STACK = 128 * 1024,
};

static struct {
	_Atomic uint32_t asleep; /* 1 while it sleeps for good */
	_Atomic bool busy;	 /* signals wait to be taken by their fibers */
	_Atomic uint32_t rounds; /* futex: waits that are over, and what for */
	_Atomic bool poked;	 /* by a signal that it has not taken yet */
	uint32_t tid;
	bool told;	/* it has taken a signal that was no poke */
	uint32_t turns; /* of all processors, at the last look */
} monitor;

/* --- what it looks at --------------------------------------------------- */

/* CPU time of a kernel thread of this process, ns; -1: it is gone. */
static int64_t cpu_time(uint32_t tid)
{
	clockid_t clock = (clockid_t)(~tid << 3 | 6); /* CLOCK_SCHED, thread */
	struct timespec ts;

	if (zag_raw(SYS_clock_gettime, clock, &ts))
		return -1;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/*
 * The file that tells a carrier's state; kept open, so that looking takes no
 * descriptor that the program expects to be free, and out of the low numbers.
 */
static long stat_fd(struct zag_carrier *c)
{
	char path[48];
	long low;

	if (c->stat_fd > 0 && c->stat_tid == c->tid)
		return c->stat_fd;
	zag_format(path, sizeof(path), "/proc/self/task/%u/stat", c->tid);
	low = zag_raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (low < 0)
		return low;
	if (c->stat_fd > 0) {
		zag_raw(SYS_dup3, low, c->stat_fd, O_CLOEXEC);
		zag_raw(SYS_close, low);
	} else {
		c->stat_fd = zag_ownfd_move((int)low);
	}
	c->stat_tid = c->tid;
	return c->stat_fd;
}

/* Whether a carrier sleeps in the kernel. */
static bool sleeps(struct zag_carrier *c)
{
	char stat[128];
	long n, i;

	n = zag_raw(SYS_pread64, stat_fd(c), stat, sizeof(stat) - 1, 0);
	for (i = n - 1; i > 0 && stat[i] != ')'; i--)
		; /* a thread's name may hold anything: the last ')' ends it */
	return i > 0 && i + 2 < n && stat[i + 2] != 'R';
}

/*
 * Whether p's fiber has not come back for long.  The tick alone does not tell:
 * its kernel thread may just have got no CPU, and another would get none
 * either.  It is stuck if it sleeps, or has used up its time.  Whether it
 * sleeps is asked only if that matters: opening the file takes the lowest
 * descriptor for a moment, which a program of one thread could see.
 */
static bool holder_stuck(struct zag_processor *p, struct zag_carrier *c)
{
	uint32_t tick = zag_load_rlx(&p->tick);
	uint64_t now = zag_arch_ticks();

	if (tick != p->seen_tick || !c || c != p->seen_carrier) {
		p->seen_tick = tick;
		p->seen_ticks = now;
		p->seen_carrier = c;
		p->seen_cpu = c ? cpu_time(c->tid) : 0;
		return false;
	}
	if (now - p->seen_ticks < SINCE_US * zag_arch_ticks_per_us)
		return false; /* a signal has made us look */
	return cpu_time(c->tid) - p->seen_cpu >= HOG_NS ||
	       (zag_processor_wanted(p) && sleeps(c));
}

static void hand_off(struct zag_processor *p, struct zag_carrier *c)
{
	if (c && zag_carrier_take(c, p)) {
		ZAG_PROBE1(handoff, p->index);
		zag_count(&p->count.handoffs, 1);
		p->orphan = !zag_carrier_start(p, false);
	}
}

/* Returns whether anything has run since the last time. */
static bool look(void)
{
	bool running = false;
	uint32_t turns = 0;

	zag_clock_set(zag_arch_ticks());
	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_processor *p = &zag_sched.processors[i];
		struct zag_carrier *c = zag_load_acq(&p->carrier);

		turns += zag_load_rlx(&p->tick);
		if (zag_load_acq(&p->status) != ZAG_PROCESSOR_RUNNING)
			continue;
		running = true;
		if (p->orphan) { /* there was no kernel thread for it */
			p->orphan = !zag_carrier_start(p, false);
			continue;
		}
		if (!holder_stuck(p, c) && !zag_sched_chance(8))
			continue;
		if (zag_runq_length(&p->runq) && zag_load_rlx(&zag_sched.idle))
			zag_sched_wake_another();
		if (zag_processor_wanted(p) || zag_sched_chance(4))
			hand_off(p, c);
	}
	if (zag_globq_length())
		zag_sched_wake_another();
	zag_carrier_reserve(0);
	running |= turns != monitor.turns;
	monitor.turns = turns;
	return running;
}

/* --- its loop ----------------------------------------------------------- */

static _Atomic uint64_t wanted;
static _Atomic uint64_t waits_for; /* what it takes from the kernel now */
void (*zag_monitor_on_signal)(const siginfo_t *si);
bool (*zag_monitor_on_tick)(void);
bool (*zag_monitor_on_look)(void);
void (*zag_monitor_on_idle)(void);

static _Atomic uint32_t catching_up; /* how many wait for the next round */

/* What to wait for, and known to be: pairs with zag_monitor_set_wanted. */
static uint64_t announce(void)
{
	uint64_t set = zag_load_acq(&wanted), seen;

	do {
		seen = set;
		zag_store_rlx(&waits_for, set);
		zag_fence();
		set = zag_load_acq(&wanted);
	} while (set != seen);
	return set | ZAG_SIGBIT(ZAG_SIGNAL);
}

/* Wait for a signal that some fiber may take, a poke, or the time: false. */
static bool wait_for_signal(const struct timespec *timeout)
{
	uint64_t set = announce();
	siginfo_t si;
	long sig = zag_raw(SYS_rt_sigtimedwait, &set, &si, timeout,
			   sizeof(set));

	/* A poke carries nothing. */
	if (sig == ZAG_SIGNAL && si.si_code == SI_TKILL && !si.si_errno) {
		zag_xchg(&monitor.poked, false);
	} else if (sig > 0) {
		monitor.told = true;
		if (zag_monitor_on_signal)
			zag_monitor_on_signal(&si);
	}
	zag_add(&monitor.rounds, 1);
	if (zag_unlikely(zag_load_acq(&catching_up)))
		zag_futex_wake(&monitor.rounds, INT_MAX);
	return sig != -EAGAIN;
}

/* The kernel queues as many as there are: one that is to come is enough. */
static void poke(void)
{
	if (zag_xchg(&monitor.poked, true))
		return;
	if (zag_raw(SYS_tgkill, zag_raw(SYS_getpid), monitor.tid, ZAG_SIGNAL))
		zag_store_rel(&monitor.poked, false);
}

uint32_t zag_monitor_tid(void)
{
	return monitor.tid;
}

void zag_monitor_set_wanted(uint64_t set, uint64_t only)
{
	uint64_t waits;

	zag_store_rel(&wanted, set);
	zag_fence();
	waits = zag_load_acq(&waits_for);
	if (((set & ~waits) | (waits & ~set & only)) && monitor.tid)
		poke();
}

void zag_monitor_watch_signals(void)
{
	if (!zag_xchg(&monitor.busy, true))
		poke();
}

static bool has_pending(int signo)
{
	uint64_t set = 0;

	zag_raw(SYS_rt_sigpending, &set, sizeof(set));
	return set & ZAG_SIGBIT(signo);
}

/* What is not in the kernel any more the monitor may be at work on: then that
 * ends this round. */
void zag_monitor_catch_up(int signo)
{
	uint32_t round;
	bool pending;

	zag_add(&catching_up, 1);
	do {
		round = zag_load_acq(&monitor.rounds);
		pending = has_pending(signo);
		poke();
		while (zag_load_acq(&monitor.rounds) == round)
			zag_futex_wait(&monitor.rounds, round, NULL);
	} while (pending && (zag_load_acq(&wanted) & ZAG_SIGBIT(signo)));
	zag_sub(&catching_up, 1);
}

static bool all_idle(void)
{
	for (uint32_t i = 0; i < zag_sched.count; i++)
		if (zag_load_acq(&zag_sched.processors[i].status) ==
		    ZAG_PROCESSOR_RUNNING)
			return false;
	return !zag_globq_length();
}

static bool may_sleep(void)
{
	return all_idle() && !zag_load_acq(&monitor.busy);
}

/*
 * Sleep until poked.  A processor that wakes first changes its status, then
 * looks at `asleep`; we the other way round.  The kernel refuses a poke where
 * the user has too many signals queued, in whatever process: then we see by
 * ourselves that something runs.
 */
static void sleep_until_poked(void)
{
	const struct timespec idle = { 0, IDLE_NS }, refused = { 1, 0 };

	zag_store_rel(&monitor.asleep, 1);
	zag_fence();
	if (may_sleep() && !wait_for_signal(&idle)) {
		if (zag_monitor_on_idle)
			zag_monitor_on_idle();
		while (!wait_for_signal(&refused) && may_sleep())
			; /* a poke ends it */
	}
	zag_store_rel(&monitor.asleep, 0);
}

/* The looks of others cost system calls: they are for when a signal has told
 * of something, while there is more to do, and now and then. */
static bool look_elsewhere(void)
{
	static uint32_t skipped;
	static bool more;

	if (!more && !monitor.told && ++skipped < LOOK_TICKS)
		return false;
	skipped = 0;
	monitor.told = false;
	more = zag_monitor_on_look && zag_monitor_on_look();
	return more;
}

void zag_monitor_poke(void)
{
	uint32_t asleep = 1;

	zag_fence();
	if (zag_unlikely(zag_load_rlx(&monitor.asleep)) &&
	    zag_cas(&monitor.asleep, &asleep, 0))
		poke();
}

/* Its two futexes while it starts. */
static _Atomic uint32_t started; /* 1: it has probed its own thread */
static _Atomic uint32_t go;	 /* 1: watch; 2: there is nothing to watch */

static void raise_flag(_Atomic uint32_t *flag, uint32_t value)
{
	zag_store_rel(flag, value);
	zag_futex_wake(flag, 1);
}

static void wait_flag(_Atomic uint32_t *flag)
{
	while (!zag_load_acq(flag))
		zag_futex_wait(flag, 0, NULL);
}

static void *monitor_main(void *arg)
{
	const struct timespec tick = { 0, TICK_NS }, busy = { 0, BUSY_NS };
	int quiet = 0;
	uint64_t old;

	/* glibc opens the signal of its cancellation in every new thread: a
	 * poke between two waits would be lost. */
	zag_sigmask_block_async(&old);
	monitor.tid = (uint32_t)zag_raw(SYS_gettid);
	zag_tcb_probe_real();
	zag_robust_adopt();
	zag_raw(SYS_prctl, PR_SET_NAME, "zag-monitor");
	raise_flag(&started, 1);
	wait_flag(&go);
	while (zag_load_acq(&go) == 1) {
		wait_for_signal(zag_load_rlx(&monitor.busy) ? &busy : &tick);
		quiet = look() ? 0 : quiet + 1;
		if (look_elsewhere())
			quiet = 0;
		if (zag_xchg(&monitor.busy, false) && zag_monitor_on_tick &&
		    zag_monitor_on_tick())
			zag_store_rel(&monitor.busy, true);
		if (quiet >= QUIET_TICKS) {
			sleep_until_poked();
			quiet = 0;
		}
	}
	return arg;
}

int zag_monitor_start(void)
{
	pthread_attr_t attr;
	pthread_t t;
	uint64_t old;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, zag_max((size_t)STACK,
						 (size_t)PTHREAD_STACK_MIN));
	zag_sigmask_block_async(&old);
	err = zag_sched_native_create(&t, &attr, monitor_main, NULL);
	zag_sigmask_restore(&old);
	pthread_attr_destroy(&attr);
	if (!err)
		wait_flag(&started);
	return err;
}

void zag_monitor_go(bool watch)
{
	raise_flag(&go, watch ? 1 : 2);
}

void zag_monitor_reset(void)
{
	zag_store_rlx(&started, 0);
	zag_store_rlx(&go, 0);
	zag_store_rlx(&monitor.asleep, 0);
	zag_store_rlx(&monitor.poked, false);
	zag_store_rlx(&monitor.busy, false);
	zag_store_rlx(&waits_for, 0);
	monitor.tid = 0;
}
