/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a program that knows nothing of limits, under each of them;
 * the argument says which. */
#include "../prog/check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>

static int quiet[2], talks[2], own[2], pipe_fd[2], full[2], listener;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int live, handled;
static volatile int stop;

static long long ms_since(long long start)
{
	return (check_now(CLOCK_MONOTONIC) - start) / CHECK_MS;
}

/* --- --io-timeout=300ms --------------------------------------------------- */

static void *reads_quiet(void *arg)
{
	long long start = check_now(CLOCK_MONOTONIC);
	char c;

	CHECK_ERRNO(read(quiet[0], &c, 1), ETIMEDOUT);
	CHECK(ms_since(start) >= 290 && ms_since(start) < 5000);
	CHECK_ERRNO(recv(quiet[0], &c, 1, 0), ETIMEDOUT);
	return arg;
}

static void *writes_full(void *arg)
{
	static char much[1 << 20];

	/* A part; then there is no room. */
	CHECK(write(full[0], much, sizeof(much)) > 0);
	CHECK_ERRNO(write(full[0], much, sizeof(much)), ETIMEDOUT);
	return arg;
}

static void *reads_talk(void *arg)
{
	char c;

	for (int i = 0; i < 8; i++)
		CHECK_EQ(read(talks[0], &c, 1), 1);
	return arg;
}

/* What the program asks for itself is what it gets. */
static void *reads_own(void *arg)
{
	struct timeval tv = { 0, 700000 };
	long long start = check_now(CLOCK_MONOTONIC);
	char c;

	CHECK_EQ(setsockopt(own[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)),
		 0);
	CHECK_ERRNO(read(own[0], &c, 1), EAGAIN);
	CHECK(ms_since(start) >= 690);
	return arg;
}

static void *reads_pipe(void *arg)
{
	char c;

	CHECK_EQ(read(pipe_fd[0], &c, 1), 1);
	return arg;
}

static void *accepts(void *arg)
{
	int fd = accept(listener, NULL, NULL);

	CHECK(fd >= 0);
	return arg;
}

static void *polls(void *arg)
{
	struct pollfd p = { quiet[0], POLLIN, 0 };

	CHECK_EQ(poll(&p, 1, 800), 0);
	return arg;
}

static void limit_io(void)
{
	void *(*const fns[])(void *) = { reads_quiet, writes_full, reads_talk,
					 reads_own, reads_pipe, accepts, polls };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	pthread_t t[7];

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(bind(listener, (struct sockaddr *)&addr, len), 0);
	CHECK_EQ(listen(listener, 1), 0);
	CHECK_EQ(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	for (int i = 0; i < 7; i++)
		t[i] = check_spawn(fns[i], NULL);
	for (int i = 0; i < 8; i++) {
		check_msleep(100);
		check_write(talks[1], "t", 1);
	}
	check_write(pipe_fd[1], "p", 1);
	CHECK_EQ(connect(socket(AF_INET, SOCK_STREAM, 0),
			 (struct sockaddr *)&addr, len), 0);
	for (int i = 0; i < 7; i++)
		check_join(t[i]);
}

/* --- --fiber-timeout=300ms ------------------------------------------------ */

/* Once its time is over, whatever it waits for fails, and at once. */
static void every_wait_fails(void)
{
	long long start = check_now(CLOCK_MONOTONIC);
	struct timespec t = { 60, 0 };
	struct pollfd p = { quiet[0], POLLIN, 0 };
	char c;

	CHECK_ERRNO(nanosleep(&t, NULL), ETIMEDOUT);
	CHECK_ERRNO(read(quiet[0], &c, 1), ETIMEDOUT);
	CHECK_ERRNO(read(pipe_fd[0], &c, 1), ETIMEDOUT);
	CHECK_ERRNO(accept(listener, NULL, NULL), ETIMEDOUT);
	CHECK_ERRNO(poll(&p, 1, -1), ETIMEDOUT);
	CHECK_ERRNO(sem_wait(&sem), ETIMEDOUT);
	/* A connection also where it would not block. */
	CHECK_ERRNO(send(talks[1], "x", 1, 0), ETIMEDOUT);
	CHECK_ERRNO(write(talks[1], "x", 1), ETIMEDOUT);
	CHECK(ms_since(start) < 5000);
}

/* What does not wait works, so does what ends the work. */
static void the_rest_works(void)
{
	int fd = open("/dev/null", O_WRONLY);

	CHECK(fd >= 0);
	check_write(fd, "x", 1);
	CHECK_EQ(close(fd), 0);
	check_write(pipe_fd[1], "x", 1);
	check_read(pipe_fd[0], &(char){ 0 }, 1);
	CHECK_EQ(close(dup(talks[0])), 0);
	CHECK_OK(pthread_mutex_lock(&mutex)); /* held by main for a while */
	CHECK_OK(pthread_mutex_unlock(&mutex));
}

static void *sleeps(void *arg)
{
	struct timespec t = { 60, 0 };
	long long start = check_now(CLOCK_MONOTONIC);

	CHECK_ERRNO(nanosleep(&t, NULL), ETIMEDOUT);
	CHECK(ms_since(start) >= 250 && ms_since(start) < 5000);
	every_wait_fails();
	the_rest_works();
	return arg;
}

/* Woken once without a reason; it looks, and waits on. */
static void *waits(void *arg)
{
	int woken = 0;

	CHECK_OK(pthread_mutex_lock(&other));
	while (!stop) {
		CHECK_OK(pthread_cond_wait(&cond, &other));
		woken++;
	}
	CHECK_OK(pthread_mutex_unlock(&other));
	CHECK(woken <= 3);
	CHECK_ERRNO(sem_wait(&sem), ETIMEDOUT);
	return arg;
}

static void limit_fibers(void)
{
	pthread_t a, b;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(listen(listener, 1), 0);
	CHECK_OK(pthread_mutex_lock(&mutex));
	a = check_spawn(sleeps, NULL);
	b = check_spawn(waits, NULL);
	check_msleep(900); /* main has no such limit */
	CHECK_OK(pthread_mutex_unlock(&mutex));
	CHECK_OK(pthread_mutex_lock(&other));
	stop = 1;
	CHECK_OK(pthread_cond_signal(&cond));
	CHECK_OK(pthread_mutex_unlock(&other));
	check_join(a);
	check_join(b);
}

/* --- the same with --cancel=unwind ---------------------------------------- */

static void note(void *arg)
{
	++*(int *)arg;
}

static void *unwound(void *arg)
{
	char c;

	pthread_cleanup_push(note, &handled);
	read(quiet[0], &c, 1);
	pthread_cleanup_pop(0);
	return arg;
}

static void unwind_fibers(void)
{
	CHECK(check_join(check_spawn(unwound, NULL)) == PTHREAD_CANCELED);
	CHECK_EQ(handled, 1);
}

/* --- --max-fibers=10 ------------------------------------------------------ */

static void *lives(void *arg)
{
	int now = __atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);

	CHECK(now < 10); /* and main */
	usleep(2000);
	__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
	return arg;
}

static void limit_number(void)
{
	enum { MANY = 300 };
	pthread_t t[MANY];

	for (int i = 0; i < MANY; i++)
		t[i] = check_spawn(lives, NULL);
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
}

int main(int argc, char **argv)
{
	CHECK_EQ(argc, 2);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, quiet), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, talks), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, own), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, full), 0);
	CHECK_EQ(pipe(pipe_fd), 0);
	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	switch (*argv[1]) {
	case 'i':
		limit_io();
		break;
	case 'f':
		limit_fibers();
		break;
	case 'u':
		unwind_fibers();
		break;
	case 'n':
		limit_number();
		break;
	}
	puts("ok");
	return 0;
}
