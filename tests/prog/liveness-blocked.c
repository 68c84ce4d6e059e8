/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads in blocking calls of other kinds do not delay the ticks. */
#include "io-net.h"
#include "liveness.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>

enum { CLOSING = 40 };

static sem_t sem;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int queue, epoll, locked;
static pthread_barrier_t barrier;

static void *in_sem(void *arg)
{
	CHECK_EQ(sem_wait(&sem), 0);
	return arg;
}

static void *in_rwlock(void *arg)
{
	CHECK_OK(pthread_rwlock_rdlock(&rwlock));
	CHECK_OK(pthread_rwlock_unlock(&rwlock));
	return arg;
}

static void *in_barrier(void *arg)
{
	pthread_barrier_wait(&barrier);
	return arg;
}

static void *in_msgrcv(void *arg)
{
	struct { long type; char c; } m;

	CHECK_EQ(msgrcv(queue, &m, 1, 1, 0), 1);
	return arg;
}

static void *in_epoll(void *arg)
{
	struct epoll_event e;

	CHECK_EQ(epoll_wait(epoll, &e, 1, -1), 1);
	return arg;
}

static void *in_flock(void *arg)
{
	char path[32];
	int fd;

	/* A description of its own, so that the locks exclude. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", locked);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(close(fd), 0);
	return arg;
}

/* With so much that is not sent that it waits for the whole second. */
static void *in_close(void *arg)
{
	struct linger one = { 1, 1 };
	static char buf[65536];
	long long begin;
	int fd[2];

	/* When no child is made any more, which would have it open, too. */
	check_msleep(SETTLE_MS + 500);
	net_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &one, sizeof one),
		 0);
	while (send(fd[0], buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	begin = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(close(fd[0]), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - begin > 900 * CHECK_MS);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

int main(void)
{
	static void *(*const fn[])(void *) = {
		in_sem, in_rwlock, in_barrier, in_msgrcv, in_epoll, in_flock,
		in_sem, in_sem,
	};
	struct { long type; char c; } m = { 1, 'x' };
	struct epoll_event e = { .events = EPOLLIN };
	FILE *f = tmpfile();
	pthread_t t[8], closing[CLOSING];
	int fd[2];

	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	CHECK_OK(pthread_barrier_init(&barrier, NULL, 2));
	CHECK_OK(pthread_rwlock_wrlock(&rwlock));
	queue = msgget(IPC_PRIVATE, 0600);
	CHECK_EQ(pipe(fd), 0);
	epoll = epoll_create1(0);
	CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, fd[0], &e), 0);
	locked = fileno(f);
	CHECK_EQ(flock(locked, LOCK_EX), 0);
	for (int i = 0; i < 8; i++)
		t[i] = check_spawn(fn[i], NULL);
	for (int i = 0; i < CLOSING; i++)
		closing[i] = check_spawn(in_close, NULL);
	live_run();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sem_post(&sem), 0);
	CHECK_OK(pthread_rwlock_unlock(&rwlock));
	pthread_barrier_wait(&barrier);
	CHECK_EQ(msgsnd(queue, &m, 1, 0), 0);
	check_write(fd[1], "x", 1);
	CHECK_EQ(flock(locked, LOCK_UN), 0);
	for (int i = 0; i < 8; i++)
		check_join(t[i]);
	for (int i = 0; i < CLOSING; i++)
		check_join(closing[i]);
	CHECK_EQ(msgctl(queue, IPC_RMID, NULL), 0);
	CHECK_EQ(fclose(f), 0);
	puts("every tick in time");
	return 0;
}
