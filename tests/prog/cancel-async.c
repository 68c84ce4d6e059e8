/* SPDX-License-Identifier: BSD-2-Clause */
/* Asynchronous: in a loop, in a mutex, in calls; handlers run all the same. */
#include "check.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>

#define SPINNERS 20
#define ROUNDS 30

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int fds[2], handled;
static volatile int running;

static void count(void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
}

static void begin(void)
{
	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	__atomic_add_fetch(&running, 1, __ATOMIC_RELEASE);
}

static void *spins(void *arg)
{
	volatile unsigned long n = 0;

	pthread_cleanup_push(count, &handled);
	begin();
	for (;;)
		n++;
	pthread_cleanup_pop(1);
	return arg;
}

#define WAITER(name, call)						\
	static void *name(void *arg)					\
	{								\
		pthread_cleanup_push(count, &handled);			\
		begin();						\
		for (;;)						\
			call;						\
		pthread_cleanup_pop(1);					\
		return arg;						\
	}

WAITER(locks, pthread_mutex_lock(&mutex))
WAITER(meets, pthread_barrier_wait(&barrier))
WAITER(waits_sem, sem_wait(&sem))
WAITER(yields, sched_yield())
WAITER(tests, pthread_mutex_trylock(&mutex))
WAITER(polls, poll(NULL, 0, -1))

static char buf[16];

WAITER(receives, recv(fds[0], buf, sizeof(buf), 0))
WAITER(sleeps, usleep(1000))

static void wait_for(int n)
{
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) < n)
		usleep(200);
}

static void one(void *(*fn)(void *), int pause_us)
{
	pthread_t t;

	handled = 0;
	running = 0;
	t = check_spawn(fn, NULL);
	wait_for(1);
	usleep(pause_us);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(handled, 1);
}

static void spinners(void)
{
	pthread_t t[SPINNERS];

	handled = 0;
	running = 0;
	for (int i = 0; i < SPINNERS; i++)
		t[i] = check_spawn(spins, NULL);
	wait_for(SPINNERS);
	for (int i = 0; i < SPINNERS; i++)
		CHECK_OK(pthread_cancel(t[i]));
	for (int i = 0; i < SPINNERS; i++)
		CHECK(check_join(t[i]) == PTHREAD_CANCELED);
	CHECK_EQ(handled, SPINNERS);
}

int main(void)
{
	static void *(*const fns[])(void *) = {
		spins, locks, meets, waits_sem, yields, tests, polls,
		receives, sleeps,
	};

	CHECK_OK(pthread_barrier_init(&barrier, NULL, 2));
	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_OK(pthread_mutex_lock(&mutex));
	for (int r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++)
			one(fns[i], r * 20);
	spinners();
	puts("ok");
	return 0;
}
