/* SPDX-License-Identifier: BSD-2-Clause */
/* C11 threads and pthreads in one program share locks, conditions, pipes. */
#include "check.h"

#include <threads.h>

#define EACH 8
#define ROUNDS 300

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static mtx_t c11;
static int turn, counter;
static int fd[2];
static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
	CHECK(value == &key);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_SEQ_CST);
}

/* By turns: a thread of one kind wakes one of the other kind. */
static void run(int kind)
{
	char c = 'x';

	CHECK_OK(pthread_setspecific(key, &key));
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_OK(pthread_mutex_lock(&m));
		while (turn % 2 != kind)
			CHECK_OK(pthread_cond_wait(&changed, &m));
		turn++;
		CHECK_OK(pthread_cond_broadcast(&changed));
		CHECK_OK(pthread_mutex_unlock(&m));
		if (i % 50 == 0)
			usleep(100);
		check_write(fd[1], &c, 1);
		check_read(fd[0], &c, 1);
		CHECK_EQ(mtx_lock(&c11), thrd_success);
		counter++;
		CHECK_EQ(mtx_unlock(&c11), thrd_success);
	}
}

static int c11_thread(void *arg)
{
	struct timespec ts = { 0, 1000 };

	thrd_yield();
	CHECK_EQ(thrd_sleep(&ts, NULL), 0);
	run(1);
	return (int)(long)arg;
}

static void *pthread(void *arg)
{
	run(0);
	return arg;
}

int main(void)
{
	pthread_t p[EACH];
	thrd_t t[EACH];
	int value;

	CHECK_EQ(pipe(fd), 0);
	CHECK_EQ(mtx_init(&c11, mtx_plain), thrd_success);
	CHECK_OK(pthread_key_create(&key, destroy));
	for (long i = 0; i < EACH; i++) {
		p[i] = check_spawn(pthread, NULL);
		CHECK_EQ(thrd_create(&t[i], c11_thread, (void *)i),
			 thrd_success);
	}
	for (int i = 0; i < EACH; i++) {
		check_join(p[i]);
		CHECK_EQ(thrd_join(t[i], &value), thrd_success);
		CHECK_EQ(value, i);
	}
	CHECK_EQ(turn, 2 * EACH * ROUNDS);
	CHECK_EQ(counter, 2 * EACH * ROUNDS);
	CHECK_EQ(destroyed, 2 * EACH);
	mtx_destroy(&c11);
	printf("%d turns\n", turn);
	return 0;
}
