/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock made of a mutex and a condition for each waiter, as interpreters have
 * it: who lets it go and takes it again at once, over and over, does not keep
 * those out whom that has woken.
 *
 * Each thread needs something else from time to time, which is only ever free
 * while the lock is held by whom it belongs to: the others try, and try again.
 */
#include "check.h"

enum { THREADS = 6, TURNS = 10 };

struct waiter {
	pthread_cond_t woken;
	struct waiter *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *first, **last = &first; /* the mutex protects them … */
static int held;			      /* … and this */
static int taken;			      /* the lock protects it */

static void wait_for_it(struct waiter *w)
{
	struct waiter **link = &first;

	w->next = NULL;
	*last = w;
	last = &w->next;
	CHECK_OK(pthread_cond_wait(&w->woken, &mutex));
	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	if (!w->next)
		last = link;
}

static void take(struct waiter *w)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	while (held)
		wait_for_it(w);
	held = 1;
	CHECK_OK(pthread_mutex_unlock(&mutex));
}

static void let_go(void)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	held = 0;
	if (first)
		CHECK_OK(pthread_cond_signal(&first->woken));
	CHECK_OK(pthread_mutex_unlock(&mutex));
}

static void *works(void *arg)
{
	struct waiter w = { .woken = PTHREAD_COND_INITIALIZER };
	int i;

	take(&w);
	for (i = 0; i < TURNS; i++) {
		while (taken) {
			let_go();
			take(&w);
		}
		taken = 1;
		let_go(); /* what it does now takes no lock */
		check_msleep(1);
		take(&w);
		taken = 0;
	}
	let_go();
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		t[i] = check_spawn(works, NULL);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	puts("everybody had every turn");
	return 0;
}
