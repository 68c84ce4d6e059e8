/* SPDX-License-Identifier: BSD-2-Clause */
/* Wall time, CPU time and memory of many threads that each sleep a second. */

#include <sys/resource.h>

#include "bench.h"

static unsigned int nap = 1000;	/* milliseconds */

static void *body(void *arg)
{
	double t = bench_now();

	if (nap % 1000 == 0)
		sleep(nap / 1000);
	else
		usleep(nap * 1000);
	if ((bench_now() - t) * 1e3 < nap)
		bench_die("woke too early", EINVAL);
	return arg;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 10000;
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	double wall = bench_now();
	struct rusage ru;

	if (!t || n < 1)
		bench_die("usage: sleepers [threads [milliseconds]]", EINVAL);
	if (argc > 2)
		nap = (unsigned int)atol(argv[2]);
	for (long i = 0; i < n; i++)
		bench_ok("pthread_create",
			 pthread_create(&t[i], NULL, body, NULL));
	for (long i = 0; i < n; i++)
		bench_ok("pthread_join", pthread_join(t[i], NULL));
	bench_print("sleepers_wall", bench_now() - wall, "s");
	bench_print("sleepers_cpu", bench_cpu(), "s");
	getrusage(RUSAGE_SELF, &ru);
	bench_print("sleepers_rss", (double)ru.ru_maxrss / 1024, "MB");
	free(t);
	return 0;
}
