/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting with an error-checking mutex one does not own is EPERM. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t r = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

/*
 * POSIX pthread_cond_wait(): "[EPERM] The mutex type is
 * PTHREAD_MUTEX_ERRORCHECK ... and the current thread does not own the mutex".
 */
static void *does_not_own(void *arg)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 10);

	CHECK_RC(pthread_cond_wait(&c, arg), EPERM);
	CHECK_RC(pthread_cond_timedwait(&c, arg, &ts), EPERM);
	return NULL;
}

int main(void)
{
	struct timespec ts;

	check_join(check_spawn(does_not_own, &m));
	CHECK_OK(pthread_mutex_lock(&m));
	check_join(check_spawn(does_not_own, &m));
	ts = check_in_ms(CLOCK_REALTIME, 5);
	CHECK_RC(pthread_cond_timedwait(&c, &m, &ts), ETIMEDOUT);
	CHECK_RC(pthread_mutex_lock(&m), EDEADLK);
	CHECK_OK(pthread_mutex_unlock(&m));

	/* A failed wait leaves no waiter behind: destroy does not hang. */
	check_join(check_spawn(does_not_own, &r));
	CHECK_OK(pthread_cond_signal(&c));
	CHECK_OK(pthread_cond_destroy(&c));
	puts("EPERM");
	return 0;
}
