/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads in the same slow call at once: no thread waits for another. */
#ifndef TESTS_PROG_BATCH_H
#define TESTS_PROG_BATCH_H

#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>

/* Kernel threads of this process. */
static inline int batch_kernel_threads(void)
{
	char status[4096], *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, status, sizeof status - 1);
	CHECK(n > 0);
	close(fd);
	status[n] = '\0';
	line = strstr(status, "\nThreads:");
	CHECK(line != NULL);
	return atoi(line + 9);
}

static inline void batch_raise_limit(int resource)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(resource, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(resource, &limit), 0);
}

static int batch_left;

struct batch_thread {
	void *(*fn)(void *);
	void *arg;
};

static inline void *batch_thread(void *arg)
{
	struct batch_thread *t = arg;

	t->fn(t->arg);
	__atomic_fetch_sub(&batch_left, 1, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * n threads run fn(i).  `start`, if any, is called once all of them should be
 * waiting.  All must be done in most_ms.  If BATCH_KERNEL_THREADS is set, it is
 * the most kernel threads that this may take.
 */
static inline void batch(int n, void *(*fn)(void *), void (*start)(void),
			 int most_ms)
{
	const char *bound = getenv("BATCH_KERNEL_THREADS");
	struct batch_thread *b = calloc((size_t)n, sizeof *b);
	pthread_t *t = calloc((size_t)n, sizeof *t);
	long long begin = check_now(CLOCK_MONOTONIC), took;
	int most = 0, now;

	CHECK(b && t);
	batch_left = n;
	for (long i = 0; i < n; i++) {
		b[i] = (struct batch_thread){ fn, (void *)i };
		t[i] = check_spawn(batch_thread, &b[i]);
	}
	check_msleep(50);
	if (start)
		start();
	do {
		now = batch_kernel_threads();
		most = now > most ? now : most;
		check_msleep(10);
	} while (__atomic_load_n(&batch_left, __ATOMIC_ACQUIRE));
	for (int i = 0; i < n; i++)
		check_join(t[i]);
	took = (check_now(CLOCK_MONOTONIC) - begin) / CHECK_MS;
	dprintf(2, "%d threads: %lld ms, %d kernel threads\n", n, took, most);
	if (took > most_ms)
		check_fail("%d threads took %lld ms", n, took);
	if (bound && most > atoi(bound))
		check_fail("%d kernel threads", most);
	free(b);
	free(t);
}

#endif
