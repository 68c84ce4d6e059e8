/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots of address space: classes, guards, trimming. */
#include "config.h"

#include "fiber/stack.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fiber/fiber.h"
#include "fiber/tcb.h"
#include "unit.h"

enum { KB = 1024, PAGE = 4096 };

static void setup(void)
{
	ck_assert_ptr_null(zag_tcb_init());
}

START_TEST(sizes_are_rounded_up_to_few_classes)
{
	static const size_t sizes[] = { 0, 1, 16 * KB, 16 * KB + 1, 100 * KB,
					1024 * KB, 1024 * KB + 1, 8192 * KB,
					20000 * KB, (size_t)1 << 36 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct zag_stack_class *c = zag_stack_class(sizes[i], 1);
		size_t size;

		ck_assert_ptr_nonnull(c);
		size = zag_stack_class_size(c);
		ck_assert_uint_ge(size, sizes[i]);
		ck_assert_uint_le(size, sizes[i] + sizes[i] / 4 + 16 * KB);
		ck_assert_uint_eq(zag_stack_class_guard(c), PAGE);
		ck_assert_ptr_eq(c, zag_stack_class(size, PAGE));
	}
	ck_assert_ptr_eq(zag_stack_class(16 * KB - 1, 0),
			 zag_stack_class(1, 0));
	ck_assert_ptr_ne(zag_stack_class(1, 0), zag_stack_class(1, 1));
	ck_assert_ptr_ne(zag_stack_class(1, 0), zag_stack_class(17 * KB, 0));
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct zag_stack_class *c;

	ck_assert_ptr_null(zag_stack_class(SIZE_MAX, 0));
	ck_assert_ptr_null(zag_stack_class(0, SIZE_MAX));
	ck_assert_ptr_null(zag_stack_class(SIZE_MAX - 100, PAGE));
	c = zag_stack_class((size_t)1 << 50, 0); /* more than there is */
	ck_assert(!c || !zag_stack_carve(c));
}
END_TEST

/* Usable bytes of the slot, all written: nothing lies in its way. */
static char *lowest(struct zag_stack_class *c, char *end)
{
	return end - zag_tcb_above() - zag_tcb_below() -
	       sizeof(struct zag_fiber) - zag_stack_class_size(c);
}

START_TEST(slots_do_not_overlap)
{
	enum { N = 100 };
	struct zag_stack_class *c = zag_stack_class(16 * KB, PAGE);
	char *end[N];

	for (int i = 0; i < N; i++) {
		end[i] = zag_stack_carve(c);
		ck_assert_ptr_nonnull(end[i]);
		ck_assert_uint_eq((uintptr_t)end[i] % PAGE, 0);
		memset(lowest(c, end[i]), i, (size_t)(end[i] -
						      lowest(c, end[i])));
	}
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(*lowest(c, end[i]), i);
		ck_assert_int_eq(end[i][-1], i);
	}
}
END_TEST

/* The signal that a write to *at ends a child with; 0: none. */
static int signal_of_write(volatile char *at)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		*at = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(a_guard_faults)
{
	struct zag_stack_class *c = zag_stack_class(64 * KB, 3 * PAGE);
	char *end[3];
	size_t stride;

	for (int i = 0; i < 3; i++)
		end[i] = zag_stack_carve(c);
	stride = (size_t)(end[1] - end[0]);
	for (int i = 0; i < 3; i++) {
		char *slot = end[i] - stride;

		ck_assert_int_eq(signal_of_write(slot), SIGSEGV);
		ck_assert_int_eq(signal_of_write(slot + 3 * PAGE - 1),
				 SIGSEGV);
		ck_assert_int_eq(signal_of_write(slot + 3 * PAGE), 0);
		ck_assert_int_eq(signal_of_write(end[i] - 1), 0);
	}
}
END_TEST

START_TEST(without_a_guard_all_is_usable)
{
	struct zag_stack_class *c = zag_stack_class(64 * KB, 0);
	char *first = zag_stack_carve(c), *second = zag_stack_carve(c);

	memset(first, 1, (size_t)(second - first));
	ck_assert_int_eq(first[0], 1);
}
END_TEST

static size_t resident(char *from, char *to)
{
	unsigned char in[4096];
	size_t pages = (size_t)(to - from) / PAGE, n = 0;

	ck_assert_uint_le(pages, sizeof(in));
	ck_assert_int_eq(mincore(from, (size_t)(to - from), in), 0);
	for (size_t i = 0; i < pages; i++)
		n += in[i] & 1;
	return n;
}

START_TEST(trim_gives_back_all_but_the_end)
{
	struct zag_stack_class *c = zag_stack_class(256 * KB, PAGE);
	char *before = zag_stack_carve(c), *end = zag_stack_carve(c);
	char *from = before + PAGE;

	before[-1] = 'b';
	memset(from, 'x', (size_t)(end - from));
	zag_stack_trim(c, end, 2 * PAGE);
	ck_assert_uint_eq(resident(from, end - 2 * PAGE), 0);
	ck_assert_int_eq(from[0], 0);
	ck_assert_int_eq(end[-2 * PAGE - 1], 0);
	ck_assert_int_eq(end[-2 * PAGE], 'x');
	ck_assert_int_eq(before[-1], 'b');
	ck_assert_int_eq(signal_of_write(before), SIGSEGV);
	zag_stack_trim(c, end, 1024 * KB); /* more than it has: nothing */
	ck_assert_int_eq(end[-1], 'x');
}
END_TEST

static int in_each;

static void count_slot(char *end, void *arg)
{
	char **ends = arg;

	for (int i = 0; i < 40; i++)
		in_each += ends[i] == end;
}

START_TEST(each_visits_every_slot)
{
	char *ends[40];

	for (int i = 0; i < 40; i++)
		ends[i] = zag_stack_carve(zag_stack_class(
			(size_t)(i % 2 + 1) * 32 * KB, PAGE));
	zag_stack_each(count_slot, ends);
	ck_assert_int_eq(in_each, 40);
}
END_TEST

START_TEST(idle_slots_are_a_stack)
{
	static struct zag_fiber f[3];
	struct zag_stack_class *c = zag_stack_class(1, 0);

	ck_assert_ptr_null(zag_stack_pop(c, 1));
	for (int i = 0; i < 3; i++)
		zag_stack_push(c, &f[i]);
	ck_assert_ptr_null(zag_stack_pop(zag_stack_class(1, 1), 1));
	for (int i = 2; i >= 0; i--)
		ck_assert_ptr_eq(zag_stack_pop(c, 1), &f[i]);
	ck_assert_ptr_null(zag_stack_pop(c, 1));
}
END_TEST

START_TEST(warm_slots_are_bounded_and_come_first)
{
	static struct zag_fiber f[1000];
	struct zag_stack_class *c = zag_stack_class(1, 0);
	struct zag_fiber *rest, *g;
	int warm = 0, n = 0;

	for (int i = 0; i + 1 < 1000; i++)
		f[i].next = &f[i + 1];
	rest = zag_stack_push_warm(c, f);
	ck_assert_ptr_nonnull(rest);
	warm = (int)(rest - f);
	ck_assert_int_gt(warm, 0);
	for (; rest; rest = g) {
		g = rest->next;
		zag_stack_push(c, rest);
	}
	for (g = zag_stack_pop(c, 8); g; g = g->next)
		ck_assert_ptr_eq(g, &f[warm - 1 - n++]);
	ck_assert_int_eq(n, 8);
	for (g = zag_stack_pop(c, 1000); g; g = g->next, n++)
		ck_assert_ptr_eq(g, n < warm ? &f[warm - 1 - n] :
					       &f[999 - (n - warm)]);
	ck_assert_int_eq(n, 1000);
	ck_assert_ptr_null(zag_stack_pop(c, 1));
}
END_TEST

static int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int c, n = 0;

	while ((c = getc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

/* vm.max_map_count is 65530: guards must not split mappings. */
START_TEST(many_guards_are_few_mappings)
{
	struct zag_stack_class *c = zag_stack_class(16 * KB, PAGE);
	int before;
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Before Linux 6.13 they do, and under an emulator that takes any
	 * advice and does nothing. */
	if (madvise(p, PAGE, 102 /* MADV_GUARD_INSTALL */) ||
	    !signal_of_write(p))
		return;
	before = mappings();
	for (int i = 0; i < 10000; i++)
		if (!zag_stack_carve(c))
			ck_abort_msg("slot %d", i);
	ck_assert_int_le(mappings(), before + 30);
}
END_TEST

static void *carve_many(void *ends)
{
	char **end = ends;

	for (int i = 0; i < 1000; i++)
		end[i] = zag_stack_carve(zag_stack_class(16 * KB, 0));
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

START_TEST(threads_carve_different_slots)
{
	static char *end[4][1000];
	char **all = &end[0][0];
	pthread_t t[4];
	int clashes = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, carve_many, end[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	qsort(all, 4000, sizeof(*all), by_address);
	for (int i = 0; i < 4000; i++)
		clashes += !all[i] || (i && all[i] - all[i - 1] < 16 * KB);
	ck_assert_int_eq(clashes, 0);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("stack");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, sizes_are_rounded_up_to_few_classes);
	tcase_add_test(c, what_cannot_be_is_refused);
	tcase_add_test(c, slots_do_not_overlap);
	tcase_add_test(c, a_guard_faults);
	tcase_add_test(c, without_a_guard_all_is_usable);
	tcase_add_test(c, trim_gives_back_all_but_the_end);
	tcase_add_test(c, each_visits_every_slot);
	tcase_add_test(c, idle_slots_are_a_stack);
	tcase_add_test(c, warm_slots_are_bounded_and_come_first);
	tcase_add_test(c, many_guards_are_few_mappings);
	tcase_add_test(c, threads_carve_different_slots);
	return unit_run("stack", c);
}
