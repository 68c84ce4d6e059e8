/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Over RLIMIT_FSIZE: SIGXFSZ comes to the thread that has made the call,
 * whichever call it is, and ends a process that does not handle it.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { THREADS = 8, LIMIT = 8192, TURNS = 20 };

static char dir[] = "/tmp/signal-xfsz-XXXXXX";
static __thread volatile int came;

static void handler(int sig)
{
	CHECK_EQ(sig, SIGXFSZ);
	came++;
}

/* Each call is refused, with one signal to this thread. */
#define REFUSED(call)                               \
	do {                                        \
		CHECK_ERRNO(call, EFBIG);           \
		CHECK_EQ(came, 1);                  \
		came = 0;                           \
	} while (0)

static int open_one(int dirfd, const char *name, long i)
{
	char path[32];
	int fd;

	snprintf(path, sizeof path, "%s-%ld", name, i);
	fd = openat(dirfd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(unlinkat(dirfd, path, 0), 0);
	return fd;
}

static void write_over(int in, int out)
{
	char buf[100] = "";
	struct iovec v = { buf, sizeof buf };
	off64_t from = 0, to = LIMIT;
	off_t at = 0;

	REFUSED(pwrite(out, buf, sizeof buf, LIMIT));
	REFUSED(pwritev2(out, &v, 1, LIMIT, RWF_DSYNC));
	REFUSED(copy_file_range(in, &from, out, &to, sizeof buf, 0));
	CHECK_EQ(lseek(out, LIMIT, SEEK_SET), LIMIT);
	REFUSED(write(out, buf, sizeof buf));
	REFUSED(sendfile(out, in, &at, sizeof buf));
	REFUSED(ftruncate(out, LIMIT + 1));
}

static void *writes(void *arg)
{
	int dirfd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	int in = open_one(dirfd, "in", (long)arg);
	int out = open_one(dirfd, "out", (long)arg);
	char buf[LIMIT] = "";
	FILE *f;

	check_write(in, buf, sizeof buf);
	for (int i = 0; i < TURNS; i++)
		write_over(in, out);
	CHECK_EQ(ftruncate(out, LIMIT), 0);
	f = fdopen(dup(out), "a");
	CHECK(f != NULL && fputs("more", f) >= 0);
	REFUSED(fflush(f));
	fclose(f);
	came = 0; /* it may try again */
	close(out);
	close(in);
	close(dirfd);
	return NULL;
}

static void *dies(void *arg)
{
	int fd = *(int *)arg;

	CHECK(pwrite(fd, "x", 1, LIMIT) < 0);
	return NULL;
}

static void check_default(void)
{
	int dirfd = open(dir, O_DIRECTORY | O_RDONLY), fd, status;
	pid_t child = fork();

	CHECK(child >= 0 && dirfd >= 0);
	if (child == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGXFSZ, SIG_DFL);
		fd = open_one(dirfd, "child", 0);
		check_join(check_spawn(dies, &fd));
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGXFSZ);
	close(dirfd);
}

int main(void)
{
	struct rlimit limit = { LIMIT, RLIM_INFINITY };
	pthread_t t[THREADS];

	CHECK(mkdtemp(dir) != NULL);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_handle(SIGXFSZ, handler, 0);
	check_default();
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(writes, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_ERRNO(truncate(dir, LIMIT + 1), EISDIR);
	CHECK_EQ(rmdir(dir), 0);
	return 0;
}
