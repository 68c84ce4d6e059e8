/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that allocate, block, and free what others have allocated. */
#include "../prog/check.h"

#include <malloc.h>
#include <stdint.h>

#define THREADS 64
#define ROUNDS 200
#define SLOTS 128

static char *slot[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int fd[2];

static void block(int i)
{
	char c = 'x';

	if (i % 4 == 0) {
		sched_yield();
	} else if (i % 4 == 1) {
		usleep(20);
	} else if (i % 4 == 2) {
		check_write(fd[1], &c, 1);
		check_read(fd[0], &c, 1);
	} else {
		CHECK_OK(pthread_mutex_lock(&lock));
		free(malloc(100));
		CHECK_OK(pthread_mutex_unlock(&lock));
	}
}

static void *runs(void *arg)
{
	unsigned seed = (unsigned)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		size_t size = 8 + (size_t)rand_r(&seed) %
			(i % 50 ? 600 : 300000);
		char *p = i % 3 ? malloc(size) : calloc(1, size), *q = NULL;

		CHECK(p != NULL);
		CHECK(i % 3 || p[size - 1] == 0);
		memset(p, (int)size, size);
		block(rand_r(&seed));
		CHECK_EQ(p[0], (char)size);
		CHECK_EQ(p[size - 1], (char)size);
		p = __atomic_exchange_n(&slot[rand_r(&seed) % SLOTS], p,
					__ATOMIC_ACQ_REL);
		free(p);
		if (i % 16 == 0) {
			CHECK_OK(posix_memalign((void **)&q, 4096, 5000));
			CHECK_EQ((uintptr_t)q % 4096, 0);
			CHECK(malloc_usable_size(q) >= 5000);
			block(i);
			free(q);
		}
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	CHECK_EQ(pipe(fd), 0);
	for (int round = 0; round < 3; round++) {
		for (long i = 0; i < THREADS; i++)
			t[i] = check_spawn(runs, (void *)i);
		for (int i = 0; i < THREADS; i++)
			check_join(t[i]);
	}
	for (int i = 0; i < SLOTS; i++)
		free(slot[i]);
	printf("%d threads\n", 3 * THREADS);
	return 0;
}
