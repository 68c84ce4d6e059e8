/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waits until a time of CLOCK_REALTIME, which is set meanwhile: not the
 * machine's, but the one that libclock.so, preloaded, shows to this program and
 * to the runtime.  Where the kernel keeps the time, the program says which
 * clock that is.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 3600 };

static volatile int *offset; /* libclock.so's */
static volatile int back;

static struct timespec in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static struct timespec until;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static mqd_t queue;
static pthread_t sleeper;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static void *sleeps(void *arg)
{
	must(!clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL),
	     "clock_nanosleep");
	__atomic_add_fetch(&back, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void *waits(void *arg)
{
	char c;
	int r;

	switch ((long)arg) {
	case 0:
		r = pthread_mutex_timedlock(&mutex, &until);
		break;
	case 1:
		pthread_mutex_lock(&own);
		r = pthread_cond_timedwait(&cond, &own, &until);
		pthread_mutex_unlock(&own);
		break;
	case 2:
		r = pthread_rwlock_timedrdlock(&rwlock, &until);
		break;
	case 3:
		r = sem_timedwait(&sem, &until) ? errno : 0;
		break;
	case 4:
		r = mq_timedreceive(queue, &c, 1, NULL, &until) < 0 ? errno
								    : 0;
		break;
	default:
		r = pthread_timedjoin_np(sleeper, NULL, &until);
		if (r == EBUSY) /* it was faster */
			r = ETIMEDOUT;
		if (r == 0) {
			sleeper = 0;
			r = ETIMEDOUT;
		}
	}
	must(r == ETIMEDOUT, "a timed wait");
	__atomic_add_fetch(&back, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* The kernel's own call: the descriptor is the runtime's. */
static void go_off(int fd)
{
	struct itimerspec past = { .it_value = { 0, 1 } };

	must(!syscall(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &past, NULL),
	     "timerfd_settime");
}

/* The runtime's timers: how many of CLOCK_REALTIME are set, to absolute times;
 * fn is called for each. */
static int timers(void (*fn)(int fd))
{
	DIR *d = opendir("/proc/self/fdinfo");
	struct dirent *e;
	char text[512];
	int n = 0;

	while ((e = readdir(d))) {
		int fd = openat(dirfd(d), e->d_name, O_RDONLY);
		ssize_t len = read(fd, text, sizeof text - 1);

		close(fd);
		text[len > 0 ? len : 0] = 0;
		if (!strstr(text, "clockid: 0\n") ||
		    !strstr(text, "settime flags: 01") ||
		    strstr(text, "it_value: (0, 0)"))
			continue;
		n++;
		if (fn)
			fn(atoi(e->d_name));
	}
	closedir(d);
	return n;
}

/* As the kernel does when its clock is set forward: a timer whose time has come
 * by that goes off. */
static void set_forward(int seconds)
{
	*offset = seconds;
	timers(go_off);
}

static void all(long ms, pthread_t t[6])
{
	back = 0;
	until = in_ms(ms);
	must(!pthread_create(&sleeper, NULL, sleeps, NULL), "pthread_create");
	for (long i = 0; i < 6; i++)
		must(!pthread_create(&t[i], NULL, waits, (void *)i),
		     "pthread_create");
}

static void join_all(pthread_t t[6])
{
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	if (sleeper)
		pthread_join(sleeper, NULL);
}

int main(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	pthread_t t[6];
	char name[32];

	offset = dlsym(RTLD_DEFAULT, "clock_offset");
	must(offset != NULL, "preloading libclock.so");
	snprintf(name, sizeof name, "/clock-set-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	must(queue >= 0, "mq_open");
	mq_unlink(name);
	sem_init(&sem, 0, 0);
	pthread_mutex_lock(&mutex);
	pthread_rwlock_wrlock(&rwlock);

	all(2L * HOUR * 1000, t);
	nap(50);
	must(back == 0, "waiting");
	while (timers(NULL) < 1)
		nap(10);
	set_forward(3 * HOUR);
	join_all(t);
	puts("set forward: all are back");

	all(1000, t);
	nap(20);
	*offset = 2 * HOUR;
	nap(1500); /* beyond `until`, had it not been set */
	printf("set back: %d are back\n", back);
	set_forward(3 * HOUR);
	join_all(t);
	puts("in time: all are back");
	return 0;
}
