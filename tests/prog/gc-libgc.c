/* SPDX-License-Identifier: BSD-2-Clause */
/* Debian's libgc1, if it is there: threads build trees and collect what they
 * have let go; the collector stops them by signals and scans their stacks. */
#include "check.h"

#include <dlfcn.h>
#include <stdatomic.h>

#define THREADS 32
#define ROUNDS 2
#define TREES 20

struct node {
	struct node *left, *right;
	long value;
};

static struct {
	void (*init)(void);
	void *(*malloc)(size_t size);
	void (*collect)(void);
	unsigned long (*collections)(void);
	int (*create)(pthread_t *t, const pthread_attr_t *attr,
		      void *(*fn)(void *), void *arg);
	int (*join)(pthread_t t, void **value);
} gc;

static atomic_long sums;

static int load(void)
{
	void *lib = dlopen("libgc.so.1", RTLD_NOW | RTLD_GLOBAL);

	if (!lib)
		return 0;
	gc.init = dlsym(lib, "GC_init");
	gc.malloc = dlsym(lib, "GC_malloc");
	gc.collect = dlsym(lib, "GC_gcollect");
	gc.collections = dlsym(lib, "GC_get_gc_no");
	gc.create = dlsym(lib, "GC_pthread_create");
	gc.join = dlsym(lib, "GC_pthread_join");
	return gc.init && gc.malloc && gc.collect && gc.collections &&
	       gc.create && gc.join;
}

static struct node *grow(int depth, long value)
{
	struct node *n = gc.malloc(sizeof *n);

	CHECK(n);
	n->value = value;
	if (depth) {
		n->left = grow(depth - 1, 2 * value);
		n->right = grow(depth - 1, 2 * value + 1);
	}
	return n;
}

static long sum(const struct node *n)
{
	return n ? n->value + sum(n->left) + sum(n->right) : 0;
}

static void *run(void *arg)
{
	long id = *(int *)arg;
	struct node *kept = grow(10, id + 1);
	long want = sum(kept);

	for (int i = 0; i < TREES; i++) {
		grow(9, i); /* garbage */
		if (i % 7 == 0)
			check_msleep(1);
		if (i % 11 == 0 && id % 8 == 0)
			gc.collect();
		if (sum(kept) != want)
			check_fail("thread %ld: its tree has changed", id);
	}
	atomic_fetch_add(&sums, sum(kept));
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	int id[THREADS], i, r;

	if (!load()) {
		puts("no libgc.so.1");
		return CHECK_SKIPPED;
	}
	gc.init();
	for (r = 0; r < ROUNDS; r++) {
		for (i = 0; i < THREADS; i++) {
			id[i] = i;
			CHECK_OK(gc.create(&t[i], NULL, run, &id[i]));
		}
		for (i = 0; i < THREADS; i++)
			CHECK_OK(gc.join(t[i], NULL));
	}
	CHECK(gc.collections() > 10);
	printf("trees of %ld\n", atomic_load(&sums));
	return 0;
}
