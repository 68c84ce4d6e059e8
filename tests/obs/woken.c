/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that all wait, but something will wake them after half a second. */
#define _GNU_SOURCE
#include "stuck.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms % 1000 * 1000000;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* A child that does something after a while, and ends. */
static pid_t child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		nap();
		fn();
		_exit(0);
	}
	return pid;
}

static void *posts_later(void *arg)
{
	nap();
	sem_post(&sem);
	return arg;
}

static void sleeper(void)
{
	spawn(posts_later, NULL);
	sem_wait(&sem);
}

static void timed_cond(void)
{
	struct timespec t = after(CLOCK_REALTIME, MS);
	pthread_cond_t own = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&a);
	pthread_cond_timedwait(&own, &a, &t);
}

static void timed_mutex(void)
{
	struct timespec t = after(CLOCK_REALTIME, MS);

	pthread_mutex_lock(&a);
	pthread_mutex_timedlock(&a, &t);
}

static void timed_sem(void)
{
	struct timespec t = after(CLOCK_REALTIME, MS);

	sem_timedwait(&sem, &t);
}

static void post(int signo)
{
	(void)signo;
	sem_post(&sem);
}

static void wait_for_post(void)
{
	while (sem_wait(&sem) && errno == EINTR)
		;
}

static void itimer(void)
{
	struct itimerval it = { .it_value = { 0, MS * 1000 } };

	signal(SIGALRM, post);
	setitimer(ITIMER_REAL, &it, NULL);
	wait_for_post();
}

static void posix_timer(void)
{
	struct itimerspec it = { .it_value = { 0, MS * 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	timer_t timer;

	signal(SIGUSR1, post);
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer))
		exit(1);
	timer_settime(timer, 0, &it, NULL);
	wait_for_post();
}

static void on_timer(union sigval v)
{
	(void)v;
	sem_post(&sem);
}

static void thread_timer(void)
{
	struct itimerspec it = { .it_value = { 0, MS * 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_timer };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &ev, &timer))
		exit(1);
	timer_settime(timer, 0, &it, NULL);
	sem_wait(&sem);
}

static void kill_parent(void)
{
	kill(getppid(), SIGUSR1);
}

static void signal_from_child(void)
{
	signal(SIGUSR1, post);
	child(kill_parent);
	wait_for_post();
}

/* Blocked in every thread, before there is a second. */
void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void sigwait_child(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	child(kill_parent);
	sigwait(&set, &signo);
}

static void nothing(void)
{
}

static void wait_child(void)
{
	waitpid(child(nothing), NULL, 0);
}

static void write_pipe(void)
{
	if (write(ends[1], "x", 1) != 1)
		_exit(1);
}

static void pipe_child(void)
{
	char byte;

	child(write_pipe);
	if (read(ends[0], &byte, 1) != 1)
		exit(1);
}

static void *reads_then_posts(void *arg)
{
	char byte;

	if (read(ends[0], &byte, 1) == 1)
		sem_post(&sem);
	return arg;
}

static void pipe_behind(void)
{
	child(write_pipe);
	spawn(reads_then_posts, NULL);
	sem_wait(&sem);
}

static void poll_pipe(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };

	child(write_pipe);
	poll(&p, 1, -1);
}

static void select_pipe(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	child(write_pipe);
	select(ends[0] + 1, &set, NULL, NULL, NULL);
}

static void epoll_pipe(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int set = epoll_create1(0);

	epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &ev);
	child(write_pipe);
	epoll_wait(set, &ev, 1, -1);
}

static void timer_fd(void)
{
	struct itimerspec it = { .it_value = { 0, MS * 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n;

	timerfd_settime(fd, 0, &it, NULL);
	if (read(fd, &n, sizeof(n)) != sizeof(n))
		exit(1);
}

static void *shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static sem_t *between;

static void post_between(void)
{
	sem_post(between);
}

static void shared_sem(void)
{
	between = shared(sizeof(*between));
	sem_init(between, 1, 0);
	child(post_between);
	sem_wait(between);
}

/* The child holds the mutex, and lets it go. */
static void shared_mutex(void)
{
	struct {
		pthread_mutex_t mutex;
		sem_t locked;
	} *s = shared(sizeof(*s));
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attr);
	sem_init(&s->locked, 1, 0);
	if (fork() == 0) {
		pthread_mutex_lock(&s->mutex);
		sem_post(&s->locked);
		nap();
		pthread_mutex_unlock(&s->mutex);
		_exit(0);
	}
	sem_wait(&s->locked);
	pthread_mutex_lock(&s->mutex);
}

static void file_lock(void)
{
	char path[] = "/tmp/zag-stuck-XXXXXX", byte;
	int fd = mkstemp(path);

	if (fork() == 0) {
		int own = open(path, O_RDWR);

		flock(own, LOCK_EX);
		write_pipe();
		nap();
		_exit(0);
	}
	if (read(ends[0], &byte, 1) != 1)
		exit(1);
	flock(fd, LOCK_EX);
	unlink(path);
}

static int queue;

static void send_message(void)
{
	struct {
		long type;
		char text[1];
	} m = { 1, "x" };

	msgsnd(queue, &m, 1, 0);
}

static void message(void)
{
	struct {
		long type;
		char text[1];
	} m;

	queue = msgget(IPC_PRIVATE, 0600);
	child(send_message);
	msgrcv(queue, &m, 1, 0, 0);
	msgctl(queue, IPC_RMID, NULL);
}

static void *spins(void *arg)
{
	struct timespec until = after(CLOCK_MONOTONIC, MS), now;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < until.tv_sec ||
		 (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
	sem_post(&sem);
	return arg;
}

static void busy(void)
{
	spawn(spins, NULL);
	sem_wait(&sem);
}

static void paused(void)
{
	signal(SIGUSR1, post);
	child(kill_parent);
	pause();
}

const struct stuck_case woken_cases[] = {
	{ "sleeper", sleeper },
	{ "timed-cond", timed_cond },
	{ "timed-mutex", timed_mutex },
	{ "timed-sem", timed_sem },
	{ "itimer", itimer },
	{ "posix-timer", posix_timer },
	{ "thread-timer", thread_timer },
	{ "signal", signal_from_child },
	{ "sigwait", sigwait_child },
	{ "waitpid", wait_child },
	{ "pipe", pipe_child },
	{ "pipe-behind", pipe_behind },
	{ "poll", poll_pipe },
	{ "select", select_pipe },
	{ "epoll", epoll_pipe },
	{ "timerfd", timer_fd },
	{ "shared-sem", shared_sem },
	{ "shared-mutex", shared_mutex },
	{ "flock", file_lock },
	{ "msgrcv", message },
	{ "busy", busy },
	{ "pause", paused },
	{ NULL, NULL },
};
