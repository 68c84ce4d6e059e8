/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that need no memory natively work where there is none to be had: many
 * threads at once wait for pipes, for time, for each other and for the disk.
 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/resource.h>

enum { PAIRS = 20, HIGH = 600, MS = 20 };

static sem_t gate, done;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int to[PAIRS][2], from[PAIRS][2];
static int file;

static void pass(sem_t *s)
{
	while (sem_wait(s))
		CHECK_EQ(errno, EINTR);
}

static void wait_for_time(void)
{
	struct timespec until = check_in_ms(CLOCK_REALTIME, MS);
	struct pollfd p = { .fd = to[0][0], .events = POLLPRI };
	int rc;

	check_msleep(MS);
	CHECK_EQ(poll(&p, 1, MS), 0);
	CHECK_OK(pthread_mutex_lock(&mutex));
	do
		rc = pthread_cond_timedwait(&never, &mutex, &until);
	while (rc == 0);
	CHECK_OK(pthread_mutex_unlock(&mutex));
	CHECK_EQ(rc, ETIMEDOUT);
}

static void *begins(void *arg)
{
	return arg;
}

/* Answers what comes, plus one. */
static void *answers(void *arg)
{
	long i = (long)arg;
	char c;

	CHECK_OK(sem_post(&done));
	pass(&gate);
	CHECK_EQ(read(to[i][0], &c, 1), 1);
	c++;
	CHECK_EQ(write(from[i][1], &c, 1), 1);
	wait_for_time();
	CHECK_OK(sem_post(&done));
	pass(&gate);
	return arg;
}

static void *asks(void *arg)
{
	long i = (long)arg;
	struct pollfd p[PAIRS];
	char c = 'a';

	for (int k = 0; k < PAIRS; k++)
		p[k] = (struct pollfd){ from[i][0], POLLIN, 0 };
	CHECK_OK(sem_post(&done));
	pass(&gate);
	check_msleep(MS);
	CHECK_EQ(write(to[i][1], &c, 1), 1);
	CHECK(poll(p, PAIRS, -1) > 0); /* it may become ready meanwhile */
	CHECK_EQ(poll(p, PAIRS, 0), PAIRS);
	CHECK_EQ(read(from[i][0], &c, 1), 1);
	CHECK_EQ(c, 'b');
	CHECK_EQ(pwrite(file, &c, 1, i), 1);
	CHECK_OK(fsync(file));
	CHECK_OK(sem_post(&done));
	pass(&gate);
	return arg;
}

/* A pipe with numbers that nothing was known of before. */
static void open_high(int fd[2], int number)
{
	int low[2];

	CHECK_OK(pipe(low));
	for (int k = 0; k < 2; k++) {
		fd[k] = number + k;
		CHECK_EQ(dup2(low[k], fd[k]), fd[k]);
		CHECK_OK(close(low[k]));
	}
}

static unsigned long address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK_OK(close(fd));
	return strtoul(text, NULL, 10) * (unsigned long)sysconf(_SC_PAGESIZE);
}

int main(void)
{
	static pthread_t t[2 * PAIRS];
	char name[] = "/tmp/no-memory.XXXXXX";
	struct rlimit limit, before;

	CHECK_OK(sem_init(&gate, 0, 0));
	CHECK_OK(sem_init(&done, 0, 0));
	file = mkstemp(name);
	CHECK(file >= 0);
	CHECK_OK(unlink(name));
	for (int i = 0; i < PAIRS; i++) {
		open_high(to[i], HIGH + 4 * i);
		open_high(from[i], HIGH + 4 * i + 2);
	}
	for (long i = 0; i < PAIRS; i++) {
		t[2 * i] = check_spawn(answers, (void *)i);
		t[2 * i + 1] = check_spawn(asks, (void *)i);
	}
	/* They have what a thread needs when it begins. */
	for (int i = 0; i < 2 * PAIRS; i++)
		pass(&done);

	CHECK_EQ(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = address_space();
	if (limit.rlim_cur > limit.rlim_max)
		return CHECK_SKIPPED;
	CHECK_OK(setrlimit(RLIMIT_AS, &limit));
	for (int i = 0; i < 2 * PAIRS; i++)
		CHECK_OK(sem_post(&gate));
	for (int i = 0; i < 2 * PAIRS; i++)
		pass(&done);

	CHECK_OK(setrlimit(RLIMIT_AS, &before));
	for (int i = 0; i < 2 * PAIRS; i++)
		CHECK_OK(sem_post(&gate));
	for (int i = 0; i < 2 * PAIRS; i++)
		check_join(t[i]);
	check_join(check_spawn(begins, NULL));
	puts("everything worked without memory");
	return 0;
}
