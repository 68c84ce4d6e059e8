/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex(2) on words that two processes see: whoever wakes, and however many,
 * those who wait here are woken, also after some were moved to another word,
 * and if the word itself has not changed.
 */
#include "check.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 6

static struct memory {
	uint32_t word, other;
	int ready, over, gone;
} *m;

static long futex(uint32_t *word, int op, uint32_t val, long val2,
		  uint32_t *word2, uint32_t val3)
{
	return syscall(SYS_futex, word, op, val, val2, word2, val3);
}

static void *waits(void *arg)
{
	__atomic_fetch_add(&m->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&m->over, __ATOMIC_SEQ_CST))
		CHECK_EQ(futex(&m->word, FUTEX_WAIT, 0, 0, NULL, 0), 0);
	__atomic_fetch_add(&m->gone, 1, __ATOMIC_SEQ_CST);
	return arg;
}

/* In another process, which has only the words to do with us. */
static void wake_elsewhere(void)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		__atomic_store_n(&m->over, 1, __ATOMIC_SEQ_CST);
		futex(&m->word, FUTEX_WAKE, INT_MAX, 0, NULL, 0);
		futex(&m->other, FUTEX_WAKE, INT_MAX, 0, NULL, 0);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* op: how some of them are moved before; -1: none are. */
static void round_of(int op)
{
	pthread_t t[THREADS];

	m->ready = m->over = m->gone = 0;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(waits, NULL);
	while (__atomic_load_n(&m->ready, __ATOMIC_SEQ_CST) < THREADS)
		sched_yield();
	check_msleep(30);
	if (op >= 0) {
		CHECK_EQ(futex(&m->word, op, 1, 2, &m->other, 0), 3);
		check_msleep(30);
	}
	CHECK_EQ(m->gone, 0);
	wake_elsewhere();
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(m->gone, THREADS);
}

static void *fails(void *arg)
{
	CHECK_ERRNO(futex(&m->word, FUTEX_CMP_REQUEUE, 1, 2, &m->other, 7),
		    EAGAIN);
	CHECK_ERRNO(futex(&m->word, FUTEX_CMP_REQUEUE, 1, 2,
			  check_bad_pointer(), 0), EFAULT);
	CHECK_ERRNO(futex(&m->word, FUTEX_REQUEUE, (uint32_t)-1, 2, &m->other,
			  0), EINVAL);
	CHECK_EQ(futex(&m->word, FUTEX_REQUEUE, 0, 0, &m->other, 0), 0);
	CHECK_EQ(futex(&m->word, FUTEX_REQUEUE, INT_MAX, INT_MAX, &m->other,
		       0), 0);
	return arg;
}

int main(void)
{
	m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	check_join(check_spawn(fails, NULL));
	for (int i = 0; i < 5; i++) {
		round_of(-1);
		round_of(FUTEX_REQUEUE);
		round_of(FUTEX_CMP_REQUEUE);
	}
	puts("all woken");
	return 0;
}
