/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages, carved objects and the heap for libev. */
#include "config.h"

#include "base/page.h"

#include <pthread.h>
#include <string.h>

#include "base/compiler.h"
#include "unit.h"

static void fill(void *p, int with, size_t n)
{
	memset(p, with, n);
}

static int holds(const void *p, int what, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		if (c[i] != (unsigned char)what)
			return 0;
	return 1;
}

START_TEST(pages_are_zeroed_and_aligned)
{
	size_t sizes[] = { 1, 4095, 4096, 4097, 1 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *p = zag_page_alloc(sizes[i]);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % zag_page_size(), 0);
		ck_assert(holds(p, 0, sizes[i]));
		fill(p, 1, sizes[i]);
		zag_page_free(p, sizes[i]);
	}
	ck_assert_ptr_null(zag_page_alloc((size_t)1 << 60));
}
END_TEST

START_TEST(pages_grow_and_shrink)
{
	size_t size = 5000;
	char *p = zag_page_realloc(NULL, 0, size);

	ck_assert_ptr_nonnull(p);
	fill(p, 'a', size);
	for (; size < 1 << 22; size *= 3) {
		p = zag_page_realloc(p, size, size * 3);
		ck_assert_ptr_nonnull(p);
		ck_assert(holds(p, 'a', 5000));
		ck_assert(holds(p + size * 3 - 100, 0, 100));
	}
	ck_assert_ptr_null(zag_page_realloc(p, size, (size_t)1 << 60));
	ck_assert(holds(p, 'a', 5000));
	p = zag_page_realloc(p, size, 100);
	ck_assert(holds(p, 'a', 100));
	zag_page_free(p, 100);
}
END_TEST

START_TEST(carved_objects_do_not_overlap)
{
	enum { N = 3000 };
	static char *p[N];
	size_t size;

	for (int i = 0; i < N; i++) {
		size = (size_t)(i % 700) + 1;
		p[i] = zag_page_carve(size);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] % ZAG_CACHE_LINE, 0);
		ck_assert(holds(p[i], 0, size));
		fill(p[i], i, size);
	}
	for (int i = 0; i < N; i++)
		ck_assert(holds(p[i], i, (size_t)(i % 700) + 1));
	p[0] = zag_page_carve(100000);
	ck_assert(p[0] && holds(p[0], 0, 100000));
}
END_TEST

START_TEST(heap_keeps_what_grows)
{
	char *p = zag_heap_realloc(NULL, 1);
	size_t old = 1;

	ck_assert_ptr_nonnull(p);
	fill(p, 'g', 1);
	for (size_t size = 2; size < 4 << 20; size += size / 2 + 1) {
		p = zag_heap_realloc(p, (long)size);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		ck_assert(holds(p, 'g', old));
		fill(p, 'g', size);
		old = size;
	}
	ck_assert_ptr_eq(zag_heap_realloc(p, 10), p);
	ck_assert_ptr_null(zag_heap_realloc(p, 0));
	ck_assert_ptr_null(zag_heap_realloc(NULL, 0));
}
END_TEST

START_TEST(heap_uses_blocks_again)
{
	void *small = zag_heap_realloc(NULL, 40);
	void *other = zag_heap_realloc(NULL, 4000);

	zag_heap_realloc(small, 0);
	zag_heap_realloc(other, 0);
	ck_assert_ptr_eq(zag_heap_realloc(NULL, 33), small);
	ck_assert_ptr_eq(zag_heap_realloc(NULL, 3999), other);
	ck_assert_ptr_ne(zag_heap_realloc(NULL, 33), small);
}
END_TEST

START_TEST(heap_without_memory_keeps_the_block)
{
	char *p = zag_heap_realloc(NULL, 100);

	fill(p, 'x', 100);
	ck_assert_ptr_null(zag_heap_realloc(p, 1L << 60));
	ck_assert(holds(p, 'x', 100));
}
END_TEST

/* A forked child's: what was handed out stays, nothing of it comes again. */
START_TEST(heap_reset_forgets_but_leaves)
{
	char *kept = zag_heap_realloc(NULL, 40);
	char *freed = zag_heap_realloc(NULL, 40);

	fill(kept, 'k', 40);
	zag_heap_realloc(freed, 0);
	zag_heap_reset();
	for (int i = 0; i < 3000; i++) {
		char *p = zag_heap_realloc(NULL, 40);

		ck_assert(p && p != kept && p != freed);
		fill(p, 'n', 40);
	}
	ck_assert(holds(kept, 'k', 40));
}
END_TEST

struct piece {
	char *p;
	size_t size;
	int mark;
};

static void *churn(void *arg)
{
	enum { PIECES = 64, STEPS = 30000 };
	struct piece pieces[PIECES] = { 0 };
	uint64_t seed = *(uint64_t *)arg;

	for (int i = 0; i < STEPS; i++) {
		struct piece *k = &pieces[unit_random(&seed) % PIECES];
		size_t size = unit_random(&seed) %
			      (i % 512 ? 3000 : 700000);

		if (!holds(k->p, k->mark, k->size))
			return "overwritten";
		k->p = zag_heap_realloc(k->p, (long)size);
		if (size && !k->p)
			return "no memory";
		if (!holds(k->p, k->mark, size < k->size ? size : k->size))
			return "lost on the move";
		k->size = size;
		k->mark = (int)(unit_random(&seed) & 255);
		fill(k->p, k->mark, size);
	}
	return NULL;
}

START_TEST(heap_serves_many_threads)
{
	enum { N = 4 };
	pthread_t t[N];
	uint64_t seeds[N], seed = unit_seed();
	void *wrong;

	for (int i = 0; i < N; i++) {
		seeds[i] = seed + 2 * (uint64_t)i;
		pthread_create(&t[i], NULL, churn, &seeds[i]);
	}
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], &wrong);
		ck_assert_msg(!wrong, "%s", (char *)wrong);
	}
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("page");

	tcase_add_test(c, pages_are_zeroed_and_aligned);
	tcase_add_test(c, pages_grow_and_shrink);
	tcase_add_test(c, carved_objects_do_not_overlap);
	tcase_add_test(c, heap_keeps_what_grows);
	tcase_add_test(c, heap_uses_blocks_again);
	tcase_add_test(c, heap_without_memory_keeps_the_block);
	tcase_add_test(c, heap_reset_forgets_but_leaves);
	tcase_add_test(c, heap_serves_many_threads);
	return unit_run("page", c);
}
