/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs when a thread is cancelled: handlers, then the destructors of keys;
 * what may be called there.  Built twice: with -fexceptions the macros are
 * another thing, and variables with a cleanup attribute are handlers too.
 */
#include "check.h"

#include <semaphore.h>

static pthread_key_t key;
static sem_t never;
static char order[64];
static size_t length;

static void note(void *arg)
{
	order[length++] = *(const char *)arg;
}

/* A handler may block, and is not cancelled again. */
static void blocks(void *arg)
{
	int fds[2];
	char c = 0;

	pthread_testcancel();
	check_msleep(5);
	CHECK_EQ(pipe(fds), 0);
	check_write(fds[1], &c, 1);
	check_read(fds[0], &c, 1);
	CHECK_EQ(close(fds[0]), 0);
	CHECK_EQ(close(fds[1]), 0);
	note(arg);
}

/* Set again as often as the system lets it. */
static void destroys(void *arg)
{
	note("d");
	CHECK_OK(pthread_setspecific(key, arg));
}

#ifdef __EXCEPTIONS
#define EXPECTED "3vp21dddd"
#else
#define EXPECTED "3p21dddd"
#endif

static void note_variable(char *letter)
{
	note(letter);
}

static void waits_below(void)
{
	__attribute__((unused, cleanup(note_variable))) char letter = 'v';

	CHECK_EQ(sem_wait(&never), 0);
}

static void defers(void)
{
	pthread_cleanup_push_defer_np(note, "p");
	waits_below();
	pthread_cleanup_pop_restore_np(0);
}

static void *waits(void *arg)
{
	CHECK_OK(pthread_setspecific(key, &key));
	pthread_cleanup_push(note, "1");
	pthread_cleanup_push(blocks, "2");
	pthread_cleanup_push(note, "x");
	pthread_cleanup_pop(0);
	pthread_cleanup_push(note, "3");
	pthread_cleanup_pop(1);
	defers();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void expect(const char *want)
{
	order[length] = 0;
	if (strcmp(order, want))
		check_fail("%s, not %s", order, want);
	length = 0;
}

/* Cancelled in a destructor of a key, after it has returned. */
static pthread_key_t late_key;

static void cancelled_there(void *arg)
{
	(void)arg;
	CHECK_OK(pthread_cancel(pthread_self()));
	note("k");
	pthread_testcancel();
	note("!");
}

static void *returns_first(void *arg)
{
	CHECK_OK(pthread_setspecific(late_key, arg));
	return arg;
}

int main(void)
{
	pthread_t t;

	CHECK_OK(pthread_key_create(&key, destroys));
	CHECK_OK(pthread_key_create(&late_key, cancelled_there));
	CHECK_EQ(sem_init(&never, 0, 0), 0);
	for (int i = 0; i < 20; i++) {
		t = check_spawn(waits, NULL);
		if (i & 1)
			check_msleep(2);
		CHECK_OK(pthread_cancel(t));
		CHECK(check_join(t) == PTHREAD_CANCELED);
		expect(EXPECTED);
	}
	check_join(check_spawn(returns_first, &key));
	expect("k");
	puts("ok");
	return 0;
}
