/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can be cancelled: who has ended, a thread of libc's own making, main. */
#include "check.h"

#include <semaphore.h>

static pthread_t main_thread, foreign;
static sem_t begun, never, handled;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int fds[2], kind, main_handled;

static void *returns(void *arg)
{
	return arg;
}

static void ended(void)
{
	pthread_t t = check_spawn(returns, &begun);

	check_msleep(20);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == &begun);
}

static void post(void *sem)
{
	CHECK_EQ(sem_post(sem), 0);
}

static void unlock(void *arg)
{
	CHECK_OK(pthread_mutex_unlock(arg));
}

static void spins(void)
{
	volatile unsigned long n = 0;

	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	post(&begun);
	for (;;)
		n++;
}

static void waits_cond(void)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	pthread_cleanup_push(unlock, &mutex);
	post(&begun);
	for (;;)
		CHECK_OK(pthread_cond_wait(&cond, &mutex));
	pthread_cleanup_pop(1);
}

/* Run by libc on a thread that it makes for the timer. */
static void on_timer(union sigval value)
{
	char c;

	(void)value;
	foreign = pthread_self();
	pthread_cleanup_push(post, &handled);
	switch (kind) {
	case 0:
		post(&begun);
		CHECK_EQ(sem_wait(&never), 0);
		break;
	case 1:
		post(&begun);
		CHECK_EQ(read(fds[0], &c, 1), 1);
		break;
	case 2:
		waits_cond();
		break;
	case 3:
		spins();
		break;
	case 4:
		CHECK_OK(pthread_cancel(pthread_self()));
		post(&begun);
		pthread_testcancel();
		break;
	}
	pthread_cleanup_pop(0);
}

static void of_libc(int k)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = on_timer,
	};
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	timer_t timer;

	kind = k;
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	CHECK_EQ(timer_settime(timer, 0, &soon, NULL), 0);
	CHECK_EQ(sem_wait(&begun), 0);
	if (k < 4) {
		check_msleep(k & 1 ? 5 : 0);
		CHECK_OK(pthread_cancel(foreign));
	}
	CHECK_EQ(sem_wait(&handled), 0);
	CHECK_EQ(timer_delete(timer), 0);
}

static void note_main(void *arg)
{
	*(int *)arg = 1;
}

static void *cancels_main(void *arg)
{
	void *value;

	check_msleep(20);
	CHECK_OK(pthread_cancel(main_thread));
	CHECK_OK(pthread_join(main_thread, &value));
	CHECK(value == PTHREAD_CANCELED);
	CHECK_EQ(main_handled, 1);
	puts("ok");
	exit(0); /* libc's thread for timers is there as well */
	return arg;
}

int main(void)
{
	main_thread = pthread_self();
	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(sem_init(&begun, 0, 0), 0);
	CHECK_EQ(sem_init(&never, 0, 0), 0);
	CHECK_EQ(sem_init(&handled, 0, 0), 0);
	ended();
	for (int k = 0; k < 5; k++)
		of_libc(k);
	check_spawn(cancels_main, NULL);
	pthread_cleanup_push(note_main, &main_handled);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return 1;
}
