/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2) by way of syscall(2): every operation, its results and errors. */
#include "check.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

#define WAITERS 6

/* Of the two forms that a process has. */
static int form;

static long futex(uint32_t *word, int op, uint32_t val, const void *timeout,
		  uint32_t *word2, uint32_t val3)
{
	return syscall(SYS_futex, word, op | form, val, timeout, word2, val3);
}

static uint32_t word, other;
static int awake;
static struct sleeper {
	pthread_t t;
	int op;
	uint32_t bits;
	long result;
} sleepers[WAITERS];

static void *sleeps(void *arg)
{
	struct sleeper *s = arg;

	s->result = futex(&word, s->op, 0, NULL, NULL, s->bits);
	__atomic_fetch_add(&awake, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start(int n, int op, const uint32_t *bits)
{
	word = other = 0;
	awake = 0;
	for (int i = 0; i < n; i++) {
		sleepers[i].op = op;
		sleepers[i].bits = bits ? bits[i] : 0;
		sleepers[i].t = check_spawn(sleeps, &sleepers[i]);
	}
	check_msleep(30);
	CHECK_EQ(awake, 0);
}

/* That so many are awake, and no more soon after. */
static void check_awake(int want)
{
	while (__atomic_load_n(&awake, __ATOMIC_SEQ_CST) < want)
		sched_yield();
	check_msleep(10);
	CHECK_EQ(__atomic_load_n(&awake, __ATOMIC_SEQ_CST), want);
}

static void finish(int n)
{
	check_awake(n);
	for (int i = 0; i < n; i++) {
		check_join(sleepers[i].t);
		CHECK_EQ(sleepers[i].result, 0);
	}
}

static void wakes_some(void)
{
	start(5, FUTEX_WAIT, NULL);
	CHECK_EQ(futex(&word, FUTEX_WAKE, 0, NULL, NULL, 0), 1);
	check_awake(1);
	CHECK_EQ(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
	check_awake(3);
	CHECK_EQ(futex(&other, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 2);
	finish(5);
	CHECK_EQ(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
}

static void wakes_by_bits(void)
{
	static const uint32_t bits[] = { 1, 2, 4, 3, 8 };

	start(5, FUTEX_WAIT_BITSET, bits);
	CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 16), 0);
	CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 2), 2);
	check_awake(2);
	CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 13), 1);
	check_awake(3);
	CHECK_EQ(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 2);
	finish(5);
	CHECK_ERRNO(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
}

static void moves(int op)
{
	long all;

	start(6, FUTEX_WAIT, NULL);
	CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)INT_MAX, &other,
			  7), EAGAIN);
	check_awake(0);
	CHECK_EQ(futex(&word, op, 1, (void *)3L, &other, 0), 4);
	check_awake(1);
	/* Three wait there now, two here. */
	CHECK_EQ(futex(&other, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	check_awake(2);
	CHECK_EQ(futex(&other, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 2);
	check_awake(4);
	all = futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	CHECK_EQ(all, 2);
	finish(6);
}

static void wakes_by_op(void)
{
	int add_if_five = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
	int or_if_less = FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 6,
				  FUTEX_OP_CMP_LT, -1);

	start(4, FUTEX_WAIT, NULL);
	other = 5;
	CHECK_EQ(futex(&word, FUTEX_WAKE_OP, 1, (void *)5L, &other,
		       add_if_five), 1);
	CHECK_EQ(other, 8);
	check_awake(1);
	CHECK_EQ(futex(&word, FUTEX_WAKE_OP, 1, (void *)5L, &other,
		       or_if_less), 1);
	CHECK_EQ(other, 8 | 64);
	check_awake(2);
	/* The second word's waiters, too. */
	CHECK_EQ(futex(&other, FUTEX_WAKE_OP, 1, (void *)5L, &word,
		       FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_GE, 0)), 2);
	CHECK_EQ(word, 9);
	finish(4);
	CHECK_ERRNO(futex(&word, FUTEX_WAKE_OP, 1, NULL, &other,
			  FUTEX_OP(7, 0, 0, 0)), ENOSYS);
}

static void fails(void)
{
	struct timespec bad = { 0, 1000000000 }, soon = { 0, 20000000 };
	struct timespec at;
	long long begin;

	word = 1;
	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &bad, NULL, 0), EINVAL);
	CHECK_ERRNO(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 1, NULL,
			  NULL, 0), EINVAL);
	CHECK_ERRNO(futex(check_bad_pointer(), FUTEX_WAIT, 1, NULL, NULL, 0),
		    EFAULT);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, check_bad_pointer(), NULL, 0),
		    EFAULT);
	begin = check_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &soon, NULL, 0), ETIMEDOUT);
	CHECK(check_now(CLOCK_MONOTONIC) - begin >= 20 * CHECK_MS);
	at = check_in_ms(CLOCK_MONOTONIC, 20);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, &at, NULL,
			  FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
	CHECK(check_now(CLOCK_MONOTONIC) >=
	      at.tv_sec * 1000000000LL + at.tv_nsec);
	at = check_in_ms(CLOCK_REALTIME, 20);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1,
			  &at, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
	at = check_in_ms(CLOCK_MONOTONIC, -20);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, &at, NULL,
			  FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
	CHECK_ERRNO(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
	/* The clock is for absolute times. */
	CHECK_ERRNO(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, &soon,
			  NULL, 0), ENOSYS);
	CHECK_ERRNO(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL,
			  NULL, 0), ENOSYS);
}

static void *is_interrupted(void *arg)
{
	word = 1;
	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EINTR);
	check_step(arg);
	return NULL;
}

static void interrupts(void)
{
	pthread_t t;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, 0);
	t = check_spawn(is_interrupted, &steps);
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_join(t);
}

int main(void)
{
	static const int forms[] = { FUTEX_PRIVATE_FLAG, 0 };

	check_join(check_spawn(sleeps, &(struct sleeper){ .op = FUTEX_WAKE }));
	for (int i = 0; i < 2; i++) {
		form = forms[i];
		wakes_some();
		wakes_by_bits();
		wakes_by_op();
		fails();
		interrupts();
	}
	/* What other processes see may be woken without a reason. */
	form = FUTEX_PRIVATE_FLAG;
	moves(FUTEX_REQUEUE);
	moves(FUTEX_CMP_REQUEUE);
	puts("every operation");
	return 0;
}
