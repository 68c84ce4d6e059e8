/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: the one kernel thread that never runs fibers.  It watches the
 * processors and hands on the one whose fiber does not come back, and wakes
 * others for work that waits too long.  While every processor is idle it
 * sleeps, and is poked when one wakes.
 */
#ifndef ZAG_SCHED_MONITOR_H
#define ZAG_SCHED_MONITOR_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Start it, as a thread of glibc's own making; returns when it has looked at
 * what only such a thread can show (zag_tcb_probe_real).  0 or errno. */
int zag_monitor_start(void);

/* Let it watch the processors, or end: boot has failed. */
void zag_monitor_go(bool watch);

/* In a forked child, where it is no more. */
void zag_monitor_reset(void);

/*
 * The monitor is also where signals for the process arrive: it takes those in
 * `wanted` from the kernel and gives them to on_signal, and with them what a
 * carrier or a timer has sent it by ZAG_SIGNAL.  on_tick is called every
 * tick after watch_signals, until it returns false.  Hooks of the signal floor.
 */
extern void (*zag_monitor_on_signal)(const siginfo_t *si);
extern bool (*zag_monitor_on_tick)(void);
/* Called when a signal has come that is no poke, and now and then; once a tick
 * after it has returned true, and it ticks on then even if nothing runs.  The
 * hook of the floor that observes. */
extern bool (*zag_monitor_on_look)(void);

/* Called when nothing has run for long, before it sleeps until poked. */
extern void (*zag_monitor_on_idle)(void);

/* What it should take from the kernel: at once what is new in `set`.  What is
 * not in there any more it may take until its next tick, but for `only`. */
void zag_monitor_set_wanted(uint64_t set, uint64_t only);
void zag_monitor_watch_signals(void);

/* Wait until it has taken what the kernel has pending of this signal for the
 * process, if it wants it.  Fiber. */
void zag_monitor_catch_up(int signo);
uint32_t zag_monitor_tid(void);

/* A processor is about to leave idleness.  Any thread. */
void zag_monitor_poke(void);

#endif
