/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conservative garbage collector, as libgc does it: a signal stops every
 * thread, wherever it is, its stack and registers are scanned for what looks
 * like a pointer, another lets it go on.  What is on no stack is freed.
 */
#include "check.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>

#define THREADS 16
#define OBJECTS 4096
#define ROUNDS 60
#define STOP SIGRTMIN
#define GO (SIGRTMIN + 1)

struct object {
	atomic_int used, marked;
	uint64_t check;
	char payload[48];
};

static struct object heap[OBJECTS];
static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thread {
	pthread_t id;
	char *bottom; /* where its stack begins */
	char *_Atomic top; /* while it is stopped: where it ends */
} thread[THREADS];
static __thread struct thread *me;
static sem_t stopped;
static atomic_int going, collections, finish;

/* --- stopping the world -------------------------------------------------- */

static void on_stop(int sig)
{
	int at = atomic_load(&going), err = errno;
	sigset_t all_but_go;
	jmp_buf registers; /* on the stack, where they are scanned */

	CHECK_EQ(sig, STOP);
	setjmp(registers);
	atomic_store(&me->top, (char *)&registers);
	CHECK_EQ(sem_post(&stopped), 0);
	sigfillset(&all_but_go);
	sigdelset(&all_but_go, GO);
	while (atomic_load(&going) == at)
		sigsuspend(&all_but_go);
	atomic_store(&me->top, NULL);
	CHECK_EQ(sem_post(&stopped), 0);
	errno = err;
}

static void on_go(int sig)
{
	CHECK_EQ(sig, GO);
}

static void signal_others(int sig)
{
	int i, n = 0;

	for (i = 0; i < THREADS; i++)
		if (&thread[i] != me) {
			CHECK_OK(pthread_kill(thread[i].id, sig));
			n++;
		}
	while (n--)
		while (sem_wait(&stopped) != 0)
			CHECK_EQ(errno, EINTR);
}

/* --- marking and sweeping ------------------------------------------------ */

static void mark(uintptr_t p)
{
	uintptr_t at = p - (uintptr_t)heap;

	if (at < sizeof heap)
		atomic_store(&heap[at / sizeof heap[0]].marked, 1);
}

static __attribute__((noinline, no_sanitize("address")))
void scan(const char *top, const char *bottom)
{
	uintptr_t *p = (uintptr_t *)((uintptr_t)top & -sizeof(uintptr_t));

	for (; (char *)p < bottom; p++)
		mark(*p);
}

static int sweep(void)
{
	int freed = 0;

	for (int i = 0; i < OBJECTS; i++) {
		if (atomic_load(&heap[i].used) &&
		    !atomic_load(&heap[i].marked)) {
			memset(heap[i].payload, 0xdd, sizeof heap[i].payload);
			heap[i].check = 0;
			atomic_store(&heap[i].used, 0);
			freed++;
		}
		atomic_store(&heap[i].marked, 0);
	}
	return freed;
}

/* The heap's lock is held. */
static void collect(void)
{
	jmp_buf registers;

	setjmp(registers);
	signal_others(STOP);
	scan((char *)&registers, me->bottom);
	for (int i = 0; i < THREADS; i++)
		if (&thread[i] != me)
			scan(atomic_load(&thread[i].top), thread[i].bottom);
	sweep();
	atomic_fetch_add(&going, 1);
	signal_others(GO);
	atomic_fetch_add(&collections, 1);
}

static struct object *find_free(void)
{
	static int next;

	for (int i = 0; i < OBJECTS; i++) {
		struct object *o = &heap[next++ % OBJECTS];

		if (!atomic_load(&o->used))
			return o;
	}
	return NULL;
}

static struct object *allocate(uint64_t check)
{
	struct object *o;

	CHECK_OK(pthread_mutex_lock(&heap_lock));
	while (!(o = find_free()))
		collect();
	atomic_store(&o->used, 1);
	o->check = check;
	CHECK_OK(pthread_mutex_unlock(&heap_lock));
	return o;
}

/* --- threads ------------------------------------------------------------- */

static void pause_somehow(int n)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	if (n % 5 == 0)
		check_msleep(1);
	else if (n % 5 == 1)
		sched_yield();
	else if (n % 5 == 2)
		CHECK_OK(pthread_mutex_lock(&m) | pthread_mutex_unlock(&m));
}

/* Keeps some on its stack, and lets others go. */
static void use(uint64_t seed)
{
	struct object *volatile kept[24];
	int i, k;

	for (i = 0; i < 24; i++)
		kept[i] = allocate(seed + (uint64_t)i);
	for (k = 0; k < 6; k++) {
		for (i = 0; i < 24; i++)
			if (kept[i]->check != seed + (uint64_t)i)
				check_fail("object %d was freed", i);
		for (i = 0; i < 40; i++)
			allocate(1);
		pause_somehow((int)(seed >> 8) + k);
	}
}

static void find_bottom(void)
{
	pthread_attr_t attr;
	size_t size;
	void *low;
	char here;

	CHECK_OK(pthread_getattr_np(pthread_self(), &attr));
	CHECK_OK(pthread_attr_getstack(&attr, &low, &size));
	CHECK_OK(pthread_attr_destroy(&attr));
	CHECK(&here >= (char *)low && &here < (char *)low + size);
	me->bottom = (char *)low + size;
}

static void *run(void *arg)
{
	static atomic_int here;

	me = arg;
	find_bottom();
	atomic_fetch_add(&here, 1);
	while (atomic_load(&here) < THREADS)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++)
		use(((uint64_t)(me - thread) << 40) | (uint64_t)i << 8);
	/* Threads stay, so that they can be stopped. */
	atomic_fetch_add(&finish, 1);
	while (atomic_load(&finish) < THREADS)
		check_msleep(1);
	return NULL;
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_stop,
				 .sa_flags = SA_RESTART };

	sigfillset(&act.sa_mask);
	CHECK_EQ(sigaction(STOP, &act, NULL), 0);
	act.sa_handler = on_go;
	CHECK_EQ(sigaction(GO, &act, NULL), 0);
	CHECK_EQ(sem_init(&stopped, 0, 0), 0);
	thread[0].id = pthread_self();
	for (int i = 1; i < THREADS; i++)
		thread[i].id = check_spawn(run, &thread[i]);
	run(&thread[0]);
	for (int i = 1; i < THREADS; i++)
		check_join(thread[i].id);
	CHECK(atomic_load(&collections) > 20);
	puts("collected, and nothing that was in use");
	return 0;
}
