/* SPDX-License-Identifier: BSD-2-Clause */
/* 100,000 signals to random threads: none is lost that may not be, and each
 * thread sees its own in the order they were sent. */
#include "check.h"

#include <stdatomic.h>
#include <stdint.h>

#define THREADS 32
#define SENDERS 4
#define SIGNALS 100000

static atomic_int handled, standard, started, stop;
static atomic_int sent_to[SENDERS][THREADS];
static pthread_t thread[THREADS];
static __thread int number;
static __thread int last[SENDERS];
static __thread volatile sig_atomic_t nested;
static int pipefd[2];

static void on_queued(int sig, siginfo_t *si, void *context)
{
	int sender = si->si_value.sival_int % SENDERS;
	int value = si->si_value.sival_int / SENDERS;

	(void)context;
	CHECK_EQ(sig, SIGRTMIN + 1);
	CHECK_EQ(nested, 0); /* it is blocked while its handler runs */
	nested = 1;
	if (value != last[sender] + 1)
		check_fail("thread %d: %d after %d from %d", number, value,
			   last[sender], sender);
	last[sender] = value;
	atomic_fetch_add(&handled, 1);
	nested = 0;
}

static void on_standard(int sig)
{
	(void)sig;
	atomic_fetch_add(&standard, 1);
}

static void sleep_a_while(void)
{
	struct timespec ts = { 0, 5 * CHECK_MS };

	nanosleep(&ts, NULL);
}

static void read_a_byte(void)
{
	char c;

	CHECK(read(pipefd[0], &c, 1) == 1 || errno == EINTR);
}

static void spin(void)
{
	volatile int i;

	for (i = 0; i < 10000; i++)
		;
}

static void block_and_open(void)
{
	sigset_t all, old;

	sigfillset(&all);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &all, &old));
	spin();
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &old, NULL));
	sched_yield();
}

static void lock_and_wait(void)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct timespec soon = check_in_ms(CLOCK_REALTIME, 1);

	CHECK_OK(pthread_mutex_lock(&m));
	if (pthread_cond_timedwait(&c, &m, &soon) == 0)
		sched_yield();
	CHECK_OK(pthread_mutex_unlock(&m));
}

static void (*const ways[])(void) = {
	sleep_a_while, read_a_byte, spin, block_and_open, lock_and_wait,
};

static void *work(void *arg)
{
	number = *(int *)arg;
	atomic_fetch_add(&started, 1);
	while (!atomic_load(&stop))
		ways[number % 5]();
	for (int i = 0; i < SENDERS; i++)
		CHECK_EQ(last[i], atomic_load(&sent_to[i][number]));
	return NULL;
}

static void send_one(int self, int to, int *left)
{
	union sigval v;
	int n = atomic_fetch_add(&sent_to[self][to], 1) + 1, err;

	v.sival_int = n * SENDERS + self;
	while ((err = pthread_sigqueue(thread[to], SIGRTMIN + 1, v)) == EAGAIN)
		sched_yield(); /* RLIMIT_SIGPENDING */
	CHECK_OK(err);
	if (*left % 8 == 0)
		CHECK_OK(pthread_kill(thread[to], SIGUSR1));
}

static void *sender(void *arg)
{
	int self = *(int *)arg, left = SIGNALS / SENDERS;
	uint32_t random = 12345u + (uint32_t)self;

	for (; left; left--) {
		random = random * 1664525u + 1013904223u;
		send_one(self, (int)(random >> 16) % THREADS, &left);
		/* Not all in one heap: they should come in between. */
		while (left % 64 == 0 && atomic_load(&handled) + 2000 <
			       SIGNALS - left * SENDERS)
			sched_yield();
	}
	return NULL;
}

int main(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };
	int id[THREADS], i;
	pthread_t t[SENDERS];

	CHECK_EQ(pipe(pipefd), 0);
	act.sa_sigaction = on_queued;
	CHECK_EQ(sigaction(SIGRTMIN + 1, &act, NULL), 0);
	act = (struct sigaction){ .sa_handler = on_standard };
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		id[i] = i;
		thread[i] = check_spawn(work, &id[i]);
	}
	while (atomic_load(&started) < THREADS)
		check_msleep(1);
	for (i = 0; i < SENDERS; i++)
		t[i] = check_spawn(sender, &id[i]);
	for (i = 0; i < SENDERS; i++)
		check_join(t[i]);
	while (atomic_load(&handled) < SIGNALS)
		check_msleep(1);
	atomic_store(&stop, 1);
	for (i = 0; i < THREADS; i++)
		check_write(pipefd[1], "x", 1);
	for (i = 0; i < THREADS; i++)
		check_join(thread[i]);
	CHECK_EQ(atomic_load(&handled), SIGNALS);
	CHECK(atomic_load(&standard) > 0);
	printf("%d signals handled, in order\n", SIGNALS);
	return 0;
}
