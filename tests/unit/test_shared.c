/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers that sleep on shared words: woken from outside, by few threads. */
#include "config.h"

#include "wait/shared.h"

#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>

#include "base/raw.h"
#include "runtime.h"
#include "unit.h"

enum { FIBERS = 300, WORDS = 200 }; /* more words than one call can name */

static _Atomic uint32_t *words; /* shared memory */
static _Atomic uint32_t waiting, woken, timed_out;

static void boot(int i)
{
	runtime_boot(RUNTIME_SIZE(i));
	words = mmap(NULL, WORDS * sizeof(*words), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(words, MAP_FAILED);
}

/* As another process does, which knows of no fiber. */
static long wake_outside(_Atomic uint32_t *word, int n)
{
	return zag_raw(SYS_futex, word, FUTEX_WAKE, n, 0, 0, 0);
}

static void until(_Atomic uint32_t *count, uint32_t n)
{
	zag_time end = zag_now() + 15000 * MS;

	while (zag_load_acq(count) < n && zag_now() < end)
		zag_sleep_until(zag_now() + MS);
	ck_assert_uint_eq(zag_load_acq(count), n);
}

static void *wait_changed(void *arg)
{
	_Atomic uint32_t *word = arg;

	zag_add(&waiting, 1);
	while (zag_load_acq(word) == 0)
		ck_assert_int_ne(zag_shared_wait(word, 0, ZAG_SHARED_ALL,
						 ZAG_FIRM_LOCK, ZAG_NEVER),
				 -ENOSYS);
	zag_add(&woken, 1);
	return NULL;
}

static int kernel_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

START_TEST(many_words_few_threads)
{
	struct zag_fiber *f[FIBERS];
	int before;

	boot(_i);
	before = kernel_threads();
	for (int i = 0; i < FIBERS; i++)
		f[i] = runtime_start(wait_changed, (void *)&words[i % WORDS]);
	until(&waiting, FIBERS);
	zag_sleep_until(zag_now() + 50 * MS);
	ck_assert_int_le(kernel_threads(), before + 8);
	for (int i = 0; i < WORDS; i++) {
		zag_store_rel(&words[i], 1);
		wake_outside(&words[i], INT32_MAX);
	}
	for (int i = 0; i < FIBERS; i++)
		runtime_join(f[i]);
}
END_TEST

/* A token a turn; each is for one of those who wait. */
static void *take_one(void *arg)
{
	uint32_t v;

	(void)arg;
	zag_add(&waiting, 1);
	do {
		while ((v = zag_load_acq(&words[0])) == 0)
			zag_shared_wait(&words[0], 0, ZAG_SHARED_ONE,
					ZAG_FIRM_LOCK, ZAG_NEVER);
	} while (!zag_cas(&words[0], &v, v - 1));
	zag_add(&woken, 1);
	return NULL;
}

START_TEST(each_token_arrives)
{
	struct zag_fiber *f[FIBERS];

	boot(_i);
	for (int i = 0; i < FIBERS; i++)
		f[i] = runtime_start(take_one, NULL);
	until(&waiting, FIBERS);
	for (uint32_t i = 1; i <= FIBERS; i++) {
		zag_add(&words[0], 1);
		wake_outside(&words[0], 1);
		if (i % 100 == 0)
			until(&woken, i);
	}
	for (int i = 0; i < FIBERS; i++)
		runtime_join(f[i]);
	ck_assert_uint_eq(zag_load_acq(&words[0]), 0);
}
END_TEST

START_TEST(fibers_wake_fibers)
{
	struct zag_fiber *f[10];

	boot(_i);
	for (int i = 0; i < 10; i++)
		f[i] = runtime_start(take_one, NULL);
	until(&waiting, 10);
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_int_eq(zag_shared_wake(&words[1], 1), 0);
	zag_store_rel(&words[0], 3);
	ck_assert_int_eq(zag_shared_wake(&words[0], 3), 3);
	until(&woken, 3);
	zag_store_rel(&words[0], 7);
	ck_assert_int_eq(zag_shared_wake(&words[0], 100), 7);
	for (int i = 0; i < 10; i++)
		runtime_join(f[i]);
	ck_assert_int_eq(zag_shared_wake(&words[0], 100), 0);
}
END_TEST

static void *wait_a_moment(void *arg)
{
	zag_time end = zag_now() + 20 * MS;

	while (zag_shared_wait(arg, 0, ZAG_SHARED_ONE, ZAG_FIRM_LOCK, end) !=
	       -ETIMEDOUT)
		;
	ck_assert_int_ge(zag_now(), end);
	zag_add(&timed_out, 1);
	return NULL;
}

/* In the kernel, as a thread of another process. */
static void *wait_natively(void *arg)
{
	struct timespec ten = { 10, 0 };

	zag_add(&waiting, 1);
	ck_assert_int_eq(zag_raw(SYS_futex, arg, FUTEX_WAIT, 0, &ten, 0, 0),
			 0);
	zag_add(&woken, 1);
	return NULL;
}

/* The watcher is still in the kernel's queue for a fiber that has given up,
 * and ahead of the thread: the one wake-up is for the thread. */
START_TEST(what_nobody_takes_is_passed_on)
{
	struct zag_fiber *f, *other;
	pthread_t t;

	boot(_i);
	other = runtime_start(wait_changed, (void *)&words[7]);
	f = runtime_start(wait_a_moment, (void *)&words[0]);
	zag_sleep_until(zag_now() + 10 * MS);
	pthread_create(&t, NULL, wait_natively, (void *)&words[0]);
	until(&timed_out, 1);
	until(&waiting, 2);
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_int_ge(wake_outside(&words[0], 1), 1);
	until(&woken, 1);
	pthread_join(t, NULL);
	zag_store_rel(&words[7], 1);
	wake_outside(&words[7], 1);
	runtime_join(f);
	runtime_join(other);
}
END_TEST

static void *wait_and_count(void *arg)
{
	long r = 0;

	for (int i = 0; i < 500; i++)
		r |= zag_shared_wait(&words[(long)arg], 0, ZAG_SHARED_ONE,
				     ZAG_FIRM_LOCK,
				     zag_now() + (i % 7) * MS / 50) == 0;
	return (void *)r;
}

/* Many come and go at once, with time-outs and wake-ups in between. */
START_TEST(come_and_go)
{
	struct zag_fiber *f[40];

	boot(_i);
	for (long i = 0; i < 40; i++)
		f[i] = runtime_start(wait_and_count, (void *)(i % 8));
	for (int i = 0; i < 2000; i++) {
		wake_outside(&words[i % 8], 1);
		if (i % 50 == 0)
			zag_yield();
	}
	for (int i = 0; i < 40; i++)
		runtime_join(f[i]);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("shared");

	/* Linux 5.16, and no emulator: without it fibers look now and then. */
	if (zag_raw(SYS_futex_waitv, NULL, 0, 0, NULL, 0) == -ENOSYS)
		return unit_run("shared", c);
	tcase_add_loop_test(c, many_words_few_threads, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, each_token_arrives, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, fibers_wake_fibers, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, what_nobody_takes_is_passed_on, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, come_and_go, 0, RUNTIME_SIZES);
	return unit_run("shared", c);
}
