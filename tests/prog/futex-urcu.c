/* SPDX-License-Identifier: BSD-2-Clause */
/* liburcu's grace periods and its thread of callbacks, on futexes of its own. */
#include "batch.h"

#include <dlfcn.h>

#define THREADS 100
#define ROUNDS 20

struct rcu_head {
	void *next; /* as urcu/call-rcu.h has it */
	void (*func)(struct rcu_head *head);
};

static struct {
	void (*register_thread)(void);
	void (*unregister_thread)(void);
	void (*read_lock)(void);
	void (*read_unlock)(void);
	void (*synchronize_rcu)(void);
	void (*call_rcu)(struct rcu_head *, void (*)(struct rcu_head *));
	void (*barrier)(void);
} urcu;

static struct node {
	struct rcu_head head;
	int alive;
} *current;

static int freed;

static void let_go(struct rcu_head *head)
{
	struct node *n = (struct node *)head;

	n->alive = 0;
	free(n);
	__atomic_fetch_add(&freed, 1, __ATOMIC_SEQ_CST);
}

static struct node *new_node(void)
{
	struct node *n = calloc(1, sizeof *n);

	CHECK(n != NULL);
	n->alive = 1;
	return n;
}

static void *works(void *arg)
{
	struct node *n;

	urcu.register_thread();
	for (int i = 0; i < ROUNDS; i++) {
		urcu.read_lock();
		n = __atomic_load_n(&current, __ATOMIC_CONSUME);
		CHECK_EQ(n->alive, 1);
		if (i % 4 == 0)
			sched_yield();
		CHECK_EQ(n->alive, 1);
		urcu.read_unlock();
		n = __atomic_exchange_n(&current, new_node(), __ATOMIC_ACQ_REL);
		urcu.call_rcu(&n->head, let_go);
		if ((long)arg % 20 == 0 && i % 10 == 0)
			urcu.synchronize_rcu();
	}
	urcu.unregister_thread();
	return NULL;
}

static void find(void *lib, const char *name, void *function)
{
	char full[64];
	void *found;

	snprintf(full, sizeof full, "urcu_memb_%s", name);
	found = dlsym(lib, full);
	CHECK(found != NULL);
	memcpy(function, &found, sizeof found);
}

#define FIND(name) find(lib, #name, &urcu.name)

int main(void)
{
	void *lib = dlopen("liburcu.so.8", RTLD_NOW);

	if (!lib) {
		dprintf(2, "no liburcu.so.8\n");
		return CHECK_SKIPPED;
	}
	FIND(register_thread);
	FIND(unregister_thread);
	FIND(read_lock);
	FIND(read_unlock);
	FIND(synchronize_rcu);
	FIND(call_rcu);
	FIND(barrier);
	current = new_node();
	batch(THREADS, works, NULL, 20000);
	urcu.barrier();
	CHECK_EQ(freed, THREADS * ROUNDS);
	printf("%d freed\n", freed);
	return 0;
}
