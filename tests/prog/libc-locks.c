/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks of libc's own: a FILE's, an arena's, the loader's.  Threads contend for
 * them, and kernel threads that libc has made by itself (of timers).
 */
#include "check.h"

#include <dlfcn.h>
#include <malloc.h>

#define THREADS 60
#define TIMERS 6
#define ROUNDS 200

static FILE *shared, *sink;
static int inside, counter, finished;

static void use_stream(int round)
{
	flockfile(shared);
	CHECK_EQ(inside++, 0);
	if (round % 5 == 0)
		sched_yield();
	if (round % 20 == 0)
		usleep(100);
	counter++;
	CHECK_EQ(--inside, 0);
	funlockfile(shared);
	CHECK(fprintf(sink, "round %d\n", round) > 0);
}

/* From one arena, too much for what a thread keeps to itself. */
static void use_heap(int round)
{
	void *block[20];

	for (int i = 0; i < 20; i++) {
		block[i] = malloc((size_t)(1000 + 500 * i + round));
		CHECK(block[i] != NULL);
		memset(block[i], round, 100);
	}
	for (int i = 0; i < 20; i++)
		free(block[i]);
}

static void use_loader(void)
{
	void *lib = dlopen("libm.so.6", RTLD_NOW);

	CHECK(lib != NULL);
	CHECK(dlsym(lib, "cos") != NULL);
	CHECK(dlsym(lib, "no such name") == NULL);
	CHECK(dlerror() != NULL);
	CHECK_EQ(dlclose(lib), 0);
}

static void run(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		use_stream(i);
		use_heap(i);
		if (i % 10 == 0)
			use_loader();
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static void *thread(void *arg)
{
	run();
	return arg;
}

static void on_timer(union sigval value)
{
	(void)value;
	run();
}

static void start_timer(int i)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_timer };
	struct itimerspec at = { .it_value.tv_nsec = (1 + i) * CHECK_MS };
	timer_t timer;

	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	CHECK_EQ(timer_settime(timer, 0, &at, NULL), 0);
}

int main(void)
{
	pthread_t t[THREADS];

	mallopt(M_ARENA_MAX, 1);
	shared = tmpfile();
	sink = fopen("/dev/null", "w");
	CHECK(shared && sink);
	for (int i = 0; i < THREADS; i++) {
		t[i] = check_spawn(thread, NULL);
		if (i % 10 == 0)
			start_timer(i / 10);
	}
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < THREADS + TIMERS)
		usleep(1000);
	CHECK_EQ(counter, (THREADS + TIMERS) * ROUNDS);
	printf("%d times locked\n", counter);
	return 0;
}
