/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc in one thread, free in another, yields in between. */
#include "check.h"

#include <stdint.h>

#define THREADS 32
#define SLOTS 64
#define ROUNDS 2000

struct block {
	size_t size;
	unsigned char bytes[];
};

static struct block *slot[SLOTS];

static void check_block(const struct block *b)
{
	unsigned char want = (unsigned char)b->size;

	for (size_t i = 0; i < b->size; i++)
		if (b->bytes[i] != want)
			check_fail("byte %zu of %zu is %d", i, b->size,
				   b->bytes[i]);
}

/* Swap a new block into a slot that all share; free what was there. */
static void *start(void *arg)
{
	unsigned seed = (unsigned)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		int r = rand_r(&seed);
		size_t size = (size_t)(r % 100 ? r % 700 : r % 200000);
		struct block *b = malloc(sizeof *b + size);

		CHECK(b != NULL);
		CHECK_EQ((uintptr_t)b % 16, 0);
		b->size = size;
		memset(b->bytes, (int)size, size);
		if (i % 4 == 0)
			sched_yield();
		b = __atomic_exchange_n(&slot[rand_r(&seed) % SLOTS], b,
					__ATOMIC_ACQ_REL);
		if (b == NULL)
			continue;
		check_block(b);
		if (i % 16 == 0)
			b = realloc(b, sizeof *b + b->size / 2 + 1);
		CHECK(b != NULL);
		free(b);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	for (int i = 0; i < SLOTS; i++) {
		if (slot[i] != NULL)
			check_block(slot[i]);
		free(slot[i]);
	}
	puts("no block was damaged");
	return 0;
}
