/* SPDX-License-Identifier: BSD-2-Clause */
/* 1,000 threads block at every step; nothing of a thread's own mixes up. */
#include "check.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#define THREADS 1000
#define STEPS 24
#define LOCKS 16
#define PIPES 8

struct state {
	int id;
	char *heap;		/* filled with the id, moved at each step */
	size_t heap_size;
	FILE *stream;		/* open_memstream */
	char *text;
	size_t text_size;
	size_t written;
	locale_t locale;
	pthread_t self;
	int *errno_address;
};

static __thread int number = 77;
static __thread _Alignas(64) char line[64];
static __thread char zeroes[3000];

static pthread_key_t key, late_key[40];
static pthread_mutex_t lock[LOCKS];
static int in_lock[LOCKS];
static int ping[PIPES][2];
static locale_t utf8;
static long mismatches;

#define MATCH(expr)							\
	do {								\
		if (!(expr) &&						\
		    __atomic_fetch_add(&mismatches, 1,			\
				       __ATOMIC_RELAXED) < 20)		\
			dprintf(2, "%s:%d: thread %d: not %s\n",	\
				__FILE__, __LINE__, s->id, #expr);	\
	} while (0)

/* Something that may give up the processor; errno is s->id after it. */
static void block(struct state *s, int step)
{
	int which = (s->id + step) % 5, i = s->id % LOCKS;
	char c = 'p';

	if (which == 0) {
		usleep((unsigned)(s->id % 7) * 50);
	} else if (which == 1) {
		pthread_mutex_lock(&lock[i]);
		MATCH(in_lock[i]++ == 0);
		sched_yield();
		MATCH(--in_lock[i] == 0);
		pthread_mutex_unlock(&lock[i]);
	} else if (which == 2) {
		/* As many bytes go in as come out: everyone gets one. */
		i = s->id % PIPES;
		MATCH(write(ping[i][1], &c, 1) == 1);
		MATCH(read(ping[i][0], &c, 1) == 1);
	} else {
		sched_yield();
	}
}

static void touch_stdio(struct state *s, int step)
{
	int n = fprintf(s->stream, "%d:%d;", s->id, step);

	MATCH(n > 0);
	s->written += (size_t)n;
	MATCH(fflush(s->stream) == 0);
	MATCH(s->text_size == s->written);
}

static void touch_heap(struct state *s, int step)
{
	size_t size = 16 + (size_t)((s->id * 31 + step * 97) % 900);

	for (size_t i = 0; i < s->heap_size; i++)
		MATCH(s->heap[i] == (char)s->id);
	free(s->heap);
	s->heap = malloc(size);
	CHECK(s->heap != NULL);
	s->heap_size = size;
	memset(s->heap, s->id, size);
}

/* All that must still be as this thread left it. */
static void compare(struct state *s, const char *message, int error)
{
	char want[64];

	MATCH(errno == error);
	MATCH(&errno == s->errno_address);
	MATCH(number == s->id);
	MATCH(line[0] == (char)s->id && line[63] == (char)s->id);
	MATCH((uintptr_t)line % 64 == 0);
	MATCH(zeroes[s->id % 3000] == 1 && zeroes[(s->id + 1) % 3000] == 0);
	MATCH(pthread_getspecific(key) == s);
	MATCH(pthread_getspecific(late_key[39]) == &s->id);
	MATCH(pthread_equal(pthread_self(), s->self));
	snprintf(want, sizeof want, "Unknown error %d", 5000 + s->id);
	MATCH(strcmp(message, want) == 0);
	MATCH(uselocale((locale_t)0) == s->locale);
	MATCH(MB_CUR_MAX == (s->id % 2 ? 6 : 1));
	snprintf(want, sizeof want, "%.2f", s->id + 0.25);
	MATCH(strtod(want, NULL) == s->id + 0.25);
	snprintf(want, sizeof want, "%lc", (wint_t)L'z');
	MATCH(strcmp(want, "z") == 0);
}

static void *start(void *arg)
{
	struct state *s = arg;

	s->self = pthread_self();
	s->errno_address = &errno;
	s->locale = s->id % 2 ? utf8 : LC_GLOBAL_LOCALE;
	MATCH(number == 77 && line[0] == 0 && zeroes[s->id % 3000] == 0);
	MATCH(pthread_getspecific(key) == NULL);
	number = s->id;
	memset(line, s->id, sizeof line);
	zeroes[s->id % 3000] = 1;
	CHECK_OK(pthread_setspecific(key, s));
	CHECK_OK(pthread_setspecific(late_key[39], &s->id));
	uselocale(s->locale);
	s->stream = open_memstream(&s->text, &s->text_size);
	CHECK(s->stream != NULL);
	for (int step = 0; step < STEPS; step++) {
		const char *message = strerror(5000 + s->id);

		errno = 20000 + s->id;
		block(s, step);
		compare(s, message, 20000 + s->id);
		touch_stdio(s, step);
		block(s, step + 1);
		touch_heap(s, step);
	}
	MATCH(fclose(s->stream) == 0);
	MATCH(atoi(s->text) == s->id);
	free(s->text);
	free(s->heap);
	return s;
}

int main(void)
{
	static struct state state[THREADS];
	static pthread_t t[THREADS];

	utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
	if (utf8 == NULL) {
		fputs("there is no C.UTF-8 locale\n", stderr);
		return CHECK_SKIPPED;
	}
	CHECK_OK(pthread_key_create(&key, NULL));
	for (int i = 0; i < 40; i++)
		CHECK_OK(pthread_key_create(&late_key[i], NULL));
	for (int i = 0; i < LOCKS; i++)
		CHECK_OK(pthread_mutex_init(&lock[i], NULL));
	for (int i = 0; i < PIPES; i++)
		CHECK_EQ(pipe(ping[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		state[i].id = i;
		t[i] = check_spawn(start, &state[i]);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(check_join(t[i]) == &state[i]);
	printf("%ld mismatches\n", mismatches);
	return mismatches != 0;
}
