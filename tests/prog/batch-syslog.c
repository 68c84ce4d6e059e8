/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 200 threads in syslog, whose daemon is slow to take what they say, then in
 * getpwnam_r and getgrgid_r.
 */
#include "batch.h"

#include <grp.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>

#define THREADS 200
#define EACH 5

static void skip(const char *why)
{
	dprintf(2, "%s: %s\n", why, strerror(errno));
	exit(CHECK_SKIPPED);
}

/* A /dev of its own, with a socket in it. */
static int own_log(void)
{
	struct sockaddr_un at = { AF_UNIX, "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		skip("unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("dev", "/dev", "tmpfs", 0, NULL))
		skip("mount");
	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* Exits 0 when it has all of them. */
static void serve(int fd)
{
	char seen[THREADS][EACH] = { 0 }, line[256];
	int thread, n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check_msleep(300);
	for (int i = 0; i < THREADS * EACH; i++) {
		ssize_t len = recv(fd, line, sizeof line - 1, 0);
		char *said;

		CHECK(len > 0);
		line[len] = '\0';
		said = strstr(line, "batch: thread ");
		CHECK(said != NULL);
		CHECK_EQ(sscanf(said, "batch: thread %d says %d", &thread, &n),
			 2);
		CHECK_EQ(seen[thread][n]++, 0);
	}
	_exit(0);
}

static void *speaks(void *arg)
{
	struct passwd pw, *user;
	struct group gr, *group;
	char buf[4096];

	for (int n = 0; n < EACH; n++)
		syslog(LOG_INFO, "thread %ld says %d", (long)arg, n);
	CHECK_OK(getpwnam_r("root", &pw, buf, sizeof buf, &user));
	CHECK(user != NULL);
	CHECK_EQ(user->pw_uid, 0);
	CHECK_OK(getgrgid_r(0, &gr, buf, sizeof buf, &group));
	CHECK(group != NULL);
	CHECK_EQ(strcmp(group->gr_name, "root"), 0);
	return NULL;
}

int main(void)
{
	int fd = own_log(), status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		serve(fd);
	close(fd);
	openlog("batch", LOG_NDELAY, LOG_USER);
	batch(THREADS, speaks, NULL, 10000);
	closelog();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	printf("%d messages\n", THREADS * EACH);
	return 0;
}
