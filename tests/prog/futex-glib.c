/* SPDX-License-Identifier: BSD-2-Clause */
/* GLib's mutexes and conditions, which are futexes of its own. */
#include "batch.h"

#include <dlfcn.h>

#define THREADS 200
#define ROUNDS 100

/* As glib/gthread.h has them. */
union mutex {
	void *p;
	unsigned i[2];
};

struct condition {
	void *p;
	unsigned i[2];
};

static void (*lock)(union mutex *m);
static void (*unlock)(union mutex *m);
static void (*wait_on)(struct condition *c, union mutex *m);
static void (*broadcast)(struct condition *c);

static union mutex mutex;
static struct condition condition;
static int turn, sum;

static void *plays(void *arg)
{
	int me = (int)(long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&mutex);
		sum++;
		if (i % 10 == 0)
			sched_yield();
		unlock(&mutex);
	}
	lock(&mutex);
	while (turn != me)
		wait_on(&condition, &mutex);
	turn++;
	broadcast(&condition);
	unlock(&mutex);
	return NULL;
}

int main(void)
{
	void *glib = dlopen("libglib-2.0.so.0", RTLD_NOW);

	if (!glib) {
		dprintf(2, "no libglib-2.0.so.0\n");
		return CHECK_SKIPPED;
	}
	lock = dlsym(glib, "g_mutex_lock");
	unlock = dlsym(glib, "g_mutex_unlock");
	wait_on = dlsym(glib, "g_cond_wait");
	broadcast = dlsym(glib, "g_cond_broadcast");
	CHECK(lock && unlock && wait_on && broadcast);
	batch(THREADS, plays, NULL, 20000);
	CHECK_EQ(sum, THREADS * ROUNDS);
	printf("%d in turn\n", turn);
	return 0;
}
