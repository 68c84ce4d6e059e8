/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While threads wait for pipes, sockets and a terminal, whoever shares them
 * sees their flags as the program has set them, and no descriptor more: a
 * sibling, and programs started by fork and exec, posix_spawn, system, popen.
 */
#include "io-net.h"

#include <dirent.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>

enum { PIPE, NONBLOCKING, UNIX_STREAM, TCP, UDP, LISTENER, TTY, FULL, FILES };

/* The end that a thread waits for, and what it should look like. */
static int fd[FILES], other[FILES], flags[FILES];

extern char **environ;

/* --- who looks ------------------------------------------------------------ */

static int differs(int i)
{
	return fcntl(fd[i], F_GETFL) != flags[i];
}

/* In another process, for as long as the pipe is open. */
static void sibling(int end)
{
	struct timespec none = { 0, 0 };
	unsigned long looks = 0;
	char c;

	CHECK_EQ(fcntl(end, F_SETFL, O_NONBLOCK), 0);
	while (read(end, &c, 1) < 0) {
		for (int i = 0; i < FILES; i++)
			if (differs(i))
				check_fail("sibling: %d is 0%o, not 0%o", i,
					   fcntl(fd[i], F_GETFL), flags[i]);
		if (++looks % 64 == 0)
			nanosleep(&none, NULL);
	}
	_exit(looks < 100);
}

/* After exec: the arguments are pairs of a descriptor and its flags. */
static int look(int n, char **arg)
{
	DIR *d;
	struct dirent *e;
	int open_files = 0;

	for (int i = 0; i + 1 < n; i += 2)
		CHECK_EQ(fcntl(atoi(arg[i]), F_GETFL), atoi(arg[i + 1]));
	d = opendir("/proc/self/fd");
	CHECK(d != NULL);
	while ((e = readdir(d))) {
		int k = atoi(e->d_name), known = k < 3 || k == dirfd(d);

		if (e->d_name[0] == '.')
			continue;
		for (int i = 0; i + 1 < n; i += 2)
			known |= atoi(arg[i]) == k;
		if (!known && !fcntl(k, F_GETFD))
			open_files++;
	}
	CHECK_EQ(closedir(d), 0);
	return open_files != atoi(arg[n - 1]);
}

/* --- who starts them ------------------------------------------------------ */

static char numbers[2 * FILES + 1][16];
static char *args[2 * FILES + 4];
static char command[1024];

/* Descriptors of whoever started us stay open in the programs, too. */
static int foreign_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int n = 0;

	CHECK(d != NULL);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' && atoi(e->d_name) > 2 &&
		     atoi(e->d_name) != dirfd(d);
	CHECK_EQ(closedir(d), 0);
	return n;
}

static void write_down(int foreign)
{
	int n = 0;

	args[n++] = (char *)"/proc/self/exe";
	args[n++] = (char *)"look";
	for (int i = 0; i < FILES; i++) {
		snprintf(numbers[2 * i], 16, "%d", fd[i]);
		snprintf(numbers[2 * i + 1], 16, "%d", flags[i]);
		args[n++] = numbers[2 * i];
		args[n++] = numbers[2 * i + 1];
	}
	snprintf(numbers[2 * FILES], 16, "%d", foreign);
	args[n++] = numbers[2 * FILES];
	n = 0;
	for (int i = 0; args[i]; i++)
		n += snprintf(command + n, sizeof command - (size_t)n, "%s ",
			      i ? args[i] : "exec \"$LEAK_FLAGS_SELF\"");
}

static void *by_fork(void *arg)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		execv(args[0], args);
		_exit(127);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	return arg;
}

static void *by_spawn(void *arg)
{
	int status;
	pid_t pid;

	CHECK_OK(posix_spawn(&pid, args[0], NULL, NULL, args, environ));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	return arg;
}

static void *by_system(void *arg)
{
	CHECK_EQ(system(command), 0);
	return arg;
}

static void *by_popen(void *arg)
{
	FILE *f = popen(command, "re");

	CHECK(f != NULL);
	CHECK_EQ(fgetc(f), EOF);
	CHECK_EQ(pclose(f), 0);
	return arg;
}

/* --- who waits ------------------------------------------------------------ */

static void *waits(void *arg)
{
	static char big[1 << 17];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	long i = (long)arg;
	char buf[8];

	switch (i) {
	case NONBLOCKING:
		while (read(fd[i], buf, 1) < 0)
			usleep(500);
		break;
	case UNIX_STREAM:
		CHECK_EQ(recv(fd[i], buf, 1, MSG_WAITALL), 1);
		break;
	case UDP:
		CHECK_EQ(recvfrom(fd[i], buf, 1, 0, (struct sockaddr *)&from,
				  &len), 1);
		break;
	case LISTENER:
		CHECK_EQ(close(accept(fd[i], NULL, NULL)), 0);
		break;
	case FULL:
		CHECK_EQ(write(fd[i], big, sizeof big), sizeof big);
		break;
	default:
		CHECK_EQ(read(fd[i], buf, 1), 1);
	}
	return NULL;
}

static void open_tty(int *end, int *master)
{
	struct termios t;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(*master >= 0);
	CHECK_EQ(grantpt(*master), 0);
	CHECK_EQ(unlockpt(*master), 0);
	*end = open(ptsname(*master), O_RDWR | O_NOCTTY);
	CHECK(*end >= 0);
	CHECK_EQ(tcgetattr(*end, &t), 0);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	CHECK_EQ(tcsetattr(*end, TCSANOW, &t), 0);
}

static void open_files(void)
{
	int p[2];

	for (int i = 0; i < FILES; i++) {
		if (i == UNIX_STREAM)
			CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
		else if (i == TCP)
			net_pair(p);
		else if (i == TTY)
			open_tty(&p[0], &p[1]);
		else
			CHECK_EQ(pipe(p), 0);
		fd[i] = p[i == FULL];
		other[i] = p[i != FULL];
	}
	CHECK_EQ(close(fd[UDP]), 0);
	fd[UDP] = net_bind(SOCK_DGRAM);
	CHECK_EQ(close(fd[LISTENER]), 0);
	fd[LISTENER] = net_listen(5);
	CHECK_EQ(fcntl(fd[NONBLOCKING], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(fcntl(fd[TCP], F_SETFL, O_APPEND), 0);
	for (int i = 0; i < FILES; i++) {
		flags[i] = fcntl(fd[i], F_GETFL);
		CHECK_EQ(fcntl(other[i], F_SETFD, FD_CLOEXEC), 0);
	}
	/* They must differ from what is looked for. */
	CHECK(!(flags[PIPE] & O_NONBLOCK) && flags[NONBLOCKING] & O_NONBLOCK);
}

static void wake_all(void)
{
	struct sockaddr_in a = net_address(net_port(fd[UDP]));
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	static char buf[1 << 17];

	for (int i = 0; i < FILES; i++)
		if (i != UDP && i != LISTENER && i != FULL)
			check_write(other[i], "x", 1);
	CHECK_EQ(sendto(s, "x", 1, 0, (struct sockaddr *)&a, sizeof a), 1);
	CHECK_EQ(close(s), 0);
	CHECK_EQ(close(net_connect(net_port(fd[LISTENER]))), 0);
	check_read(other[FULL], buf, sizeof buf);
}

int main(int argc, char **argv)
{
	static void *(*const start[])(void *) = { by_fork, by_spawn, by_system,
						  by_popen };
	char self[512] = { 0 };
	pthread_t t[FILES], s[16];
	int end[2], foreign, status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "look"))
		return look(argc - 2, argv + 2);
	foreign = foreign_files();
	CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	CHECK_EQ(setenv("LEAK_FLAGS_SELF", self, 1), 0);
	open_files();
	write_down(foreign);
	CHECK_EQ(pipe2(end, O_CLOEXEC), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(close(end[1]), 0);
		sibling(end[0]);
	}
	CHECK_EQ(close(end[0]), 0);
	for (long i = 0; i < FILES; i++)
		t[i] = check_spawn(waits, (void *)i);
	check_msleep(20);
	for (int i = 0; i < 16; i++)
		s[i] = check_spawn(start[i % 4], NULL);
	for (int i = 0; i < 16; i++)
		check_join(s[i]);
	wake_all();
	for (int i = 0; i < FILES; i++)
		check_join(t[i]);
	check_write(end[1], "x", 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	puts("nothing seen");
	return 0;
}
