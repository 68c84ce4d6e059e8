/* SPDX-License-Identifier: BSD-2-Clause */
/* With the address space used up pthread_create is EAGAIN, then well again. */
#include "check.h"

#include <sys/resource.h>

#define MOST 10000

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&hold));
	CHECK_OK(pthread_mutex_unlock(&hold));
	return arg;
}

static unsigned long address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	CHECK(f != NULL);
	CHECK_EQ(fscanf(f, "%lu", &pages), 1);
	CHECK_EQ(fclose(f), 0);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

int main(void)
{
	static pthread_t t[MOST];
	struct rlimit limit;
	int n = 0, rc;

	/* The first thread: what a threaded program needs once is there. */
	check_join(check_spawn(waits, NULL));
	CHECK_EQ(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = address_space() + (512UL << 20);
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
		return CHECK_SKIPPED;
	CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	CHECK_OK(pthread_mutex_lock(&hold));
	do
		rc = pthread_create(&t[n], NULL, waits, NULL);
	while (rc == 0 && ++n < MOST);
	CHECK_EQ(rc, EAGAIN);
	CHECK(n > 0);
	CHECK_OK(pthread_mutex_unlock(&hold));
	for (int i = 0; i < n; i++)
		check_join(t[i]);
	check_join(check_spawn(waits, NULL));
	puts("EAGAIN, then well again");
	return 0;
}
