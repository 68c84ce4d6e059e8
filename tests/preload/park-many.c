/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many threads in one blocking call each, and a line for each call: its name,
 * and how many kernel threads there were while all of them waited.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 100 };

static char dir[] = "/tmp/park-many-XXXXXX";
static char path[64], fifo[64];
static int fds[2], set, id;
static mqd_t queue;

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static int kernel_threads(void)
{
	char line[128];
	int n = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (fgets(line, sizeof line, f))
		if (sscanf(line, "Threads: %d", &n) == 1)
			break;
	fclose(f);
	return n;
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void *in_epoll(void *arg)
{
	struct epoll_event e;

	must(epoll_wait(set, &e, 1, -1) == 1, "epoll_wait");
	return arg;
}

static void *in_flock(void *arg)
{
	int fd = open(path, O_RDWR);

	must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
	close(fd);
	return arg;
}

static void *in_setlkw(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	must(fcntl(fds[0], F_SETLKW, &l) == 0, "F_SETLKW");
	return arg;
}

/* More owners than helpers: the rest look now and then. */
static void *in_ofd(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR);

	must(fd >= 0 && fcntl(fd, F_OFD_SETLKW, &l) == 0, "F_OFD_SETLKW");
	close(fd);
	return arg;
}

static void *in_msgrcv(void *arg)
{
	struct { long type; char c; } m;

	must(msgrcv(id, &m, 1, 0, 0) == 1, "msgrcv");
	return arg;
}

static void *in_semop(void *arg)
{
	struct sembuf op = { 0, -1, 0 };

	must(semop(id, &op, 1) == 0, "semop");
	return arg;
}

static void *in_mq(void *arg)
{
	char c;

	must(mq_receive(queue, &c, 1, NULL) == 1, "mq_receive");
	return arg;
}

static void *in_eventfd(void *arg)
{
	eventfd_t v;

	must(eventfd_read(fds[0], &v) == 0, "eventfd_read");
	return arg;
}

static void *in_splice(void *arg)
{
	must(splice(fds[0], NULL, *(int *)arg, NULL, 1, 0) == 1, "splice");
	return NULL;
}

static void *in_wait(void *arg)
{
	must(wait(NULL) > 0, "wait");
	return arg;
}

static void *in_fsync(void *arg)
{
	must(fsync(fds[0]) == 0, "fsync");
	return arg;
}

static pthread_t thread[MANY];

/* All of them in fn; how many kernel threads that takes. */
static void begin(const char *name, void *(*fn)(void *), void *arg)
{
	int most = 0, n;

	for (int i = 0; i < MANY; i++)
		must(pthread_create(&thread[i], NULL, fn, arg) == 0, name);
	for (int i = 0; i < 20; i++) {
		nap(5);
		n = kernel_threads();
		most = n > most ? n : most;
	}
	printf("%s %d\n", name, most);
	fflush(stdout);
}

static void end(void)
{
	for (int i = 0; i < MANY; i++)
		pthread_join(thread[i], NULL);
}

static void locks(void)
{
	pid_t pid;
	int fd = open(path, O_RDWR), told[2];
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char c;

	must(fd >= 0 && flock(fd, LOCK_EX) == 0, "flock");
	begin("flock", in_flock, NULL);
	flock(fd, LOCK_UN);
	end();
	must(fcntl(fd, F_OFD_SETLK, &l) == 0, "F_OFD_SETLK");
	begin("ofd-lock", in_ofd, NULL);
	close(fd);
	end();
	/* Another process has it. */
	must(pipe(told) == 0, "pipe");
	fds[0] = open(path, O_RDWR);
	pid = fork();
	if (pid == 0) {
		must(fcntl(fds[0], F_SETLKW, &l) == 0, "F_SETLKW");
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		nap(300);
		_exit(0);
	}
	must(read(told[0], &c, 1) == 1, "read");
	begin("setlkw", in_setlkw, NULL);
	end();
	waitpid(pid, NULL, 0);
	close(fds[0]);
}

static void queues(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	struct { long type; char c; } m = { 1, 'x' };
	struct sembuf op = { 0, MANY, 0 };
	char name[32];

	id = msgget(IPC_PRIVATE, 0600);
	begin("msgrcv", in_msgrcv, NULL);
	for (int i = 0; i < MANY; i++)
		must(msgsnd(id, &m, 1, 0) == 0, "msgsnd");
	end();
	msgctl(id, IPC_RMID, NULL);
	id = semget(IPC_PRIVATE, 1, 0600);
	begin("semop", in_semop, NULL);
	must(semop(id, &op, 1) == 0, "semop");
	end();
	semctl(id, 0, IPC_RMID);
	snprintf(name, sizeof name, "/park-many-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	must(queue >= 0, "mq_open");
	mq_unlink(name);
	begin("mq_receive", in_mq, NULL);
	for (int i = 0; i < MANY; i++)
		must(mq_send(queue, "x", 1, 0) == 0, "mq_send");
	end();
	mq_close(queue);
}

static void descriptors(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int p[2];
	char buf[MANY] = { 0 };

	fds[0] = eventfd(0, EFD_SEMAPHORE);
	set = epoll_create1(0);
	must(epoll_ctl(set, EPOLL_CTL_ADD, fds[0], &e) == 0, "epoll_ctl");
	begin("epoll_wait", in_epoll, NULL);
	eventfd_write(fds[0], 1);
	end();
	eventfd_read(fds[0], &(eventfd_t){ 0 });
	begin("eventfd_read", in_eventfd, NULL);
	eventfd_write(fds[0], MANY);
	end();
	close(fds[0]);
	close(set);
	must(pipe(fds) == 0 && pipe(p) == 0, "pipe");
	begin("splice", in_splice, &p[1]);
	must(write(fds[1], buf, MANY) == MANY, "write");
	for (int i = 0; i < MANY; i++)
		must(read(p[0], buf, 1) == 1, "read");
	end();
}

static void files(void)
{
	fds[0] = open(path, O_RDWR);
	must(write(fds[0], "text", 4) == 4, "write");
	begin("fsync", in_fsync, NULL);
	end();
	close(fds[0]);
}

static void children(void)
{
	pid_t pid[MANY];
	int p[2];

	must(pipe(p) == 0, "pipe");
	for (int i = 0; i < MANY; i++) {
		char c;

		pid[i] = fork();
		if (pid[i] == 0) {
			close(p[1]);
			_exit(read(p[0], &c, 1) != 0);
		}
	}
	begin("wait", in_wait, NULL);
	close(p[1]);
	close(p[0]);
	end();
}

int main(void)
{
	must(mkdtemp(dir) != NULL, "mkdtemp");
	snprintf(path, sizeof path, "%s/file", dir);
	snprintf(fifo, sizeof fifo, "%s/fifo", dir);
	fds[0] = open(path, O_CREAT | O_RDWR, 0600);
	close(fds[0]);
	descriptors();
	locks();
	queues();
	files();
	children();
	unlink(path);
	rmdir(dir);
	return 0;
}
