/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal ends a blocking call with EINTR, or the call goes on: SA_RESTART. */
#include "check.h"

#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static atomic_int hits, ended;
static sem_t sem;
static pthread_t target, killer;
static void (*finish)(void);
static int pipefd[2], pair[2], listener = -1, child_pipe[2];
static struct sockaddr_in address;

static void handler(int sig)
{
	(void)sig;
	atomic_fetch_add(&hits, 1);
}

static void install(int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
}

/* Signals the target until its call has ended, whenever that began. */
static void *interrupt(void *arg)
{
	do {
		check_msleep(20);
		if (!atomic_load(&ended))
			CHECK_OK(pthread_kill(target, SIGUSR1));
	} while (!atomic_load(&ended));
	return arg;
}

/* Signals the target some times, and then lets its call succeed. */
static void *disturb(void *arg)
{
	int i;

	for (i = 0; i < 3; i++) {
		check_msleep(15);
		CHECK_OK(pthread_kill(target, SIGUSR1));
	}
	while (atomic_load(&hits) == 0)
		check_msleep(1);
	CHECK(!atomic_load(&ended));
	finish();
	return arg;
}

static void arm(void *(*fn)(void *), void (*last)(void))
{
	atomic_store(&hits, 0);
	atomic_store(&ended, 0);
	target = pthread_self();
	finish = last;
	install(last ? SA_RESTART : 0);
	killer = check_spawn(fn, NULL);
}

static void disarm(void)
{
	check_join(killer);
	CHECK(atomic_load(&hits) > 0);
}

/* The call fails with EINTR. */
#define INTERRUPTED(call)						\
	do {								\
		arm(interrupt, NULL);					\
		errno = 0;						\
		long long r_ = (long long)(call);			\
		int e_ = errno;						\
		atomic_store(&ended, 1);				\
		if (r_ != -1 || e_ != EINTR)				\
			check_fail("%s is %lld, errno %d", #call, r_, e_);\
		disarm();						\
	} while (0)

/* It fails with EINTR whatever the handler's flags are. */
#define ALWAYS(call)							\
	do {								\
		for (int flags = 0; flags < 2; flags++) {		\
			arm(interrupt, flags ? write_pipe : NULL);	\
			errno = 0;					\
			long long r_ = (long long)(call);		\
			int e_ = errno;					\
			atomic_store(&ended, 1);			\
			if (r_ != -1 || e_ != EINTR)			\
				check_fail("%s is %lld, errno %d",	\
					   #call, r_, e_);		\
			disarm();					\
		}							\
	} while (0)

/* The call survives the signals, and yields this once last has run. */
#define RESTARTED(call, want, last)					\
	do {								\
		arm(disturb, last);					\
		errno = 0;						\
		long long r_ = (long long)(call);			\
		int e_ = errno;						\
		atomic_store(&ended, 1);				\
		if (r_ != (want))					\
			check_fail("%s is %lld, errno %d", #call, r_, e_);\
		disarm();						\
	} while (0)

static void write_pipe(void)
{
	check_write(pipefd[1], "x", 1);
}

static void write_pair(void)
{
	check_write(pair[1], "x", 1);
}

static void post(void)
{
	CHECK_EQ(sem_post(&sem), 0);
}

static void end_child(void)
{
	check_write(child_pipe[1], "x", 1);
}

static void connect_it(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK_EQ(connect(fd, (void *)&address, sizeof address), 0);
	CHECK_EQ(close(fd), 0);
}

static int accept_one(void)
{
	int fd = accept(listener, NULL, NULL);

	return fd < 0 ? fd : close(fd);
}

static void check_descriptors(void)
{
	char c;

	INTERRUPTED(read(pipefd[0], &c, 1));
	RESTARTED(read(pipefd[0], &c, 1), 1, write_pipe);
	INTERRUPTED(recv(pair[0], &c, 1, 0));
	RESTARTED(recv(pair[0], &c, 1, 0), 1, write_pair);
	INTERRUPTED(accept_one());
	RESTARTED(accept_one(), 0, connect_it);
}

/* These fail with EINTR whatever the handler's flags are. */
static void check_never_restarted(void)
{
	struct pollfd pfd = { pipefd[0], POLLIN, 0 };
	struct timespec ten = { 10, 0 }, left = { 0, 0 };
	struct timeval tv = { 10, 0 };
	fd_set set;

	ALWAYS(poll(&pfd, 1, -1));
	ALWAYS(poll(&pfd, 1, 10000));
	ALWAYS(ppoll(&pfd, 1, &ten, NULL));
	FD_ZERO(&set);
	FD_SET(pipefd[0], &set);
	ALWAYS(select(pipefd[0] + 1, &set, NULL, NULL, NULL));
	CHECK(FD_ISSET(pipefd[0], &set));
	ALWAYS(select(pipefd[0] + 1, &set, NULL, NULL, &tv));
	ALWAYS(pselect(0, NULL, NULL, NULL, &ten, NULL));
	ALWAYS(nanosleep(&ten, &left));
	CHECK(left.tv_sec < 10 && (left.tv_sec || left.tv_nsec));
	ALWAYS(usleep(9000000));
	ALWAYS(sleep(10) > 0 ? (errno = EINTR, -1) : 0);
}

static void check_sem(void)
{
	struct timespec late = check_in_ms(CLOCK_REALTIME, 20000);

	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	INTERRUPTED(sem_wait(&sem));
	RESTARTED(sem_wait(&sem), 0, post);
	INTERRUPTED(sem_timedwait(&sem, &late));
	ALWAYS(sem_timedwait(&sem, &late));
	ALWAYS(sem_clockwait(&sem, CLOCK_REALTIME, &late));
	CHECK_EQ(sem_destroy(&sem), 0);
}

static uint32_t word;

static void change_word(void)
{
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1);
}

/* When it begins again, it may find the word changed already. */
static long unless_changed(long r, long want)
{
	return r < 0 && errno == EAGAIN && word ? want : r;
}

/* With a time it is not begun again, without one it is. */
static void check_futex(int form)
{
	struct timespec ten = { 10, 0 };
	struct timespec late = check_in_ms(CLOCK_MONOTONIC, 20000);

	word = 0;
	INTERRUPTED(syscall(SYS_futex, &word, FUTEX_WAIT | form, 0, NULL));
	ALWAYS(syscall(SYS_futex, &word, FUTEX_WAIT | form, 0, &ten));
	ALWAYS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | form, 0, &late,
		       NULL, FUTEX_BITSET_MATCH_ANY));
	ALWAYS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | form, 0, &late,
		       NULL, 2));
	INTERRUPTED(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | form, 0, NULL,
			    NULL, 2));
	RESTARTED(unless_changed(syscall(SYS_futex, &word, FUTEX_WAIT | form,
					 0, NULL), 0), 0, change_word);
}

#ifdef SYS_futex_waitv
static void check_futexes(void)
{
	struct timespec late = check_in_ms(CLOCK_MONOTONIC, 20000);
	struct futex_waitv v[2] = {
		{ .uaddr = (uintptr_t)&late, .val = (uint32_t)late.tv_sec,
		  .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG },
		{ .uaddr = (uintptr_t)&word,
		  .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG },
	};

	word = 0;
	if (syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) < 0 &&
	    errno != EINVAL)
		return;
	INTERRUPTED(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0));
	INTERRUPTED(syscall(SYS_futex_waitv, v, 2, 0, &late, CLOCK_MONOTONIC));
	RESTARTED(unless_changed(syscall(SYS_futex_waitv, v, 2, 0, &late,
					 CLOCK_MONOTONIC), 1), 1, change_word);
}
#endif

static void check_wait(void)
{
	int status = -1;
	struct rusage usage;
	siginfo_t info;
	pid_t pid;
	char c;

	CHECK_EQ(pipe(child_pipe), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(read(child_pipe[0], &c, 1) == 1 ? 3 : 4);
	INTERRUPTED(waitpid(pid, &status, 0));
	INTERRUPTED(wait(&status));
	INTERRUPTED(waitid(P_PID, (id_t)pid, &info, WEXITED));
	INTERRUPTED(syscall(SYS_waitid, P_PID, pid, &info, WEXITED, &usage));
	RESTARTED(waitpid(pid, &status, 0), pid, end_child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void *run(void *arg)
{
	check_descriptors();
	check_never_restarted();
	check_sem();
	check_futex(0);
	check_futex(FUTEX_PRIVATE_FLAG);
#ifdef SYS_futex_waitv
	check_futexes();
#endif
	check_wait();
	return arg;
}

int main(void)
{
	socklen_t len = sizeof address;

	CHECK_EQ(pipe(pipefd), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(listener >= 0);
	CHECK_EQ(bind(listener, (void *)&address, len), 0);
	CHECK_EQ(listen(listener, 8), 0);
	CHECK_EQ(getsockname(listener, (void *)&address, &len), 0);
	run(NULL);
	check_join(check_spawn(run, NULL));
	puts("interrupted and restarted");
	return 0;
}
