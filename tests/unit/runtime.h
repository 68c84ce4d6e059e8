/* SPDX-License-Identifier: BSD-2-Clause */
/* A runtime in the test's own process: boot it, start and join fibers. */
#ifndef ZAG_TESTS_RUNTIME_H
#define ZAG_TESTS_RUNTIME_H

#include <check.h>
#include <pthread.h>
#include <stdint.h>

#include "fiber/tcb.h"
#include "loop/ev.h"
#include "loop/poller.h"
#include "sched/sched.h"
#include "wait/thread.h"

#define MS INT64_C(1000000)

/* 1, 2, 4: what tests that loop over processors are given as _i. */
#define RUNTIME_SIZES 3
#define RUNTIME_SIZE(i) (1U << (i))

static inline void runtime_boot(uint32_t processors)
{
	ck_assert_ptr_null(zag_tcb_init());
	zag_poller_install();
	zag_thread_install();
	ck_assert_ptr_null(zag_ev_load());
	zag_sched_native_create = pthread_create;
	ck_assert_ptr_null(zag_sched_boot(processors));
}

static inline struct zag_fiber *runtime_start(void *(*fn)(void *), void *arg)
{
	const struct zag_thread_attr attr = {
		.stack_size = 64 * 1024,
		.guard_size = 4096,
	};
	pthread_t t;

	ck_assert_int_eq(zag_thread_create(&t, &attr, fn, arg), 0);
	return zag_fiber_of(t);
}

static inline void *runtime_join(struct zag_fiber *f)
{
	void *value;

	ck_assert_int_eq(zag_thread_join(f, &value, ZAG_NEVER), 0);
	return value;
}

#endif
