/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers that leave by siglongjmp; the masks that jumps save and restore. */
#include "check.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define ROUNDS 300

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t jumps, armed;
static atomic_int turn, stop;
static pthread_t target;
static int pipefd[2];

static void leave(int sig)
{
	if (!armed)
		return;
	armed = 0;
	jumps++;
	siglongjmp(back, sig);
}

static int blocked(int sig)
{
	sigset_t now;

	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
	return sigismember(&now, sig);
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_OK(pthread_sigmask(how, &set, NULL));
}

/* What is saved with the jump is restored by it, and only then. */
static void check_masks(void)
{
	sigjmp_buf with, without;
	jmp_buf plain;

	block(SIG_BLOCK, SIGUSR2);
	if (sigsetjmp(with, 1) == 0) {
		block(SIG_UNBLOCK, SIGUSR2);
		block(SIG_BLOCK, SIGWINCH);
		siglongjmp(with, 1);
	}
	CHECK(blocked(SIGUSR2));
	CHECK(!blocked(SIGWINCH));
	if (sigsetjmp(without, 0) == 0) {
		block(SIG_UNBLOCK, SIGUSR2);
		siglongjmp(without, 1);
	}
	CHECK(!blocked(SIGUSR2));
	if (setjmp(plain) == 0) {
		block(SIG_BLOCK, SIGUSR2);
		longjmp(plain, 1);
	}
	CHECK(blocked(SIGUSR2));
	/* The same one again. */
	if (sigsetjmp(with, 1) < 3) {
		static __thread volatile int times;

		block(SIG_UNBLOCK, SIGUSR2);
		siglongjmp(with, ++times);
	}
	CHECK(blocked(SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR2);
}

/* What was blocked and is pending comes when the jump unblocks it. */
static void check_pending(void)
{
	volatile int before = jumps;

	block(SIG_BLOCK, SIGUSR1);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(jumps, before);
	block(SIG_BLOCK, SIGUSR2);
	if (sigsetjmp(back, 1) == 0) {
		armed = 1;
		block(SIG_UNBLOCK, SIGUSR1);
		check_fail("SIGUSR1 was not delivered");
	}
	CHECK_EQ(jumps, before + 1);
	CHECK(blocked(SIGUSR1)); /* as it was at sigsetjmp */
	CHECK(blocked(SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR1);
	block(SIG_UNBLOCK, SIGUSR2);
}

static void spin(void)
{
	while (armed)
		;
}

static void sleep_long(void)
{
	while (armed)
		sleep(20);
}

static void read_nothing(void)
{
	char c;

	while (armed)
		CHECK(read(pipefd[0], &c, 1) < 0);
}

static void suspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	while (armed)
		sigsuspend(&none);
}

static void wait_lock(void)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_OK(pthread_mutex_unlock(&m));
	(void)c;
	while (armed)
		sched_yield();
}

static void (*const ways[])(void) = {
	spin, sleep_long, read_nothing, suspend, wait_lock,
};

/* Signals the target once for each round. */
static void *sender(void *arg)
{
	int seen = 0;

	while (!atomic_load(&stop)) {
		if (atomic_load(&turn) == seen) {
			sched_yield();
			continue;
		}
		seen = atomic_load(&turn);
		while (atomic_load(&turn) == seen && !atomic_load(&stop)) {
			CHECK_OK(pthread_kill(target, SIGUSR1));
			check_msleep(1);
		}
	}
	return arg;
}

static void check_leaving(void)
{
	volatile int i, before = jumps;
	pthread_t t;

	target = pthread_self();
	atomic_store(&stop, 0);
	atomic_store(&turn, 0);
	t = check_spawn(sender, NULL);
	for (i = 0; i < ROUNDS; i++) {
		if (sigsetjmp(back, 1) == 0) {
			armed = 1;
			atomic_fetch_add(&turn, 1);
			ways[i % 5]();
			check_fail("round %d was not left", i);
		}
		CHECK(!blocked(SIGUSR1));
	}
	atomic_store(&stop, 1);
	check_join(t);
	CHECK_EQ(jumps, before + ROUNDS);
}

/* In a child, natively again, a jump of the parent's is good. */
static void check_child(void)
{
	sigjmp_buf env;
	int status;
	pid_t pid;

	block(SIG_BLOCK, SIGUSR2);
	if (sigsetjmp(env, 1) == 0) {
		block(SIG_UNBLOCK, SIGUSR2);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			siglongjmp(env, 1);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
		return;
	}
	CHECK(blocked(SIGUSR2));
	_exit(9);
}

static void *run(void *arg)
{
	check_masks();
	check_pending();
	check_leaving();
	check_child();
	return arg;
}

/* A buffer filled before there are threads is good after, too. */
static void check_before(void)
{
	static sigjmp_buf env;
	static volatile int done;

	block(SIG_BLOCK, SIGUSR2);
	if (sigsetjmp(env, 1) == 0) {
		block(SIG_UNBLOCK, SIGUSR2);
		check_join(check_spawn(run, NULL));
		done = 1;
		siglongjmp(env, 1);
	}
	CHECK(done && blocked(SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR2);
}

int main(void)
{
	struct sigaction act = { .sa_handler = leave };

	CHECK_EQ(pipe(pipefd), 0);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	check_before();
	run(NULL);
	check_join(check_spawn(run, NULL));
	puts("masks jumped with the threads");
	return 0;
}
