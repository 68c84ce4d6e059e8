/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2) between threads that the program has made and one that libc has
 * made by itself, for a timer: each wakes the other.
 */
#include "check.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

#define THREADS 8
#define ROUNDS 400

static uint32_t turn, done;
static int form;

static void pass(uint32_t *word, uint32_t to)
{
	__atomic_store_n(word, to, __ATOMIC_RELEASE);
	CHECK(syscall(SYS_futex, word, FUTEX_WAKE | form, INT_MAX) >= 0);
}

static void wait_until(uint32_t *word, uint32_t value)
{
	uint32_t now;

	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value)
		syscall(SYS_futex, word, FUTEX_WAIT | form, now, NULL);
}

static void play(uint32_t me)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		wait_until(&turn, i * (THREADS + 1) + me);
		pass(&turn, i * (THREADS + 1) + me + 1);
	}
}

static void *thread(void *arg)
{
	play((uint32_t)(long)arg);
	return NULL;
}

static void on_timer(union sigval value)
{
	play((uint32_t)value.sival_int);
	pass(&done, 1);
}

static void one_form(int f)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_timer };
	struct itimerspec at = { .it_value.tv_nsec = 1 };
	pthread_t t[THREADS];
	timer_t timer;

	form = f;
	turn = done = 0;
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(thread, (void *)i);
	ev.sigev_value.sival_int = THREADS;
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	CHECK_EQ(timer_settime(timer, 0, &at, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	wait_until(&done, 1);
	CHECK_EQ(timer_delete(timer), 0);
	CHECK_EQ(turn, ROUNDS * (THREADS + 1));
}

int main(void)
{
	one_form(FUTEX_PRIVATE_FLAG);
	one_form(0);
	printf("%d turns\n", 2 * ROUNDS * (THREADS + 1));
	return 0;
}
