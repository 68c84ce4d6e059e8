/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With a cancellation pending, which calls act on it although they would not
 * block, and which do not; those that act have done nothing.
 */
#include "check.h"

#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>

static int pipe_fd[2], pair[2], listener, file, null, epoll, event;
static int queue, sems;
static struct sockaddr_in addr;
static sem_t sem;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static char buf[64];
static struct iovec iov = { buf, 1 };
static struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
static struct mmsghdr mmsg;
static struct timespec none, past;
static struct pollfd pfd;
static struct epoll_event ev;
static sigset_t usr1;
static siginfo_t info;
static struct { long type; char text[1]; } message = { 1, "m" };
static FILE *stream;

#define CALL(name, call)						\
	static void call_##name(void)					\
	{								\
		call;							\
	}

#define POINTS(X)							\
	X(read, read(pipe_fd[0], buf, 1))				\
	X(write, write(pipe_fd[1], buf, 1))				\
	X(readv, readv(pipe_fd[0], &iov, 1))				\
	X(writev, writev(pipe_fd[1], &iov, 1))				\
	X(pread, pread(file, buf, 1, 0))				\
	X(pwrite, pwrite(file, buf, 1, 0))				\
	X(preadv, preadv(file, &iov, 1, 0))				\
	X(pwritev, pwritev(file, &iov, 1, 0))				\
	X(preadv2, preadv2(file, &iov, 1, 0, 0))			\
	X(pwritev2, pwritev2(file, &iov, 1, 0, 0))			\
	X(recv, recv(pair[0], buf, 1, 0))				\
	X(recv_dontwait, recv(pair[0], buf, 1, MSG_DONTWAIT))		\
	X(recvfrom, recvfrom(pair[0], buf, 1, 0, NULL, NULL))		\
	X(recvmsg, recvmsg(pair[0], &msg, 0))				\
	X(recvmmsg, recvmmsg(pair[0], &mmsg, 1, 0, NULL))		\
	X(send, send(pair[1], buf, 1, 0))				\
	X(sendto, sendto(pair[1], buf, 1, 0, NULL, 0))			\
	X(sendmsg, sendmsg(pair[1], &msg, 0))				\
	X(sendmmsg, sendmmsg(pair[1], &mmsg, 1, 0))			\
	X(accept, accept(listener, NULL, NULL))				\
	X(accept4, accept4(listener, NULL, NULL, SOCK_CLOEXEC))		\
	X(connect, connect(null, (struct sockaddr *)&addr, 1))		\
	X(poll, poll(&pfd, 1, 0))					\
	X(ppoll, ppoll(&pfd, 1, &none, NULL))				\
	X(select, select(0, NULL, NULL, NULL,				\
			 &(struct timeval){ 0, 0 }))			\
	X(pselect, pselect(0, NULL, NULL, NULL, &none, NULL))		\
	X(epoll_wait, epoll_wait(epoll, &ev, 1, 0))			\
	X(epoll_pwait, epoll_pwait(epoll, &ev, 1, 0, NULL))		\
	X(sleep, sleep(0))						\
	X(usleep, usleep(0))						\
	X(nanosleep, nanosleep(&none, NULL))				\
	X(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC,		\
					   TIMER_ABSTIME, &past, NULL))	\
	X(thrd_sleep, thrd_sleep(&none, NULL))				\
	X(open, open("/dev/null", O_RDONLY))				\
	X(openat, openat(AT_FDCWD, "/dev/null", O_RDONLY))		\
	X(creat, creat("/dev/null", 0600))				\
	X(close, close(-1))						\
	X(fsync, fsync(file))						\
	X(fdatasync, fdatasync(file))					\
	X(sync_file_range, sync_file_range(file, 0, 0, 0))		\
	X(msync, msync(NULL, 0, MS_SYNC))				\
	X(msync_async, msync(NULL, 0, MS_ASYNC))			\
	X(setlkw, fcntl(file, F_SETLKW, &(struct flock){ .l_type = F_UNLCK }))\
	X(lockf, lockf(file, F_LOCK, 0))				\
	X(tcdrain, tcdrain(null))					\
	X(wait, wait(NULL))						\
	X(waitpid, waitpid(-1, NULL, WNOHANG))				\
	X(wait4, wait4(-1, NULL, WNOHANG, NULL))			\
	X(waitid, waitid(P_ALL, 0, &info, WEXITED | WNOHANG))		\
	X(sigtimedwait, sigtimedwait(&usr1, &info, &none))		\
	X(msgsnd, msgsnd(queue, &message, 1, IPC_NOWAIT))		\
	X(msgrcv, msgrcv(queue, &message, 1, 0, IPC_NOWAIT))		\
	X(mq_receive, mq_receive(null, buf, 1, NULL))			\
	X(mq_send, mq_send(null, buf, 1, 0))				\
	X(sem_wait, sem_wait(&sem))					\
	X(sem_timedwait, sem_timedwait(&sem, &past))			\
	X(cond_wait, cond_waits())					\
	X(splice, splice(pipe_fd[0], NULL, pair[0], NULL, 1,		\
			 SPLICE_F_NONBLOCK))				\
	X(tee, tee(pipe_fd[0], pipe_fd[1], 1, SPLICE_F_NONBLOCK))	\
	X(vmsplice, vmsplice(pipe_fd[1], &iov, 1, SPLICE_F_NONBLOCK))	\
	X(copy_file_range, copy_file_range(file, NULL, file, NULL, 0, 0))\
	X(eventfd_read, eventfd_read(event, (eventfd_t *)buf))		\
	X(eventfd_write, eventfd_write(event, 1))			\
	X(testcancel, pthread_testcancel())

#define OTHERS(X)							\
	X(mutex, (pthread_mutex_lock(&mutex),				\
		  pthread_mutex_unlock(&mutex)))			\
	X(rwlock, (pthread_rwlock_rdlock(&rwlock),			\
		   pthread_rwlock_unlock(&rwlock)))			\
	X(barrier, pthread_barrier_wait(&barrier))			\
	X(signal, pthread_cond_broadcast(&cond))			\
	X(trywait, sem_trywait(&sem))					\
	X(post, sem_post(&sem))						\
	X(getpid, getpid())						\
	X(yield, sched_yield())						\
	X(dup, dup2(null, 200))						\
	X(flock, flock(file, LOCK_SH))					\
	X(unlock, flock(file, LOCK_UN))					\
	X(getfl, fcntl(file, F_GETFL))					\
	X(setlk, fcntl(file, F_SETLK,					\
		       &(struct flock){ .l_type = F_UNLCK }))		\
	X(semop, semop(sems, &(struct sembuf){ 0, 1, 0 }, 1))		\
	X(sendfile, sendfile(pair[1], file, &(off_t){ 0 }, 1))		\
	X(shutdown, shutdown(null, SHUT_RD))				\
	X(lseek, lseek(file, 0, SEEK_SET))				\
	X(kill, kill(getpid(), 0))					\
	X(sigmask, pthread_sigmask(SIG_BLOCK, &usr1, NULL))		\
	X(finished, joins_finished())					\
	X(malloc, free(malloc(100)))					\
	X(key, pthread_key_delete(-1))

static void unlock(void *arg)
{
	CHECK_OK(pthread_mutex_unlock(arg));
}

static void cond_waits(void)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	pthread_cleanup_push(unlock, &mutex);
	pthread_cond_timedwait(&cond, &mutex, &past);
	pthread_cleanup_pop(1);
}

static void *returns(void *arg)
{
	return arg;
}

static pthread_t finished;

static void joins_finished(void)
{
	CHECK_OK(pthread_join(finished, NULL));
}

POINTS(CALL)
OTHERS(CALL)

static void *calls(void *fn)
{
	CHECK_OK(pthread_cancel(pthread_self()));
	((void (*)(void))fn)();
	return &sem;
}

struct call {
	const char *name;
	void (*fn)(void);
};

#define ROW(name, call) { #name, call_##name },

static const struct call points[] = { POINTS(ROW) };
static const struct call others[] = { OTHERS(ROW) };

static void expect(const struct call *c, void *end)
{
	void *got;

	if (c->fn == call_finished) {
		finished = check_spawn(returns, NULL);
		check_msleep(10);
	}
	got = check_join(check_spawn(calls, (void *)c->fn));
	if (got != end)
		check_fail("%s: %p, not %p", c->name, got, end);
}

static void make(void)
{
	socklen_t len = sizeof(addr);

	CHECK_EQ(pipe2(pipe_fd, O_NONBLOCK), 0);
	check_write(pipe_fd[1], "p", 1);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	check_write(pair[1], "s", 1);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(listener, (struct sockaddr *)&addr, len), 0);
	CHECK_EQ(listen(listener, 1), 0);
	stream = tmpfile();
	CHECK(stream != NULL);
	file = fileno(stream);
	check_write(file, "f", 1);
	null = open("/dev/null", O_RDWR);
	CHECK(null >= 0);
	epoll = epoll_create1(0);
	event = eventfd(1, EFD_NONBLOCK);
	queue = msgget(IPC_PRIVATE, 0600);
	sems = semget(IPC_PRIVATE, 1, 0600);
	CHECK_EQ(sem_init(&sem, 0, 5), 0);
	CHECK_OK(pthread_barrier_init(&barrier, NULL, 1));
	mmsg.msg_hdr = msg;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
}

/* What was there before is there still: no call has taken anything. */
static void nothing_was_done(void)
{
	int value;

	CHECK_EQ(read(pipe_fd[0], buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], 'p');
	CHECK_EQ(sem_getvalue(&sem, &value), 0);
	CHECK_EQ(value, 5);
	CHECK_ERRNO(msgrcv(queue, &message, 1, 0, IPC_NOWAIT), ENOMSG);
}

int main(void)
{
	make();
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		expect(&points[i], PTHREAD_CANCELED);
	nothing_was_done();
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect(&others[i], &sem);
	CHECK_EQ(msgctl(queue, IPC_RMID, NULL), 0);
	CHECK_EQ(semctl(sems, 0, IPC_RMID), 0);
	puts("ok");
	return 0;
}
