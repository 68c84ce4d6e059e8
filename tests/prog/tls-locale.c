/* SPDX-License-Identifier: BSD-2-Clause */
/* uselocale() sets the locale of one thread, and yields do not move it. */
#include "check.h"

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#define THREADS 40

static locale_t utf8;

/* C.UTF-8 is always there; C has a one-byte charset: that shows. */
static void *start(void *arg)
{
	int in_utf8 = (long)arg % 2;
	locale_t mine;

	/* A new thread uses the global locale. */
	CHECK(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	mine = in_utf8 ? utf8 : newlocale(LC_ALL_MASK, "C", NULL);
	CHECK(mine != NULL);
	CHECK(uselocale(mine) == LC_GLOBAL_LOCALE);
	for (int i = 0; i < 50; i++) {
		wchar_t wide = 0;
		mbstate_t state = { 0 };

		sched_yield();
		CHECK(uselocale((locale_t)0) == mine);
		CHECK_EQ(MB_CUR_MAX, in_utf8 ? 6 : 1);
		CHECK_EQ(strcmp(nl_langinfo(CODESET), in_utf8 ? "UTF-8" :
				"ANSI_X3.4-1968"), 0);
		if (in_utf8) {
			CHECK_EQ(mbrtowc(&wide, "\xc3\xa9", 2, &state), 2);
			CHECK_EQ(wide, 0xe9);
			CHECK(iswalpha_l(0xe9, mine));
		}
		/* The ctype tables are found by TLS as well. */
		CHECK(isalpha('a') && !isalpha('1'));
		CHECK_EQ(toupper('q'), 'Q');
		if (i % 10 == 0)
			usleep(50);
	}
	CHECK(uselocale(LC_GLOBAL_LOCALE) == mine);
	if (!in_utf8)
		freelocale(mine);
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
	if (utf8 == NULL) {
		fputs("there is no C.UTF-8 locale\n", stderr);
		return CHECK_SKIPPED;
	}
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	CHECK_EQ(MB_CUR_MAX, 1);
	freelocale(utf8);
	puts("locales kept");
	return 0;
}
