/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libc's functions by their second names, which old programs and libraries
 * import, do what they do by their first; and who executes a program by
 * execveat gives it a thread's signal mask.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define VERSION "GLIBC_2.2.5"
#else
#define VERSION "GLIBC_2.17"
#endif

/* As an old program imports it. */
#define OLD(own, name, like)						\
	__asm__(".symver " #own "," #name "@" VERSION);			\
	extern __typeof__(like) own;

OLD(lock, __pthread_mutex_lock, pthread_mutex_lock)
OLD(unlock, __pthread_mutex_unlock, pthread_mutex_unlock)
OLD(wrlock, __pthread_rwlock_wrlock, pthread_rwlock_wrlock)
OLD(rdlock, __pthread_rwlock_rdlock, pthread_rwlock_rdlock)
OLD(rwunlock, __pthread_rwlock_unlock, pthread_rwlock_unlock)
OLD(once, __pthread_once, pthread_once)
OLD(suspend, __sigsuspend, sigsuspend)
OLD(action, __sigaction, sigaction)
OLD(raises, gsignal, raise)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t control = PTHREAD_ONCE_INIT;
static int entered, done, count;
static __thread int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void slow_init(void)
{
	check_msleep(50);
	count++;
}

static void *waits(void *arg)
{
	sigset_t none;

	check_step(&entered);
	switch ((long)arg) {
	case 0:
		CHECK_OK(lock(&mutex));
		CHECK_OK(pthread_mutex_unlock(&mutex));
		break;
	case 1:
		CHECK_OK(rdlock(&rwlock));
		CHECK_OK(pthread_rwlock_unlock(&rwlock));
		break;
	case 2:
		CHECK_OK(wrlock(&rwlock));
		CHECK_OK(pthread_rwlock_unlock(&rwlock));
		break;
	case 3:
		CHECK_OK(once(&control, slow_init));
		CHECK_EQ(count, 1);
		break;
	case 4:
		sigemptyset(&none);
		CHECK_ERRNO(suspend(&none), EINTR);
		CHECK_EQ(handled, 1);
		break;
	default:
		CHECK_EQ(raises(SIGUSR2), 0);
		CHECK_EQ(handled, 1);
	}
	check_step(&done);
	return NULL;
}

/* Those that wait do so while we hold what they want, by either name. */
static void blocked(void)
{
	pthread_t t[6];
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &usr1, NULL));
	CHECK_OK(pthread_mutex_lock(&mutex));
	CHECK_OK(pthread_rwlock_wrlock(&rwlock));
	for (long i = 0; i < 6; i++)
		t[i] = check_spawn(waits, (void *)i);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < 2)
		check_msleep(1);
	CHECK_EQ(__atomic_load_n(&entered, __ATOMIC_SEQ_CST), 6);
	check_msleep(20);
	CHECK_EQ(__atomic_load_n(&done, __ATOMIC_SEQ_CST), 2);
	CHECK_OK(unlock(&mutex));
	CHECK_OK(rwunlock(&rwlock));
	CHECK_OK(pthread_kill(t[4], SIGUSR1));
	for (int i = 0; i < 6; i++)
		check_join(t[i]);
}

/* Says in its status whether SIGUSR1 is blocked there. */
static void *executes(void *arg)
{
	char program[] = "/bin/sh", option[] = "-c", script[] =
		"while read -r key value; do "
		"[ \"$key\" = SigBlk: ] && exit $((0x$value >> 9 & 1)); "
		"done </proc/self/status; exit 9";
	char *argv[] = { program, option, script, NULL };
	char *envp[] = { NULL };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_OK(pthread_sigmask(arg ? SIG_BLOCK : SIG_UNBLOCK, &usr1, NULL));
	execveat(AT_FDCWD, program, argv, envp, 0);
	_exit(8);
}

/* A thread of a child, where the others have another mask. */
static void execute(const char *blocked)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		check_spawn(executes, (void *)blocked);
		for (;;)
			pause();
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, (blocked != NULL) << 8);
}

int main(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	CHECK_EQ(action(SIGUSR1, &a, NULL), 0);
	CHECK_EQ(action(SIGUSR2, &a, NULL), 0);
	blocked();
	execute(NULL);
	execute("blocked");
	puts("the same by any name");
	return 0;
}
