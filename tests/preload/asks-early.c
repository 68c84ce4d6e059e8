/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads ask one that a library's constructor has created; main leaves first.
 * Prints how many kernel threads there were. */
#include "../prog/check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { THREADS = 50, CALLS = 20 };

static int (*answer)(int n);
static pthread_t thread[THREADS], main_thread;
static int asked;
static atomic_bool counted;

static void *asks(void *arg)
{
	for (int i = 0; i < CALLS; i++)
		CHECK_EQ(answer(i), i + 1);
	check_step(&asked);
	while (!counted)
		check_msleep(10);
	return arg;
}

static int kernel_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	CHECK(d != NULL);
	while (readdir(d))
		n++;
	CHECK_OK(closedir(d));
	return n;
}

static void *ends(void *arg)
{
	CHECK(check_join(main_thread) == &main_thread);
	for (int i = 0; i < THREADS; i++)
		check_join(thread[i]);
	puts("main has ended, and all others");
	exit(0);
	return arg;
}

int main(void)
{
	answer = (int (*)(int))dlsym(RTLD_DEFAULT, "early_answer");
	CHECK(answer != NULL);
	main_thread = pthread_self();
	for (int i = 0; i < THREADS; i++)
		thread[i] = check_spawn(asks, NULL);
	while (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) < THREADS)
		check_msleep(10);
	printf("%d\n", kernel_threads());
	counted = true;
	check_spawn(ends, NULL);
	pthread_exit(&main_thread);
}
