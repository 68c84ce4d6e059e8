/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU time of a read of a file that is in the page cache. */

#include "bench.h"

#include <fcntl.h>

enum { FILE_SIZE = 1 << 20, BLOCK = 4096 };

static int fd;
static char block[BLOCK];

/* Not main: a thread that is a fiber in one of the runs. */
static void *in_thread(void *arg)
{
	void (*const *run)(void) = arg;

	(*run)();
	return NULL;
}

static void read_pread(long n)
{
	for (long i = 0; i < n; i++)
		if (pread(fd, block, BLOCK, i * BLOCK % FILE_SIZE) != BLOCK)
			bench_die("pread", errno);
}

static void read_byte(long n)
{
	for (long i = 0; i < n; i++)
		if (pread(fd, block, 1, i % FILE_SIZE) != 1)
			bench_die("pread", errno);
}

static void read_on(long n)
{
	for (long i = 0; i < n; i++) {
		if (i % (FILE_SIZE / BLOCK) == 0)
			lseek(fd, 0, SEEK_SET);
		if (read(fd, block, BLOCK) != BLOCK)
			bench_die("read", errno);
	}
}

/* CPU time, not wall: nothing is waited for, and others may be running. */
static void measure(const char *name, void (*run)(long n))
{
	double t, cpu;
	long n = 256;

	do {
		n *= 2;
		t = bench_now();
		cpu = bench_cpu();
		run(n);
		cpu = bench_cpu() - cpu;
	} while ((bench_now() - t) * 1e3 < (double)bench_ms);
	bench_print(name, cpu * 1e9 / (double)n, "ns");
}

static void all(void)
{
	measure("file_byte", read_byte);
	measure("file_pread", read_pread);
	measure("file_read", read_on);
}

int main(int argc, char **argv)
{
	char path[] = "/var/tmp/bench-file-XXXXXX";
	void (*run)(void) = all;
	pthread_t t;

	bench_args(argc, argv);
	fd = mkstemp(path);
	if (fd < 0)
		bench_die(path, errno);
	unlink(path);
	for (int i = 0; i < FILE_SIZE / BLOCK; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			bench_die("write", errno);
	fsync(fd);
	bench_ok("pthread_create", pthread_create(&t, NULL, in_thread, &run));
	bench_ok("pthread_join", pthread_join(t, NULL));
	return 0;
}
