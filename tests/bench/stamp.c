/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command for examples/fanout that says what time it is, in ns: when it
 * begins, in -n lines with about -i us between them, and when it ends.
 */
#include "bench.h"

static void say_time(void)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%.0f\n", bench_now() * 1e9);

	if (write(1, line, (size_t)n) != n)
		_exit(1);
}

static void talk(int lines, unsigned interval, unsigned seed)
{
	say_time();
	while (lines--) {
		usleep(interval / 2 + (unsigned)rand_r(&seed) % (interval + 1));
		say_time();
	}
}

int main(int argc, char **argv)
{
	int opt, lines = 0;
	unsigned interval = 1000;

	while ((opt = getopt(argc, argv, "n:i:")) != -1)
		if (opt == 'n')
			lines = atoi(optarg);
		else if (opt == 'i')
			interval = (unsigned)atoi(optarg);
		else
			return 2;
	talk(lines, interval, (unsigned)getpid());
	return 0;
}
