/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that do not wait are not interrupted, however many signals come whose
 * handler asks for no restart.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

enum { TURNS = 20000 };

static int stop;

static void *calls(void *arg)
{
	int event = eventfd(0, EFD_CLOEXEC), mem = memfd_create("m", MFD_CLOEXEC);
	uint64_t one = 1;
	char c;

	CHECK(event >= 0 && mem >= 0);
	check_write(mem, "x", 1);
	for (int i = 0; i < TURNS; i++) {
		int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			check_fail("open: errno %d", errno);
		if (read(fd, &c, 1) != 1 || pread(mem, &c, 1, 0) != 1)
			check_fail("read: errno %d", errno);
		if (write(event, &one, sizeof one) != sizeof one ||
		    read(event, &one, sizeof one) != sizeof one)
			check_fail("eventfd: errno %d", errno);
		close(fd);
	}
	close(event);
	close(mem);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	return arg;
}

int main(void)
{
	pthread_t t;

	check_handle(SIGUSR1, check_ignore, 0);
	t = check_spawn(calls, NULL);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		pthread_kill(t, SIGUSR1);
		sched_yield();
	}
	check_join(t);
	return 0;
}
