/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads in futex waits by bare instructions do not delay the ticks. */
#include "liveness.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#ifdef LIVE_SYSCALL
#define WAITERS 8
#define PLAYERS 4

static unsigned word[PLAYERS + WAITERS];

static void wait_for(unsigned *w, unsigned old)
{
	while (__atomic_load_n(w, __ATOMIC_ACQUIRE) == old)
		live_syscall(SYS_futex, (long)w, FUTEX_WAIT_PRIVATE, old, 0);
}

static void set(unsigned *w, unsigned value)
{
	__atomic_store_n(w, value, __ATOMIC_RELEASE);
	live_syscall(SYS_futex, (long)w, FUTEX_WAKE_PRIVATE, 1, 0);
}

/* Some wait to the end; the others play ping-pong in pairs. */
static void *waits(void *arg)
{
	wait_for(arg, 0);
	return NULL;
}

static void *plays(void *arg)
{
	long me = (long)arg;
	unsigned turn = 0;

	while (!__atomic_load_n(&live_stop, __ATOMIC_ACQUIRE)) {
		set(&word[me ^ 1], ++turn);
		wait_for(&word[me], turn - 1);
		usleep(1000);
	}
	set(&word[me ^ 1], ++turn);
	return NULL;
}
#endif

int main(void)
{
#ifdef LIVE_SYSCALL
	pthread_t t[PLAYERS + WAITERS];

	for (long i = 0; i < PLAYERS + WAITERS; i++)
		t[i] = check_spawn(i < PLAYERS ? plays : waits,
				   i < PLAYERS ? (void *)i : &word[i]);
	live_run();
	for (int i = PLAYERS; i < PLAYERS + WAITERS; i++)
		set(&word[i], 1);
	for (int i = 0; i < PLAYERS + WAITERS; i++)
		check_join(t[i]);
	puts("every tick in time");
	return 0;
#else
	return CHECK_SKIPPED;
#endif
}
