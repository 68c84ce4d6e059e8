/* SPDX-License-Identifier: BSD-2-Clause */
/* 1,000 threads wait in futex(2) by way of syscall(2), and pass a turn on. */
#include "batch.h"

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

#define THREADS 1000
#define ROUNDS 5

static struct {
	uint32_t word; /* rounds that this one may begin */
	uint32_t pad[15];
} turn[THREADS];

/* Some of them as liburcu does, which does not say that it is private. */
static int form(long i)
{
	return i % 100 == 0 ? 0 : FUTEX_PRIVATE_FLAG;
}

static void give(long i)
{
	__atomic_fetch_add(&turn[i].word, 1, __ATOMIC_RELEASE);
	CHECK(syscall(SYS_futex, &turn[i].word, FUTEX_WAKE | form(i), 1) >= 0);
}

static void *waits(void *arg)
{
	long me = (long)arg;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		while (__atomic_load_n(&turn[me].word, __ATOMIC_ACQUIRE) ==
		       round)
			syscall(SYS_futex, &turn[me].word,
				FUTEX_WAIT | form(me), round, NULL);
		if (round + 1 < ROUNDS || me + 1 < THREADS)
			give((me + 1) % THREADS);
	}
	return NULL;
}

static void begin(void)
{
	give(0);
}

int main(void)
{
	batch(THREADS, waits, begin, 10000);
	printf("%d turns\n", THREADS * ROUNDS);
	return 0;
}
