/* SPDX-License-Identifier: BSD-2-Clause */
/* strerror, strerror_l, strsignal, dlerror: buffers each thread's own. */
#include "check.h"

#include <dlfcn.h>
#include <locale.h>

#define THREADS 50

/*
 * Unknown numbers are formatted into a per-thread buffer, so a mixed-up one
 * shows in the text.
 */
static void *start(void *arg)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
	int me = 10000 + (int)(long)arg;
	char want[64], want_signal[64], name[64];

	CHECK(c != NULL);
	snprintf(want, sizeof want, "Unknown error %d", me);
	snprintf(want_signal, sizeof want_signal, "Unknown signal %d", me);
	snprintf(name, sizeof name, "no-such-module-%d.so", me);
	for (int i = 0; i < 50; i++) {
		char *a = strerror(me), *s, *d;

		sched_yield();
		CHECK_EQ(strcmp(a, want), 0);
		a = strerror_l(me, c);
		sched_yield();
		CHECK_EQ(strcmp(a, want), 0);
		s = strsignal(me);
		sched_yield();
		CHECK_EQ(strcmp(s, want_signal), 0);
		if (i % 10)
			continue;
		CHECK(dlopen(name, RTLD_NOW) == NULL);
		usleep(50);
		d = dlerror();
		CHECK(d != NULL && strstr(d, name) != NULL);
		CHECK(dlerror() == NULL);
	}
	freelocale(c);
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(strcmp(strerror(ENOENT), "No such file or directory"), 0);
	CHECK_EQ(strcmp(strsignal(SIGTERM), "Terminated"), 0);
	puts("messages kept");
	return 0;
}
