/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a signal: the thread that is named, main for the process, whoever
 * does not block it, whoever waits for it. */
#include "check.h"

#include <stdatomic.h>
#include <sys/types.h>
#include <sys/wait.h>

static atomic_int got_by_main, got_by_other, spinning, inner;
static _Atomic(pthread_t) runner;
static pthread_t main_thread;
static volatile sig_atomic_t order[16], count, value;

static void note(int sig)
{
	(void)sig;
	runner = pthread_self();
	if (pthread_equal(pthread_self(), main_thread))
		atomic_fetch_add(&got_by_main, 1);
	else
		atomic_fetch_add(&got_by_other, 1);
}

static void note_order(int sig)
{
	order[count++] = sig;
}

static void note_value(int sig, siginfo_t *si, void *context)
{
	(void)context;
	CHECK_EQ(si->si_signo, sig);
	CHECK_EQ(si->si_code, SI_QUEUE);
	CHECK_EQ(si->si_pid, getpid());
	CHECK_EQ(si->si_uid, getuid());
	value = value * 10 + si->si_value.sival_int;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction act = { .sa_handler = fn, .sa_flags = flags };

	CHECK_EQ(sigaction(sig, &act, NULL), 0);
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_OK(pthread_sigmask(how, &set, NULL));
}

/* --- threads by number --------------------------------------------------- */

struct numbered {
	atomic_int tid, leave;
};

static void *wait_to_leave(void *arg)
{
	struct numbered *n = arg;

	CHECK(gettid() != getpid());
	atomic_store(&n->tid, gettid());
	while (!atomic_load(&n->leave))
		usleep(1000);
	CHECK_EQ(gettid(), atomic_load(&n->tid));
	return NULL;
}

static void check_numbers(void)
{
	struct numbered n = { 0 };
	pthread_t t = check_spawn(wait_to_leave, &n);
	int tid;

	while (!(tid = atomic_load(&n.tid)))
		sched_yield();
	CHECK_EQ(tgkill(getpid(), tid, 0), 0);
	CHECK_OK(pthread_kill(t, 0));
	CHECK_RC(pthread_kill(t, 1000), EINVAL);
	CHECK_ERRNO(tgkill(getpid(), tid, 1000), EINVAL);
	CHECK_ERRNO(tgkill(getpid(), -1, 0), EINVAL);
	CHECK_EQ(tgkill(getpid(), tid, SIGUSR1), 0);
	while (!atomic_load(&got_by_other))
		sched_yield();
	CHECK(pthread_equal(runner, t));
	atomic_store(&n.leave, 1);
	while (tgkill(getpid(), tid, 0) == 0)
		sched_yield();
	/* It has ended, though nobody has joined it. */
	CHECK_ERRNO(tgkill(getpid(), tid, 0), ESRCH);
	CHECK_OK(pthread_kill(t, 0));
	CHECK_OK(pthread_kill(t, SIGUSR1));
	check_join(t);
	CHECK_EQ(atomic_load(&got_by_other), 1);
	CHECK_EQ(tgkill(getpid(), getpid(), SIGUSR1), 0);
	CHECK_EQ(atomic_load(&got_by_main), 1);
	atomic_store(&got_by_main, 0);
	atomic_store(&got_by_other, 0);
}

/* --- the process --------------------------------------------------------- */

static void *signal_process(void *arg)
{
	usleep(20000);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	return arg;
}

/* Main is asked first: its pause ends, whoever sends. */
static void check_main_first(void)
{
	pthread_t t = check_spawn(signal_process, NULL);

	CHECK_ERRNO(pause(), EINTR);
	CHECK_EQ(atomic_load(&got_by_main), 1);
	check_join(t);
	CHECK_EQ(atomic_load(&got_by_other), 0);
	atomic_store(&got_by_main, 0);
}

static void *take_it(void *arg)
{
	block(SIG_UNBLOCK, SIGUSR1);
	atomic_store(&spinning, 1);
	while (!atomic_load(&got_by_other))
		;
	return arg;
}

/* Main blocks it: another's. */
static void check_other(void)
{
	pthread_t t;

	block(SIG_BLOCK, SIGUSR1);
	atomic_store(&spinning, 0);
	t = check_spawn(take_it, NULL);
	while (!atomic_load(&spinning))
		sched_yield();
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	check_join(t);
	CHECK_EQ(atomic_load(&got_by_other), 1);
	CHECK_EQ(atomic_load(&got_by_main), 0);
	atomic_store(&got_by_other, 0);
	block(SIG_UNBLOCK, SIGUSR1);
}

/* All block it: pending for the process, until somebody does not. */
static void check_pending(void)
{
	sigset_t set;
	pthread_t t;

	block(SIG_BLOCK, SIGUSR1);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(sigismember(&set, SIGUSR1));
	t = check_spawn(take_it, NULL);
	check_join(t);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(!sigismember(&set, SIGUSR1));
	atomic_store(&got_by_other, 0);
	block(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(atomic_load(&got_by_main), 0);
}

/* --- what is pending ----------------------------------------------------- */

static void *leave_pending(void *arg)
{
	block(SIG_BLOCK, SIGUSR2);
	CHECK_EQ(raise(SIGUSR2), 0);
	return arg;
}

static void *has_none(void *arg)
{
	sigset_t set;

	CHECK_EQ(sigpending(&set), 0);
	CHECK(!sigismember(&set, SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR2);
	CHECK_EQ(count, 0);
	return arg;
}

/* What a thread leaves is nobody's; what is ignored is gone. */
static void check_left(void)
{
	sigset_t set;

	handle(SIGUSR2, note_order, 0);
	for (int i = 0; i < 50; i++) {
		check_join(check_spawn(leave_pending, NULL));
		check_join(check_spawn(has_none, NULL));
	}
	leave_pending(NULL);
	handle(SIGUSR2, SIG_IGN, 0);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(!sigismember(&set, SIGUSR2));
	handle(SIGUSR2, note_order, 0);
	has_none(NULL);
}

/* The lowest number is asked first, so that its handler is the last to begin
 * and … the kernel makes all frames first. */
static void check_order(void)
{
	sigset_t set;
	int i;

	sigemptyset(&set);
	for (i = 0; i < 4; i++) {
		handle(SIGRTMIN + i, note_order, 0);
		sigaddset(&set, SIGRTMIN + i);
	}
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (i = 3; i >= 0; i--) {
		CHECK_EQ(raise(SIGRTMIN + i), 0);
		CHECK_EQ(raise(SIGRTMIN + i), 0);
	}
	CHECK_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(count, 8);
	printf("order:");
	for (i = 0; i < 8; i++)
		printf(" %d", order[i] - SIGRTMIN);
	puts("");
	count = 0;
}

static void check_values(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };

	act.sa_sigaction = note_value;
	CHECK_EQ(sigaction(SIGRTMIN, &act, NULL), 0);
	value = 0;
	block(SIG_BLOCK, SIGRTMIN);
	for (int i = 1; i <= 4; i++) {
		union sigval v = { .sival_int = i };

		if (i & 1)
			CHECK_OK(pthread_sigqueue(pthread_self(), SIGRTMIN,
						  v));
		else
			CHECK_EQ(sigqueue(getpid(), SIGRTMIN, v), 0);
	}
	block(SIG_UNBLOCK, SIGRTMIN);
	CHECK_EQ(value, 1324); /* a thread's own, then the process's */
	CHECK_RC(pthread_sigqueue(pthread_self(), 1000, (union sigval){ 0 }),
		 EINVAL);
	CHECK_EQ(sigqueue(getpid(), 0, (union sigval){ 0 }), 0);
}

/* --- a handler that waits for another's ---------------------------------- */

static void note_inner(int sig)
{
	(void)sig;
	atomic_store(&inner, 1);
}

static void spin_for_inner(int sig)
{
	(void)sig;
	atomic_store(&spinning, 1);
	while (!atomic_load(&inner))
		;
}

static void *spin(void *arg)
{
	while (!atomic_load(&inner))
		;
	return arg;
}

static void check_nested(void)
{
	pthread_t t;

	handle(SIGUSR1, spin_for_inner, 0);
	handle(SIGUSR2, note_inner, 0);
	atomic_store(&spinning, 0);
	t = check_spawn(spin, NULL);
	CHECK_OK(pthread_kill(t, SIGUSR1));
	while (!atomic_load(&spinning))
		usleep(1000);
	CHECK_OK(pthread_kill(t, SIGUSR2));
	check_join(t);
}

/* --- the end ------------------------------------------------------------- */

static void *end_process(void *arg)
{
	int sig = *(int *)arg;

	if (sig == SIGABRT)
		abort();
	if (sig == SIGTERM)
		kill(getpid(), sig);
	else
		raise(sig);
	_exit(77);
}

static void check_default(int sig)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		alarm(30);
		check_join(check_spawn(end_process, &sig));
		_exit(78);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		check_fail("signal %d: status %#x", sig, status);
}

int main(void)
{
	main_thread = pthread_self();
	handle(SIGUSR1, note, 0);
	check_join(check_spawn(has_none, NULL)); /* there are threads now */
	check_numbers();
	check_main_first();
	check_other();
	check_pending();
	check_left();
	check_order();
	check_values();
	check_nested();
	check_default(SIGTERM);
	check_default(SIGINT);
	check_default(SIGABRT);
	check_default(SIGSEGV);
	check_default(SIGRTMIN + 5);
	puts("each signal found its thread");
	return 0;
}
