/* SPDX-License-Identifier: BSD-2-Clause */
/* N threads parked in pthread_cond_wait, then all joined; -m: memory each. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static long count = 1000, waiting, woken;
static int open;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	if (++waiting == count)
		CHECK_OK(pthread_cond_signal(&arrived));
	while (!open)
		CHECK_OK(pthread_cond_wait(&go, &m));
	woken++;
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

/* The value in kB of a line "Name: value kB" in a file of /proc. */
static long kilobytes(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long value = -1;

	CHECK(f != NULL);
	while (value < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name));
	CHECK_EQ(fclose(f), 0);
	return value;
}

struct memory {
	long available, rss, page_tables;
};

static struct memory memory_now(void)
{
	return (struct memory){
		kilobytes("/proc/meminfo", "MemAvailable:"),
		kilobytes("/proc/self/status", "VmRSS:"),
		kilobytes("/proc/self/status", "VmPTE:"),
	};
}

static void report(struct memory was)
{
	struct memory now = memory_now();
	long own = now.rss - was.rss + now.page_tables - was.page_tables;

	fprintf(stderr, "%ld threads: MemAvailable %.0f B, VmRSS + VmPTE "
		"%.0f B each\n", count,
		(double)(was.available - now.available) * 1024 / (double)count,
		(double)own * 1024 / (double)count);
}

int main(int argc, char **argv)
{
	int measure = argc > 1 && strcmp(argv[1], "-m") == 0;
	struct memory was = { 0 };
	pthread_attr_t a;
	pthread_t *t;

	if (argc > 1 + measure)
		count = atol(argv[1 + measure]);
	t = calloc((size_t)count, sizeof *t);
	CHECK(t != NULL);
	memset(t, 1, (size_t)count * sizeof *t);
	if (measure)
		was = memory_now();
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, check_stack_size(64 * 1024)));
	for (long i = 0; i < count; i++)
		CHECK_OK(pthread_create(&t[i], &a, waits, NULL));
	CHECK_OK(pthread_attr_destroy(&a));

	CHECK_OK(pthread_mutex_lock(&m));
	while (waiting < count)
		CHECK_OK(pthread_cond_wait(&arrived, &m));
	if (measure)
		report(was);
	open = 1;
	CHECK_OK(pthread_cond_broadcast(&go));
	CHECK_OK(pthread_mutex_unlock(&m));
	for (long i = 0; i < count; i++)
		check_join(t[i]);
	CHECK_EQ(woken, count);
	free(t);
	printf("%ld threads joined\n", count);
	return 0;
}
