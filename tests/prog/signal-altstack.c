/* SPDX-License-Identifier: BSD-2-Clause */
/* Alternate signal stacks: each thread's own, for handlers that fault, park,
 * leave by siglongjmp. */
#include "check.h"

#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#define THREADS 8
#define ROUNDS 20

struct mine {
	char *stack;
	size_t size;
	char *hole; /* a page that faults */
	sigjmp_buf back;
	int id, handled, overflows;
	void *address;
};

static __thread struct mine me;

static int on_my_stack(const void *p)
{
	return (const char *)p >= me.stack &&
	       (const char *)p < me.stack + me.size;
}

static void check_stack(void *context)
{
	ucontext_t *uc = context;
	stack_t now, other = { .ss_flags = SS_DISABLE };
	int here;

	CHECK(on_my_stack(&here));
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK(now.ss_sp == me.stack && now.ss_size == me.size);
	CHECK_EQ(now.ss_flags, SS_ONSTACK);
	CHECK_ERRNO(sigaltstack(&other, NULL), EPERM);
	CHECK(uc->uc_stack.ss_sp == me.stack);
	CHECK(!sigismember(&uc->uc_sigmask, SIGUSR1));
}

/* Waits on the alternate stack, while other threads do so on theirs. */
static void on_usr1(int sig, siginfo_t *si, void *context)
{
	CHECK_EQ(sig, SIGUSR1);
	CHECK_EQ(si->si_signo, SIGUSR1);
	check_stack(context);
	check_msleep(2);
	check_stack(context);
	me.handled++;
}

static void on_segv(int sig, siginfo_t *si, void *context)
{
	CHECK_EQ(sig, SIGSEGV);
	check_stack(context);
	me.address = si->si_addr;
	me.handled++;
	check_msleep(1);
	siglongjmp(me.back, 1);
}

static void set_stack(void)
{
	stack_t ss = { .ss_size = 64 * 1024 }, now;

	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	me.size = ss.ss_size;
	me.stack = ss.ss_sp = malloc(ss.ss_size);
	CHECK(me.stack);
	ss.ss_size = 100;
	CHECK_ERRNO(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = me.size;
	ss.ss_flags = 77;
	CHECK_ERRNO(sigaltstack(&ss, NULL), EINVAL);
	ss.ss_flags = 0;
	CHECK_EQ(sigaltstack(&ss, NULL), 0);
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK(now.ss_sp == me.stack && now.ss_flags == 0);
}

/* Calls itself until the stack is full. */
static __attribute__((noinline)) int dive(int depth)
{
	volatile char frame[1024];

	frame[0] = frame[1023] = (char)depth;
	if (check_hidden(0))
		return depth;
	return dive(depth + 1) + frame[0];
}

static void fault_once(void)
{
	int before = me.handled;

	if (sigsetjmp(me.back, 1) == 0) {
		me.hole[123] = 1;
		check_fail("no fault");
	}
	CHECK_EQ(me.handled, before + 1);
	CHECK(me.address == me.hole + 123);
}

static void overflow_once(void)
{
	int before = me.handled;

	if (sigsetjmp(me.back, 1) == 0) {
		dive(0);
		check_fail("no overflow");
	}
	CHECK_EQ(me.handled, before + 1);
	me.overflows++;
}

static void check_mask(void)
{
	sigset_t now;

	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
	CHECK(!sigismember(&now, SIGSEGV));
	CHECK(!sigismember(&now, SIGUSR1));
}

static void *run(void *arg)
{
	stack_t off = { .ss_flags = SS_DISABLE }, now;

	me.id = *(int *)arg;
	me.hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	CHECK(me.hole != MAP_FAILED);
	set_stack();
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(raise(SIGUSR1), 0);
		check_mask();
		fault_once();
		check_mask();
		if (me.id)
			overflow_once();
		check_mask();
	}
	CHECK_EQ(me.handled, me.id ? 3 * ROUNDS : 2 * ROUNDS);
	CHECK_EQ(sigaltstack(&off, NULL), 0);
	CHECK_EQ(sigaltstack(NULL, &now), 0);
	CHECK_EQ(now.ss_flags, SS_DISABLE);
	free(me.stack);
	return NULL;
}

int main(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	pthread_attr_t attr;
	pthread_t t[THREADS];
	int id[THREADS];

	act.sa_sigaction = on_usr1;
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	act.sa_sigaction = on_segv;
	CHECK_EQ(sigaction(SIGSEGV, &act, NULL), 0);
	CHECK_OK(pthread_attr_init(&attr));
	CHECK_OK(pthread_attr_setstacksize(&attr, 256 * 1024));
	for (int i = 1; i < THREADS; i++) {
		id[i] = i;
		CHECK_OK(pthread_create(&t[i], &attr, run, &id[i]));
	}
	id[0] = 0;
	run(&id[0]);
	for (int i = 1; i < THREADS; i++)
		check_join(t[i]);
	puts("handlers on stacks of their own");
	return 0;
}
