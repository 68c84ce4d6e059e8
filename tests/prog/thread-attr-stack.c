/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_attr_setstack: the thread runs on the caller's own memory. */
#include "check.h"

#include <limits.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/mman.h>

#define SIZE (256 * 1024)

static char *memory;

static int inside(const void *p)
{
	return (uintptr_t)p - (uintptr_t)memory < SIZE;
}

static void *start(void *arg)
{
	pthread_attr_t a;
	char local[1000];
	void *addr;
	size_t size;

	memset(local, 1, sizeof local);
	CHECK(inside(local));
	CHECK_OK(pthread_getattr_np(pthread_self(), &a));
	CHECK_OK(pthread_attr_getstack(&a, &addr, &size));
	CHECK(addr == memory);
	CHECK_EQ(size, SIZE);
	CHECK_OK(pthread_attr_destroy(&a));
	for (int i = 0; i < 10; i++)
		sched_yield();
	usleep(1000);
	CHECK_EQ(local[999], 1);
	return arg;
}

enum { MANY = 1000, SMALL = 64 * 1024 };

static sem_t begun, go;

static void *detached(void *arg)
{
	sem_post(&begun);
	sem_wait(&go);
	return arg;
}

/* The memory is the caller's, also when nobody waits for the threads' ends. */
static void many_detached(void)
{
	char *slices = mmap(NULL, (size_t)MANY * SMALL, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t a;
	pthread_t t;

	CHECK(slices != MAP_FAILED);
	CHECK_OK(sem_init(&begun, 0, 0));
	CHECK_OK(sem_init(&go, 0, 0));
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
	for (size_t i = 0; i < MANY; i++) {
		slices[i * SMALL] = 'x';
		CHECK_OK(pthread_attr_setstack(&a, slices + i * SMALL, SMALL));
		CHECK_OK(pthread_create(&t, &a, detached, NULL));
	}
	for (int i = 0; i < MANY; i++)
		CHECK_OK(sem_wait(&begun));
	for (int i = 0; i < MANY; i++)
		CHECK_OK(sem_post(&go));
	usleep(100000); /* they end; should one not have, nothing is wrong */
	for (size_t i = 0; i < MANY; i++)
		CHECK_EQ(slices[i * SMALL], 'x');
	CHECK_OK(pthread_attr_destroy(&a));
}

int main(void)
{
	pthread_attr_t a;
	void *addr;
	size_t size;

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	CHECK_OK(pthread_attr_init(&a));
	CHECK_RC(pthread_attr_setstack(&a, memory, PTHREAD_STACK_MIN - 1),
		 EINVAL);
	CHECK_OK(pthread_attr_setstack(&a, memory, SIZE));
	CHECK_OK(pthread_attr_getstack(&a, &addr, &size));
	CHECK(addr == memory);
	CHECK_EQ(size, SIZE);
	for (int i = 0; i < 20; i++) {
		pthread_t t;

		CHECK_OK(pthread_create(&t, &a, start, NULL));
		check_join(t);
		/*
		 * POSIX: after the join the memory is the program's again, to
		 * reuse or to unmap.
		 */
		memset(memory, 0xa5, SIZE);
	}
	CHECK_OK(pthread_attr_destroy(&a));
	CHECK_EQ(munmap(memory, SIZE), 0);
	many_detached();
	puts("own stack used");
	return 0;
}
