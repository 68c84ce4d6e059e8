/* SPDX-License-Identifier: BSD-2-Clause */
/* flockfile: recursive, owned by a thread; ftrylockfile by another fails. */
#include "check.h"

static FILE *shared;
static int trylock_result;

static void *tries(void *arg)
{
	trylock_result = ftrylockfile(shared);
	if (trylock_result == 0)
		funlockfile(shared);
	return arg;
}

/* Three lines that must stay together, over yields. */
static void *writes(void *arg)
{
	long me = (long)arg;

	for (int i = 0; i < 20; i++) {
		flockfile(shared);
		fprintf(shared, "%ld begin\n", me);
		sched_yield();
		fprintf(shared, "%ld middle\n", me);
		if (i % 7 == 0)
			usleep(10);
		putc_unlocked('0' + (int)(me % 10), shared);
		fputs_unlocked(" end\n", shared);
		funlockfile(shared);
	}
	return NULL;
}

static void check_file(void)
{
	static const char *part[] = { "begin", "middle", "end" };
	char word[16];
	long who, owner = -1;

	rewind(shared);
	for (int line = 0; line < 30 * 20 * 3; line++) {
		CHECK_EQ(fscanf(shared, "%ld %15s", &who, word), 2);
		CHECK_EQ(strcmp(word, part[line % 3]), 0);
		if (line % 3 == 0)
			owner = who;
		CHECK_EQ(who, line % 3 == 2 ? owner % 10 : owner);
	}
	CHECK_EQ(fscanf(shared, "%15s", word), EOF);
}

int main(void)
{
	pthread_t t[30];

	shared = tmpfile();
	CHECK(shared != NULL);

	/* POSIX: the count of a (FILE *) that the thread owns goes up. */
	flockfile(shared);
	CHECK_EQ(ftrylockfile(shared), 0);
	flockfile(shared);
	check_join(check_spawn(tries, NULL));
	CHECK(trylock_result != 0);
	funlockfile(shared);
	funlockfile(shared);
	check_join(check_spawn(tries, NULL));
	CHECK(trylock_result != 0);
	funlockfile(shared);
	check_join(check_spawn(tries, NULL));
	CHECK_EQ(trylock_result, 0);

	for (long i = 0; i < 30; i++)
		t[i] = check_spawn(writes, (void *)i);
	for (int i = 0; i < 30; i++)
		check_join(t[i]);
	check_file();
	CHECK_EQ(fclose(shared), 0);
	puts("lines stayed together");
	return 0;
}
