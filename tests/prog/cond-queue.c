/* SPDX-License-Identifier: BSD-2-Clause */
/* 8 producers, 8 consumers, a bounded queue, 100,000 items, checksums. */
#include "check.h"

#define SIDE 8
#define ITEMS 100000
#define ROOM 32

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static unsigned queue[ROOM];
static unsigned head, tail;
static unsigned long long put_sum, put_xor, got_sum, got_xor;

static void put(unsigned item)
{
	CHECK_OK(pthread_mutex_lock(&m));
	while (tail - head == ROOM)
		CHECK_OK(pthread_cond_wait(&not_full, &m));
	queue[tail++ % ROOM] = item;
	CHECK_OK(pthread_cond_signal(&not_empty));
	CHECK_OK(pthread_mutex_unlock(&m));
}

static unsigned get(void)
{
	unsigned item;

	CHECK_OK(pthread_mutex_lock(&m));
	while (tail == head)
		CHECK_OK(pthread_cond_wait(&not_empty, &m));
	item = queue[head++ % ROOM];
	CHECK_OK(pthread_mutex_unlock(&m));
	CHECK_OK(pthread_cond_signal(&not_full));
	return item;
}

static unsigned long long mix(unsigned item)
{
	return item * 0x9e3779b97f4a7c15ULL;
}

static void *produces(void *arg)
{
	unsigned first = (unsigned)(long)arg * (ITEMS / SIDE);
	unsigned long long sum = 0, xor = 0;

	for (unsigned i = 0; i < ITEMS / SIDE; i++) {
		put(first + i + 1);
		sum += first + i + 1;
		xor ^= mix(first + i + 1);
	}
	__atomic_fetch_add(&put_sum, sum, __ATOMIC_SEQ_CST);
	__atomic_fetch_xor(&put_xor, xor, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Item 0 says that there are no more. */
static void *consumes(void *arg)
{
	unsigned long long sum = 0, xor = 0;
	unsigned item;

	while ((item = get()) != 0) {
		sum += item;
		xor ^= mix(item);
	}
	__atomic_fetch_add(&got_sum, sum, __ATOMIC_SEQ_CST);
	__atomic_fetch_xor(&got_xor, xor, __ATOMIC_SEQ_CST);
	return arg;
}

int main(void)
{
	pthread_t producer[SIDE], consumer[SIDE];

	for (long i = 0; i < SIDE; i++) {
		consumer[i] = check_spawn(consumes, NULL);
		producer[i] = check_spawn(produces, (void *)i);
	}
	for (int i = 0; i < SIDE; i++)
		check_join(producer[i]);
	for (int i = 0; i < SIDE; i++)
		put(0);
	for (int i = 0; i < SIDE; i++)
		check_join(consumer[i]);
	CHECK_EQ(head, tail);
	CHECK_EQ(put_sum, got_sum);
	CHECK_EQ(put_xor, got_xor);
	printf("%d items, sum %llu\n", ITEMS, got_sum);
	return 0;
}
