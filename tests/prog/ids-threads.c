/* SPDX-License-Identifier: BSD-2-Clause */
/* setuid and kin, called while threads exist, change the whole process. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>

enum { THREADS = 50, NOBODY = 65534, ROUNDS = 5 };

static int file;		/* root's, mode 0600, open */
static char path[64];		/* its name */
static atomic_int running;	/* threads that have begun */
static atomic_bool stop;	/* they are to check, and end */
static uid_t want_uid = NOBODY;
static gid_t want_gid = NOBODY;

/* --- what every kernel thread of the process says of itself ------------- */

static int read_status(const char *tid, char *buf, size_t size)
{
	char name[300];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/self/task/%s/status", tid);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return 0; /* it has ended */
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	return 1;
}

/* A thread that is ending is left out, by the C library too: once it has run
 * its last line of the program, it may show what it had until it is gone. */
static int expect_line(const char *tid, const char *line)
{
	char status[4096];

	for (int ms = 0; read_status(tid, status, sizeof(status)); ms++) {
		if (strstr(status, line))
			return 1;
		if (ms == 2000)
			check_fail("task %s has not \"%s\" but:\n%s", tid,
				   line, status);
		check_msleep(1);
	}
	return 0;
}

/* All of them have these lines. */
static void expect_tasks(const char *uids, const char *gids)
{
	struct dirent *e;
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	CHECK(dir != NULL);
	while ((e = readdir(dir))) {
		if (e->d_name[0] != '.' && expect_line(e->d_name, uids) &&
		    expect_line(e->d_name, gids))
			n++;
	}
	closedir(dir);
	CHECK(n > 1);
}

/* … and these real, effective and saved ids. */
static void expect_ids(uid_t r, uid_t e, uid_t s, gid_t gr, gid_t ge, gid_t gs)
{
	char uids[80], gids[80];

	snprintf(uids, sizeof(uids), "\nUid:\t%u\t%u\t%u\t%u\n", r, e, s, e);
	snprintf(gids, sizeof(gids), "\nGid:\t%u\t%u\t%u\t%u\n", gr, ge, gs,
		 ge);
	expect_tasks(uids, gids);
}

/* The calling thread's, from the kernel. */
static void check_own(uid_t u, gid_t g)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	CHECK_EQ(syscall(SYS_getresuid, &r, &e, &s), 0);
	CHECK_EQ(syscall(SYS_getresgid, &gr, &ge, &gs), 0);
	CHECK(r == u && e == u && s == u);
	CHECK(gr == g && ge == g && gs == g);
}

/* --- threads that do what threads do ------------------------------------ */

static void work(int i)
{
	char buf[64] = "some bytes";

	CHECK_EQ(pwrite(file, buf, sizeof(buf), i * (int)sizeof(buf)),
		 sizeof(buf));
	if (i % 5 == 0)
		CHECK_EQ(fsync(file), 0);
	CHECK_EQ(pread(file, buf, sizeof(buf), i * (int)sizeof(buf)),
		 sizeof(buf));
	usleep(2000);
	if (i == 1 || i == 12) /* keep a processor busy, and lose it */
		for (long long until = check_now(CLOCK_MONOTONIC) +
				       15 * CHECK_MS;
		     check_now(CLOCK_MONOTONIC) < until && !stop;)
			;
}

static void *worker(void *arg)
{
	int i = (int)(long)arg;
	sigset_t all;

	if (i % 2) {
		sigfillset(&all);
		CHECK_OK(pthread_sigmask(SIG_BLOCK, &all, NULL));
	}
	running++;
	while (!stop)
		work(i);
	check_own(want_uid, want_gid);
	CHECK_EQ(fsync(file), 0);
	check_own(want_uid, want_gid);
	if (want_uid)
		CHECK_ERRNO(open(path, O_RDWR), EACCES);
	usleep(1000);
	check_own(want_uid, want_gid);
	return arg;
}

static int c11_worker(void *arg)
{
	worker(arg);
	return 0;
}

static pthread_t threads[THREADS];
static thrd_t c11;

static void start(void)
{
	for (int i = 0; i < THREADS; i++)
		threads[i] = check_spawn(worker, (void *)(long)i);
	CHECK_EQ(thrd_create(&c11, c11_worker, (void *)2L), thrd_success);
	while (running <= THREADS)
		usleep(1000);
	check_msleep(20);
}

static void finish(void)
{
	stop = true;
	for (int i = 0; i < THREADS; i++)
		check_join(threads[i]);
	CHECK_EQ(thrd_join(c11, NULL), thrd_success);
}

/* --- the cases, each in a process of its own ---------------------------- */

static void *drop(void *arg)
{
	const gid_t group = NOBODY;

	CHECK_EQ(setgroups(1, &group), 0);
	CHECK_EQ(setgid(NOBODY), 0);
	CHECK_EQ(setuid(NOBODY), 0);
	expect_ids(NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY);
	expect_tasks("\nGroups:\t65534 \n", "\nCapEff:\t0000000000000000\n");
	CHECK_ERRNO(setuid(0), EPERM);
	CHECK_ERRNO(setgroups(0, NULL), EPERM);
	CHECK_ERRNO(seteuid(-1), EINVAL);
	expect_ids(NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY);
	return arg;
}

static void drop_in_main(void)
{
	start();
	drop(NULL);
	finish();
}

static void drop_in_thread(void)
{
	start();
	check_join(check_spawn(drop, NULL));
	finish();
}

static void *short_lived(void *arg)
{
	usleep(200);
	return arg;
}

static int c11_short_lived(void *arg)
{
	short_lived(arg);
	return 0;
}

/* New threads are made all the time. */
static void *churn(void *arg)
{
	while (!stop) {
		thrd_t c;

		CHECK_EQ(thrd_create(&c, c11_short_lived, NULL), thrd_success);
		check_join(check_spawn(short_lived, NULL));
		CHECK_EQ(thrd_join(c, NULL), thrd_success);
	}
	return arg;
}

static void there_and_back(void)
{
	pthread_t t;

	want_uid = want_gid = 0;
	start();
	t = check_spawn(churn, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(setegid(1), 0);
		CHECK_EQ(seteuid(NOBODY), 0);
		expect_ids(0, NOBODY, 0, 0, 1, 0);
		CHECK_EQ(seteuid(0), 0);
		CHECK_EQ(setegid(0), 0);
		expect_ids(0, 0, 0, 0, 0, 0);
		CHECK_EQ(setregid(2, 3), 0);
		CHECK_EQ(setreuid(4, 0), 0);
		expect_ids(4, 0, 0, 2, 3, 3);
		CHECK_EQ(setresgid(0, 0, 0), 0);
		CHECK_EQ(setresuid(0, -1, -1), 0);
		expect_ids(0, 0, 0, 0, 0, 0);
	}
	finish();
	check_join(t);
}

static void *sets_again(void *arg)
{
	gid_t g = (gid_t)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(setregid(g, g), 0);
		CHECK_EQ(setgid(g), 0);
	}
	return arg;
}

/* Whoever was last, all threads say the same. */
static void at_once(void)
{
	pthread_t t[4];

	want_uid = 0;
	start();
	for (long i = 0; i < 4; i++)
		t[i] = check_spawn(sets_again, (void *)(i + 10));
	for (int i = 0; i < 4; i++)
		check_join(t[i]);
	want_gid = getgid();
	CHECK(want_gid >= 10 && want_gid < 14);
	expect_ids(0, 0, 0, want_gid, want_gid, want_gid);
	finish();
}

static void init_groups(void)
{
	char line[4096] = "\nGroups:\t";
	gid_t list[256];
	int n;

	want_uid = want_gid = 0;
	start();
	CHECK_EQ(initgroups("nobody", NOBODY), 0);
	n = getgroups(256, list);
	CHECK(n >= 1);
	for (int i = 0; i < n; i++)
		sprintf(strchr(line, 0), "%u ", list[i]);
	CHECK(strstr(line, "65534 ") != NULL);
	expect_tasks(line, "\nUid:\t0\t0\t0\t0\n");
	finish();
}

/* A child of a process with threads has none, until it makes some. */
static void again_in_child(void)
{
	int status;
	pid_t pid;

	start();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(setgid(NOBODY), 0);
		CHECK_EQ(setegid(NOBODY), 0);
		running = 0;
		start();
		drop(NULL);
		finish();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	expect_ids(0, 0, 0, 0, 0, 0);
	want_uid = want_gid = 0;
	finish();
}

static void run(const char *name, void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status)
		check_fail("%s: wait status %#x", name, status);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("not root\n", stderr);
		return CHECK_SKIPPED;
	}
	strcpy(path, "/tmp/ids-threads.XXXXXX");
	file = mkstemp(path);
	CHECK(file >= 0);
	run("drop in main", drop_in_main);
	run("drop in a thread", drop_in_thread);
	run("there and back", there_and_back);
	run("at once", at_once);
	run("initgroups", init_groups);
	run("again in a child", again_in_child);
	CHECK_EQ(unlink(path), 0);
	puts("65534");
	return 0;
}
