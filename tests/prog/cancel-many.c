/* SPDX-License-Identifier: BSD-2-Clause */
/* A thousand threads in each call that is a cancellation point, all cancelled;
 * each runs its handler once, and what they waited for can be used again. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define THREADS 1000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int pair[2], listener, full, queue, file;
static struct sockaddr_in full_addr;
static struct timespec later;
static pid_t child;
static int begun, handled;

static void in_read(void)
{
	char c;

	CHECK_EQ(read(pair[0], &c, 1), 1);
}

static void in_accept(void)
{
	CHECK(accept(listener, NULL, NULL) >= 0);
}

static void closes(void *fd)
{
	CHECK_EQ(close((int)(long)fd), 0);
}

/* To a listener whose queue is full: the kernel does not answer. */
static void in_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	pthread_cleanup_push(closes, (void *)(long)fd);
	connect(fd, (struct sockaddr *)&full_addr, sizeof(full_addr));
	for (;;)
		pause();
	pthread_cleanup_pop(1);
}

static void in_poll(void)
{
	struct pollfd p[2] = { { pair[0], POLLIN, 0 },
			       { listener, POLLIN, 0 } };

	CHECK_EQ(poll(p, 2, -1), 1);
}

static void in_select(void)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(pair[0], &in);
	CHECK_EQ(select(pair[0] + 1, &in, NULL, NULL, NULL), 1);
}

static void in_nanosleep(void)
{
	struct timespec t = { 3600, 0 };

	CHECK_EQ(nanosleep(&t, NULL), 0);
}

static void unlock(void *arg)
{
	CHECK_OK(pthread_mutex_unlock(arg));
}

static void in_cond_wait(void)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	pthread_cleanup_push(unlock, &mutex);
	for (;;)
		CHECK_OK(pthread_cond_wait(&cond, &mutex));
	pthread_cleanup_pop(1);
}

static void in_cond_timedwait(void)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	pthread_cleanup_push(unlock, &mutex);
	for (;;)
		CHECK_OK(pthread_cond_timedwait(&cond, &mutex, &later));
	pthread_cleanup_pop(1);
}

static void in_sem_wait(void)
{
	CHECK_EQ(sem_wait(&sem), 0);
}

static void *sleeps(void *arg)
{
	pause();
	return arg;
}

static void sends_away(void *t)
{
	CHECK_OK(pthread_cancel((pthread_t)t));
	CHECK_OK(pthread_detach((pthread_t)t));
}

/* One can join a thread, so each has one of its own. */
static void in_join(void)
{
	pthread_t t;

	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	t = check_spawn(sleeps, NULL);
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
	pthread_cleanup_push(sends_away, (void *)t);
	CHECK_OK(pthread_join(t, NULL));
	pthread_cleanup_pop(0);
}

static void in_waitpid(void)
{
	CHECK_EQ(waitpid(child, NULL, 0), child);
}

static void in_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_OK(sigwait(&set, &sig));
}

static void in_msgrcv(void)
{
	struct { long type; char text[8]; } m;

	CHECK_EQ(msgrcv(queue, &m, sizeof(m.text), 0, 0), 8);
}

static void in_fsync(void)
{
	char block[512] = { 0 };

	for (;;) {
		CHECK_EQ(pwrite(file, block, sizeof(block), 0), sizeof(block));
		CHECK_EQ(fsync(file), 0);
	}
}

static void count(void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
}

static void *runs(void *call)
{
	pthread_cleanup_push(count, &handled);
	count(&begun);
	((void (*)(void))call)();
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel_all(const char *name, void (*call)(void), int n)
{
	static pthread_t t[THREADS];

	begun = handled = 0;
	for (int i = 0; i < n; i++)
		t[i] = check_spawn(runs, (void *)call);
	while (__atomic_load_n(&begun, __ATOMIC_RELAXED) < n)
		usleep(1000);
	check_msleep(10);
	for (int i = 0; i < n; i++)
		CHECK_OK(pthread_cancel(t[i]));
	for (int i = 0; i < n; i++)
		CHECK(check_join(t[i]) == PTHREAD_CANCELED);
	if (handled != n)
		check_fail("%s: %d handlers", name, handled);
}

static int listens(int backlog, struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(fd, (struct sockaddr *)addr, sizeof(*addr)), 0);
	CHECK_EQ(listen(fd, backlog), 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)addr, &len), 0);
	return fd;
}

static void make(void)
{
	char path[] = "/tmp/cancel-many-XXXXXX";
	struct sockaddr_in addr;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	listener = listens(10, &addr);
	full = listens(1, &full_addr);
	queue = msgget(IPC_PRIVATE, 0600);
	CHECK(queue >= 0);
	file = mkstemp(path);
	CHECK(file >= 0);
	unlink(path);
	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	later = check_in_ms(CLOCK_REALTIME, 3600 * 1000);
}

/* What a thousand have waited for works as on the first day. */
static void use_again(void)
{
	struct { long type; char text[8]; } m = { 1, "message" };
	char c = 'c';

	check_write(pair[1], &c, 1);
	check_read(pair[0], &c, 1);
	CHECK_EQ(sem_post(&sem), 0);
	CHECK_EQ(sem_wait(&sem), 0);
	CHECK_EQ(sem_trywait(&sem), -1);
	CHECK_OK(pthread_mutex_trylock(&mutex));
	CHECK_EQ(msgsnd(queue, &m, sizeof(m.text), 0), 0);
	in_msgrcv();
	CHECK_EQ(msgctl(queue, IPC_RMID, NULL), 0);
	CHECK_EQ(kill(child, SIGKILL), 0);
	in_waitpid();
}

int main(void)
{
	make();
#define ALL(call, n) cancel_all(#call, call, n)
	ALL(in_read, THREADS);
	ALL(in_accept, THREADS);
	ALL(in_connect, 500); /* a descriptor each */
	ALL(in_poll, THREADS);
	ALL(in_select, THREADS);
	ALL(in_nanosleep, THREADS);
	ALL(in_cond_wait, THREADS);
	ALL(in_cond_timedwait, THREADS);
	ALL(in_sem_wait, THREADS);
	ALL(in_join, THREADS);
	ALL(in_waitpid, THREADS);
	ALL(in_sigwait, THREADS);
	ALL(in_msgrcv, THREADS);
	ALL(in_fsync, 100);
	use_again();
	puts("ok");
	return 0;
}
