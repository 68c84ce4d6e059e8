/* SPDX-License-Identifier: BSD-2-Clause */
/* msgsnd, msgrcv, semop, semtimedop: many wait, signals, removal, time. */
#include "check.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 100 };

struct message {
	long type;
	char text[8];
};

static int queue, sem;

static int sem_add(int n, int flags)
{
	struct sembuf op = { 0, (short)n, (short)flags };

	return semop(sem, &op, 1);
}

/* Each waits for a message of its own type. */
static void *receives(void *arg)
{
	struct message m;

	CHECK_EQ(msgrcv(queue, &m, sizeof m.text, (long)arg, 0), 5);
	CHECK_EQ(m.type, (long)arg);
	CHECK(!memcmp(m.text, "text", 5));
	return NULL;
}

static void messages(void)
{
	struct message m = { .text = "text" };
	pthread_t t[MANY];

	for (long i = 0; i < MANY; i++)
		t[i] = check_spawn(receives, (void *)(i + 1));
	check_msleep(20);
	for (m.type = MANY; m.type > 0; m.type--)
		CHECK_EQ(msgsnd(queue, &m, 5, 0), 0);
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
	CHECK_ERRNO(msgrcv(queue, &m, 5, 0, IPC_NOWAIT), ENOMSG);
	CHECK_ERRNO(msgrcv(-1, &m, 5, 0, 0), EINVAL);
	m.type = 0;
	CHECK_ERRNO(msgsnd(queue, &m, 5, 0), EINVAL);
}

/* The queue is full: who sends waits until somebody takes. */
static void *sends(void *arg)
{
	struct message m = { 1, "text" };

	for (int i = 0; i < MANY; i++)
		CHECK_EQ(msgsnd(queue, &m, sizeof m.text, 0), 0);
	return arg;
}

static void full_queue(void)
{
	struct msqid_ds ds;
	struct message m;
	pthread_t t[10];

	CHECK_EQ(msgctl(queue, IPC_STAT, &ds), 0);
	ds.msg_qbytes = 64;
	CHECK_EQ(msgctl(queue, IPC_SET, &ds), 0);
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(sends, NULL);
	for (int i = 0; i < 10 * MANY; i++)
		CHECK_EQ(msgrcv(queue, &m, sizeof m.text, 0, 0), 8);
	for (int i = 0; i < 10; i++)
		check_join(t[i]);
}

static void *takes(void *arg)
{
	CHECK_EQ(sem_add(-1, 0), 0);
	return arg;
}

/* Both of one set at once, or neither. */
static void *takes_two(void *arg)
{
	struct sembuf op[2] = { { 0, -1, 0 }, { 1, -1, 0 } };

	CHECK_EQ(semop(sem, op, 2), 0);
	return arg;
}

static void semaphores(void)
{
	struct sembuf mixed[2] = { { 1, -1, 0 }, { 0, -1, IPC_NOWAIT } };
	struct sembuf one = { 1, 1, 0 };
	pthread_t t[MANY];

	for (int i = 0; i < MANY; i++)
		t[i] = check_spawn(i % 10 ? takes : takes_two, NULL);
	check_msleep(20);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(semop(sem, &one, 1), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(sem_add(1, 0), 0);
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
	CHECK_EQ(semctl(sem, 0, GETVAL), 0);
	CHECK_EQ(semctl(sem, 1, GETVAL), 0);
	CHECK_ERRNO(sem_add(-1, IPC_NOWAIT), EAGAIN);
	/* The second one decides: it does not wait. */
	CHECK_EQ(semop(sem, &one, 1), 0);
	CHECK_ERRNO(semop(sem, mixed, 2), EAGAIN);
	CHECK_EQ(semctl(sem, 1, SETVAL, 0), 0);
	CHECK_ERRNO(semop(sem, mixed, 0), EINVAL);
	CHECK_ERRNO(semop(sem, check_bad_pointer(), 2), EFAULT);
}

static void *interrupted(void *arg)
{
	struct message m;

	CHECK_ERRNO(msgrcv(queue, &m, sizeof m.text, 0, 0), EINTR);
	check_step(arg);
	CHECK_ERRNO(sem_add(-1, 0), EINTR);
	check_step(arg);
	return NULL;
}

/* SA_RESTART restarts none of these; nothing is taken. */
static void signals(void)
{
	pthread_t t;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, SA_RESTART);
	t = check_spawn(interrupted, &steps);
	check_kill_until(t, SIGUSR1, &steps, 2);
	check_join(t);
	CHECK_EQ(sem_add(1, 0), 0);
	CHECK_EQ(semctl(sem, 0, GETVAL), 1);
	CHECK_EQ(semctl(sem, 0, SETVAL, 0), 0);
}

static void *times_out(void *arg)
{
	struct timespec ts = check_timespec(50 * CHECK_MS), none = { 0, 0 };
	struct sembuf op = { 0, -1, 0 };
	long long start = check_now(CLOCK_MONOTONIC);

	CHECK_ERRNO(semtimedop(sem, &op, 1, &ts), EAGAIN);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 50 * CHECK_MS);
	CHECK_ERRNO(semtimedop(sem, &op, 1, &none), EAGAIN);
	ts.tv_nsec = 2000000000;
	CHECK_ERRNO(semtimedop(sem, &op, 1, &ts), EINVAL);
	return arg;
}

/* SEM_UNDO is undone when the process ends, not a thread. */
static void *undo(void *arg)
{
	struct sembuf op = { 0, 5, SEM_UNDO };

	CHECK_EQ(semop(sem, &op, 1), 0);
	return arg;
}

static void undone(void)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		check_join(check_spawn(undo, NULL));
		_exit(semctl(sem, 0, GETVAL) != 5);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(semctl(sem, 0, GETVAL), 0);
}

/* Each is told, however many there are. */
enum { REMOVED = 120 };

static int coming;

static void *removed(void *arg)
{
	struct message m;

	check_step(&coming);
	if (arg)
		CHECK_ERRNO(msgrcv(queue, &m, sizeof m.text, 0, 0), EIDRM);
	else
		CHECK_ERRNO(sem_add(-1, 0), EIDRM);
	return NULL;
}

int main(void)
{
	pthread_t t[REMOVED];

	queue = msgget(IPC_PRIVATE, 0600);
	sem = semget(IPC_PRIVATE, 2, 0600);
	if (queue < 0 || sem < 0)
		return 77;
	messages();
	full_queue();
	semaphores();
	signals();
	times_out(NULL);
	check_join(check_spawn(times_out, NULL));
	undone();
	for (long i = 0; i < REMOVED; i++)
		t[i] = check_spawn(removed, (void *)(i % 2));
	/* Who waits for a semaphore is counted; who waits for a message not. */
	while (semctl(sem, 0, GETNCNT) < 2 ||
	       __atomic_load_n(&coming, __ATOMIC_SEQ_CST) < REMOVED)
		check_msleep(1);
	check_msleep(150);
	CHECK_EQ(msgctl(queue, IPC_RMID, NULL), 0);
	CHECK_EQ(semctl(sem, 0, IPC_RMID), 0);
	for (int i = 0; i < REMOVED; i++)
		check_join(t[i]);
	puts("sent and counted");
	return 0;
}
