/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's first signal mask: inherited, or the attribute's. */
#include "check.h"

static void *start(void *arg)
{
	sigset_t set;

	(void)arg;
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &set));
	return (void *)(long)(sigismember(&set, SIGUSR1) +
			      2 * sigismember(&set, SIGUSR2));
}

static long run(pthread_attr_t *a)
{
	pthread_t t;

	CHECK_OK(pthread_create(&t, a, start, NULL));
	return (long)check_join(t);
}

int main(void)
{
	sigset_t usr1, usr2, seen;
	pthread_attr_t a;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	CHECK_OK(pthread_attr_init(&a));
	CHECK_RC(pthread_attr_getsigmask_np(&a, &seen),
		 PTHREAD_ATTR_NO_SIGMASK_NP);
	CHECK_EQ(run(&a), 0);

	/* "The signal mask shall be inherited from the creating thread." */
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &usr1, NULL));
	CHECK_EQ(run(&a), 1);
	CHECK_EQ(run(NULL), 1);

	CHECK_OK(pthread_attr_setsigmask_np(&a, &usr2));
	CHECK_OK(pthread_attr_getsigmask_np(&a, &seen));
	CHECK_EQ(sigismember(&seen, SIGUSR1), 0);
	CHECK_EQ(sigismember(&seen, SIGUSR2), 1);
	CHECK_EQ(run(&a), 2);

	/* The creator's own mask is as it was. */
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &seen));
	CHECK_EQ(sigismember(&seen, SIGUSR1), 1);
	CHECK_EQ(sigismember(&seen, SIGUSR2), 0);

	CHECK_OK(pthread_attr_setsigmask_np(&a, NULL));
	CHECK_EQ(run(&a), 1);
	CHECK_OK(pthread_attr_destroy(&a));
	puts("masks inherited");
	return 0;
}
