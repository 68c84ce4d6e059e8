/* SPDX-License-Identifier: BSD-2-Clause */
/* fsync, fdatasync, syncfs, sync_file_range, msync; waits of a terminal. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static char path[] = "/tmp/file-sync-XXXXXX";

static void *syncs(void *arg)
{
	int fd = open(path, O_RDWR), p[2];
	char *map;

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, "text", 4, 4096 * (off_t)(long)arg), 4);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fdatasync(fd), 0);
	CHECK_EQ(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE |
					   SYNC_FILE_RANGE_WAIT_AFTER), 0);
	if (!arg)
		CHECK_EQ(syncfs(fd), 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	map[9] = 'x';
	CHECK_EQ(msync(map, 4096, MS_SYNC), 0);
	CHECK_EQ(msync(map, 4096, MS_ASYNC), 0);
	CHECK_ERRNO(msync(map + 1, 4096, MS_SYNC), EINVAL);
	CHECK_EQ(munmap(map, 4096), 0);
	CHECK_ERRNO(msync(map, 4096, 77), EINVAL);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERRNO(fsync(p[0]), EINVAL);
	CHECK_ERRNO(fsync(-1), EBADF);
	CHECK_ERRNO(syncfs(-1), EBADF);
	CHECK_ERRNO(sync_file_range(fd, -1, 5, 0), EINVAL);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void *terminal(void *arg)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), s, p[2];
	struct termios t;
	char buf[8];

	CHECK(m >= 0);
	CHECK_EQ(grantpt(m), 0);
	CHECK_EQ(unlockpt(m), 0);
	s = open(ptsname(m), O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	check_write(s, "ab", 2);
	CHECK_EQ(tcdrain(s), 0);
	check_read(m, buf, 2);
	CHECK_EQ(tcflow(s, TCOOFF), 0);
	CHECK_EQ(tcflow(s, TCOON), 0);
	CHECK_EQ(tcsendbreak(s, 0), 0);
	CHECK_EQ(tcflow(s, TCIOFF), 0);
	check_read(m, buf, 1);
	CHECK_EQ(buf[0], 'S' & 31);
	CHECK_ERRNO(tcflow(s, 99), EINVAL);
	CHECK_EQ(tcgetattr(s, &t), 0);
	t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	CHECK_EQ(tcsetattr(s, TCSADRAIN, &t), 0);
	CHECK_EQ(tcgetattr(s, &t), 0);
	CHECK_EQ(t.c_lflag & (ECHO | ICANON), 0);
	CHECK_EQ(tcsetattr(s, TCSAFLUSH, &t), 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERRNO(tcdrain(p[0]), ENOTTY);
	CHECK_ERRNO(tcdrain(-1), EBADF);
	CHECK_ERRNO(tcsendbreak(p[0], 0), ENOTTY);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);
	CHECK_EQ(close(s), 0);
	CHECK_EQ(close(m), 0);
	return arg;
}

int main(void)
{
	enum { MANY = 100 };
	pthread_t t[MANY];
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 4096), 0);
	for (long i = 0; i < MANY; i++)
		t[i] = check_spawn(syncs, (void *)i);
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
	sync();
	check_join(check_spawn(terminal, NULL));
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(unlink(path), 0);
	puts("synced");
	return 0;
}
