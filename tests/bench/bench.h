/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmark programs share: clocks, growing loops, output. */

#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* -t MILLISECONDS: how long one measurement should at least last. */
static long bench_ms = 200;

/* -c: by the CPU time of the process; what others take does not count. */
static int bench_by_cpu;

static inline void bench_die(const char *what, int err)
{
	fprintf(stderr, "%s: %s\n", what, strerror(err));
	exit(1);
}

/* For pthread calls, which return the error. */
static inline void bench_ok(const char *what, int err)
{
	if (err)
		bench_die(what, err);
}

static inline double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* CPU time of the whole process so far, in seconds. */
static inline double bench_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static inline void bench_print(const char *name, double value,
			       const char *unit)
{
	printf("%s %.6g %s\n", name, value, unit);
	fflush(stdout);
}

static inline double bench_clock(void)
{
	return bench_by_cpu ? bench_cpu() : bench_now();
}

/*
 * Calls run(n) with growing n until one call lasts bench_ms, and prints the
 * wall time (or CPU time) per n of that last one, in nanoseconds.  The shorter
 * calls before it are the warm-up.
 */
static inline void bench_loop(const char *name, void (*run)(long n))
{
	double t;
	long n = 1;

	for (;;) {
		t = bench_clock();
		run(n);
		t = bench_clock() - t;
		if (t * 1e3 >= (double)bench_ms)
			break;
		n *= t * 1e4 < (double)bench_ms ? 8 : 2;
	}
	bench_print(name, t * 1e9 / (double)n, "ns");
}

static inline void bench_args(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "ct:")) != -1) {
		if (opt == 'c') {
			bench_by_cpu = 1;
		} else if (opt == 't') {
			bench_ms = atol(optarg);
		} else {
			fprintf(stderr, "usage: %s [-c] [-t milliseconds]\n",
				argv[0]);
			exit(2);
		}
	}
}

#endif
