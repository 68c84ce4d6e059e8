/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 220 threads block in libc's functions as a plugin does that was opened with
 * RTLD_DEEPBIND: by their addresses in libc, whoever else has such a name.
 */
#include "batch.h"

#include <dlfcn.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define THREADS 220
#define WAYS 11

static struct {
	__typeof__(read) *read;
	__typeof__(recv) *recv;
	__typeof__(poll) *poll;
	__typeof__(ppoll) *ppoll;
	__typeof__(select) *select;
	__typeof__(nanosleep) *nanosleep;
	__typeof__(usleep) *usleep;
	__typeof__(waitpid) *waitpid;
	__typeof__(epoll_wait) *epoll_wait;
	__typeof__(open) *open;
	__typeof__(flock) *flock;
	__typeof__(close) *close;
	__typeof__(sem_wait) *sem_wait;
	__typeof__(sem_post) *sem_post;
	__typeof__(pthread_once) *pthread_once;
} libc;

static sem_t gate;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_called;

static int fd[THREADS][2];
static char dir[] = "/tmp/batch-plugin.XXXXXX";

static void find(void *lib, const char *name, void *function)
{
	void *found = dlsym(lib, name);

	CHECK(found != NULL);
	memcpy(function, &found, sizeof found);
}

#define FIND(name) find(lib, #name, &libc.name)

static void find_all(void)
{
	void *lib = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

	CHECK(lib != NULL);
	FIND(read);
	FIND(recv);
	FIND(poll);
	FIND(ppoll);
	FIND(select);
	FIND(nanosleep);
	FIND(usleep);
	FIND(waitpid);
	FIND(epoll_wait);
	FIND(open);
	FIND(flock);
	FIND(close);
	FIND(sem_wait);
	FIND(sem_post);
	FIND(pthread_once);
}

static void waits_readable(int i)
{
	struct pollfd p = { .fd = fd[i][1], .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };
	fd_set in;
	int set;

	switch (i % WAYS) {
	case 0:
		CHECK_EQ(libc.poll(&p, 1, -1), 1);
		break;
	case 1:
		CHECK_EQ(libc.ppoll(&p, 1, NULL, NULL), 1);
		break;
	case 2:
		if (p.fd >= FD_SETSIZE)
			break;
		FD_ZERO(&in);
		FD_SET(p.fd, &in);
		CHECK_EQ(libc.select(p.fd + 1, &in, NULL, NULL, NULL), 1);
		break;
	case 3:
		set = epoll_create1(EPOLL_CLOEXEC);
		CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, p.fd, &ev), 0);
		CHECK_EQ(libc.epoll_wait(set, &ev, 1, -1), 1);
		CHECK_EQ(libc.close(set), 0);
		break;
	}
}

static void waits_for_time(int i)
{
	struct timespec ts = { 0, 50 * CHECK_MS };
	int status;
	pid_t pid;

	switch (i % WAYS) {
	case 4:
		CHECK_EQ(libc.nanosleep(&ts, NULL), 0);
		break;
	case 5:
		CHECK_EQ(libc.usleep(50000), 0);
		break;
	case 6:
		pid = fork();
		if (!pid) {
			usleep(50000);
			_exit(0);
		}
		CHECK_EQ(libc.waitpid(pid, &status, 0), pid);
		break;
	}
}

/* A FIFO is opened when both are there, a lock had when the other goes. */
static void waits_for_other(int i)
{
	char name[64];
	int f;

	snprintf(name, sizeof name, "%s/%d", dir, i / WAYS);
	if (i % WAYS == 7)
		f = libc.open(name, O_RDONLY | O_CLOEXEC);
	else if (i % WAYS == 8)
		f = libc.open(name, O_WRONLY | O_CLOEXEC);
	else if (i % WAYS == 9)
		f = libc.open(dir, O_RDONLY | O_CLOEXEC);
	else
		return;
	CHECK(f >= 0);
	if (i % WAYS == 9) {
		CHECK_EQ(libc.flock(f, LOCK_EX), 0);
		CHECK_EQ(libc.usleep(1000), 0);
	}
	CHECK_EQ(libc.close(f), 0);
}

static void call_once_slowly(void)
{
	usleep(20000);
	once_called++;
}

static void waits_in_queue(int i)
{
	if (i % WAYS != 10)
		return;
	CHECK_OK(i / WAYS % 2 ? libc.pthread_once(&once, call_once_slowly)
			      : pthread_once(&once, call_once_slowly));
	CHECK_EQ(once_called, 1);
	CHECK_EQ(libc.sem_wait(&gate), 0);
	CHECK_EQ(libc.sem_post(&gate), 0);
}

static void *waits(void *arg)
{
	int i = (int)(long)arg;
	char c = 0;

	waits_readable(i);
	waits_for_time(i);
	waits_for_other(i);
	waits_in_queue(i);
	if (i % 2)
		CHECK_EQ(libc.read(fd[i][1], &c, 1), 1);
	else
		CHECK_EQ(libc.recv(fd[i][1], &c, 1, 0), 1);
	CHECK_EQ(c, 'x');
	return NULL;
}

static void sends(void)
{
	for (int i = 0; i < THREADS; i++)
		check_write(fd[i][0], "x", 1);
	CHECK_EQ(sem_post(&gate), 0);
}

int main(void)
{
	char name[64];

	find_all();
	batch_raise_limit(RLIMIT_NOFILE);
	CHECK(mkdtemp(dir) != NULL);
	for (int i = 0; i < THREADS / WAYS; i++) {
		snprintf(name, sizeof name, "%s/%d", dir, i);
		CHECK_EQ(mkfifo(name, 0600), 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]), 0);
	batch(THREADS, waits, sends, 5000);
	for (int i = 0; i < THREADS / WAYS; i++) {
		snprintf(name, sizeof name, "%s/%d", dir, i);
		CHECK_EQ(unlink(name), 0);
	}
	CHECK_EQ(rmdir(dir), 0);
	printf("%d threads\n", THREADS);
	return 0;
}
