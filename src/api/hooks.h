/* SPDX-License-Identifier: BSD-2-Clause */
/* What libzag finds in libzagshim.so, by dlsym: the exported zag_hooks. */
#ifndef ZAG_API_HOOKS_H
#define ZAG_API_HOOKS_H

#include <pthread.h>
#include <stdint.h>

enum {
	ZAG_HOOKS_VERSION = 2
};

typedef int zag_adopter(pthread_t *t, const pthread_attr_t *attr,
			void *(*start)(void *), void *arg);

/* libzag's; NULL: there is none. */
extern _Atomic(zag_adopter *) zag_hooks_adopter;

/* Context: any thread, unless it says fiber. */
struct zag_hooks {
	uint32_t version;
	/* The calling fiber's number; 0: it is none. */
	uint64_t (*fiber_id)(void);
	/* As zag_check_cancel.  Fiber. */
	int (*check)(void);
	/* Shielded or not; returns what it was.  Fiber. */
	int (*shield)(int on);
	/* As zag_cancel; -1: t is no fiber. */
	int (*cancel)(pthread_t t, int err);
	/* Another deadline, CLOCK_MONOTONIC ns; returns the old one.  Fiber. */
	int64_t (*deadline)(int64_t at);
	/* The caller will block for long.  Fiber. */
	void (*will_block)(void);
	/* What may make a thread in our pthread_create's place; -1: not it. */
	void (*set_adopter)(zag_adopter *adopter);
};

#endif
