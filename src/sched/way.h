/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving way: what sched.c and way.c share.  sched.h has what others call.
 */
#ifndef ZAG_SCHED_WAY_H
#define ZAG_SCHED_WAY_H

#include <stdbool.h>
#include <stdint.h>

struct zag_fiber;
struct zag_processor;

/* How many unlocked mutexes after it has made another ready a fiber gives way:
 * one that has had the processor for long, as soon as it may. */
uint32_t zag_way_breath(const struct zag_processor *p);

/* The calling fiber f has its next turn after those that wait. */
void zag_sched_let_others_run(struct zag_fiber *f);

/* Whether somebody is to be woken for the global queue, from where no processor
 * is: not for each one of a burst. */
bool zag_sched_worth_waking(uint64_t now);

#endif
