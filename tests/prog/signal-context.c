/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that switch stacks: swapcontext, and coroutines made on an alternate
 * signal stack; they take their signal mask along. */
#include "check.h"

#include <setjmp.h>
#include <stdint.h>
#include <ucontext.h>

#define THREADS 8
#define SWITCHES 2000
#define STACK (64 * 1024)

struct coroutine {
	ucontext_t context, caller;
	char *stack;
	int count, ended;
	pthread_t thread;
};

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

/* --- swapcontext --------------------------------------------------------- */

/* Parks in between: its thread may go on elsewhere. */
static void body(int high, int low, int a, int b, int c, int d, int e, int f)
{
	struct coroutine *co = (struct coroutine *)
		((uintptr_t)(unsigned)high << 32 | (unsigned)low);
	struct timespec short_time = { 0, 1000 };

	CHECK(a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6);
	CHECK(blocked(SIGUSR2)); /* as when it was made */
	block(SIG_UNBLOCK, SIGUSR2);
	for (int i = 0; i < SWITCHES; i++) {
		CHECK(pthread_equal(co->thread, pthread_self()));
		CHECK(!blocked(SIGUSR2));
		co->count++;
		if (i % 100 == 0)
			nanosleep(&short_time, NULL);
		if (i % 7 == 0)
			sched_yield();
		CHECK_EQ(swapcontext(&co->context, &co->caller), 0);
	}
	co->ended = 1;
}

static void make(struct coroutine *co)
{
	uintptr_t p = (uintptr_t)co;

	co->stack = malloc(STACK);
	CHECK(co->stack);
	co->thread = pthread_self();
	block(SIG_BLOCK, SIGUSR2);
	CHECK_EQ(getcontext(&co->context), 0);
	block(SIG_UNBLOCK, SIGUSR2);
	CHECK(sigismember(&co->context.uc_sigmask, SIGUSR2));
	co->context.uc_stack.ss_sp = co->stack;
	co->context.uc_stack.ss_size = STACK;
	co->context.uc_link = &co->caller;
	makecontext(&co->context, (void (*)(void))body, 8, (int)(p >> 32),
		    (int)p, 1, 2, 3, 4, 5, 6);
}

static void check_swapping(void)
{
	struct coroutine co[3] = { 0 };
	int i, k;

	for (k = 0; k < 3; k++)
		make(&co[k]);
	block(SIG_BLOCK, SIGUSR1);
	for (i = 1; i <= SWITCHES; i++)
		for (k = 0; k < 3; k++) {
			CHECK_EQ(swapcontext(&co[k].caller, &co[k].context),
				 0);
			CHECK_EQ(co[k].count, i);
			CHECK(blocked(SIGUSR1)); /* ours, not the other's */
		}
	for (k = 0; k < 3; k++) {
		CHECK_EQ(swapcontext(&co[k].caller, &co[k].context), 0);
		CHECK(co[k].ended);
		free(co[k].stack);
	}
	block(SIG_UNBLOCK, SIGUSR1);
}

/* setcontext goes back as often as one likes. */
static void check_again(void)
{
	volatile int times = 0;
	ucontext_t here;

	CHECK_EQ(getcontext(&here), 0);
	if (++times < 5)
		setcontext(&here);
	CHECK_EQ(times, 5);
}

/* --- on an alternate stack ----------------------------------------------- */

static __thread struct trampoline {
	sigjmp_buf inside, outside;
	volatile sig_atomic_t called;
	volatile int steps;
} mine;

static void __attribute__((noreturn)) coroutine(void)
{
	for (;;) {
		mine.steps++;
		if (mine.steps % 50 == 0)
			sched_yield();
		if (!sigsetjmp(mine.inside, 0))
			siglongjmp(mine.outside, 1);
	}
}

static void on_usr2(int sig)
{
	CHECK_EQ(sig, SIGUSR2);
	mine.called = 1;
	if (!sigsetjmp(mine.inside, 0))
		return;
	coroutine(); /* entered by a jump, long after the handler */
}

/* As qemu makes its coroutines where there is no swapcontext. */
static void check_trampoline(void)
{
	stack_t ss = { .ss_sp = malloc(STACK), .ss_size = STACK }, old;
	sigset_t set, was;
	int i;

	CHECK(ss.ss_sp);
	CHECK_EQ(sigaltstack(&ss, &old), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, &was));
	CHECK_OK(pthread_kill(pthread_self(), SIGUSR2));
	sigfillset(&set);
	sigdelset(&set, SIGUSR2);
	while (!mine.called)
		sigsuspend(&set);
	mine.called = 0;
	CHECK_EQ(sigaltstack(NULL, &ss), 0);
	ss.ss_flags = SS_DISABLE;
	CHECK_EQ(sigaltstack(&ss, NULL), 0);
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &was, NULL));
	for (i = 1; i <= SWITCHES; i++) {
		if (!sigsetjmp(mine.outside, 0))
			siglongjmp(mine.inside, 1);
		CHECK_EQ(mine.steps, i);
	}
}

static void *run(void *arg)
{
	check_swapping();
	check_again();
	check_trampoline();
	return arg;
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_usr2,
				 .sa_flags = SA_ONSTACK };
	pthread_t t[THREADS];
	int i;

	sigfillset(&act.sa_mask);
	CHECK_EQ(sigaction(SIGUSR2, &act, NULL), 0);
	for (i = 0; i < THREADS; i++)
		t[i] = check_spawn(run, NULL);
	run(NULL);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	puts("stacks switched under threads");
	return 0;
}
