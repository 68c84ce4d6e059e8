/* SPDX-License-Identifier: BSD-2-Clause */
/* The context switch: registers, control words, alignment, thread pointer. */
#include "config.h"

#include "arch/arch.h"
#include "arch/jump.h"

#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unwind.h>

#include "base/compiler.h"
#include "unit.h"

#if defined(__x86_64__)
#include "arch-x86_64.h"
#elif defined(__aarch64__)
#include "arch-aarch64.h"
#endif

enum { STACK = 64 * 1024 };

static struct zag_context here, there;
static char stack[STACK] ZAG_ALIGNED(16);

/* A switch saves the stack only: tp is there from the beginning. */
static void setup(void)
{
	here.tp = zag_arch_tp();
}

static void begin(void (*fn)(void *), void *arg)
{
	zag_arch_context_init(&there, stack + STACK, zag_arch_tp(), fn, arg);
}

static void go(void)
{
	zag_arch_switch(&here, &there);
}

static void come_back(void)
{
	zag_arch_switch(&there, &here);
}

static void count_up(void *arg)
{
	for (int *n = arg;; come_back())
		++*n;
}

START_TEST(goes_there_and_back)
{
	int n = 0;

	if (!use_way(_i))
		return;
	begin(count_up, &n);
	for (int i = 1; i <= 100000; i++) {
		go();
		if (n != i)
			break;
	}
	ck_assert_int_eq(n, 100000);
}
END_TEST

/* --- a chain of contexts ------------------------------------------------ */

enum { CHAIN = 16 };

static struct link {
	struct zag_context ctx;
	char stack[16 * 1024] ZAG_ALIGNED(16);
	uint64_t local_sum;
} chain[CHAIN];
static uint64_t turns;

static void pass_on(void *arg)
{
	struct link *l = arg;
	int i = (int)(l - chain);
	uint64_t sum = 0, seed = (uint64_t)i + 1;

	for (;;) {
		sum += unit_random(&seed);
		l->local_sum = sum;
		zag_arch_switch(&l->ctx, ++turns < 100000 ?
				&chain[(i + 1) % CHAIN].ctx : &here);
	}
}

START_TEST(many_contexts_keep_their_frames)
{
	for (int i = 0; i < CHAIN; i++)
		zag_arch_context_init(&chain[i].ctx,
				      chain[i].stack + sizeof(chain[i].stack),
				      zag_arch_tp(), pass_on, &chain[i]);
	zag_arch_switch(&here, &chain[0].ctx);
	ck_assert_uint_eq(turns, 100000);
	for (int i = 0; i < CHAIN; i++) {
		uint64_t sum = 0, seed = (uint64_t)i + 1;

		for (int k = 0; k < 100000 / CHAIN; k++)
			sum += unit_random(&seed);
		ck_assert_uint_eq(sum, chain[i].local_sum);
	}
}
END_TEST

/* --- thread pointer ----------------------------------------------------- */

struct fake_tcb {
	char below[4096];
	void *self; /* as glibc's, at tp; x86-64 reads it there */
	char above[4096];
};

static void *seen_tp;

/* No libc here, no stack protector's failure path: the TCB is a dummy. */
static void note_tp(void *arg)
{
	for (;;) {
		*(void **)arg = zag_arch_tp();
		come_back();
	}
}

START_TEST(thread_pointer_follows)
{
	static struct fake_tcb tcb;
	void *own = zag_arch_tp();

	if (!use_way(_i))
		return;
	tcb.self = &tcb.self;
#if defined(__x86_64__)
	memcpy(tcb.above, (char *)own + 8, 0x40); /* the canary */
#endif
	begin(note_tp, &seen_tp);
	there.tp = &tcb.self;
	for (int i = 0; i < 100; i++) {
		seen_tp = NULL;
		go();
		ck_assert_ptr_eq(zag_arch_tp(), own);
		ck_assert_ptr_eq(seen_tp, &tcb.self);
	}
	ck_assert_ptr_eq(there.tp, &tcb.self);
}
END_TEST

/* --- entry -------------------------------------------------------------- */

static uintptr_t entry_alignment;
static void *entry_arg;

void entry(void *arg); /* in assembly */
void entered(void *arg, uintptr_t sp);
void entered(void *arg, uintptr_t sp)
{
	entry_arg = arg;
	entry_alignment = sp % 16;
	come_back();
}

/* As the ABI wants it, wherever the stack ends. */
START_TEST(stack_is_aligned_at_entry)
{
	for (size_t cut = 0; cut < 64; cut += 4) {
		zag_arch_context_init(&there, stack + STACK - cut,
				      zag_arch_tp(), entry, &cut);
		go();
		ck_assert_uint_eq(entry_alignment, SP_AT_ENTRY);
		ck_assert_ptr_eq(entry_arg, &cut);
	}
}
END_TEST

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *c, void *arg)
{
	(void)c;
	++*(int *)arg;
	return *(int *)arg < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

struct trace {
	int frames;
	_Unwind_Reason_Code end;
};

static void trace(void *arg)
{
	struct trace *t = arg;

	t->end = _Unwind_Backtrace(count_frame, &t->frames);
	come_back();
}

START_TEST(a_backtrace_ends_at_entry)
{
	struct trace t = { 0, _URC_NO_REASON };

	begin(trace, &t);
	go();
	ck_assert_int_eq(t.end, _URC_END_OF_STACK);
	ck_assert_int_ge(t.frames, 2);
	ck_assert_int_le(t.frames, 4);
}
END_TEST

/* --- callee-saved registers --------------------------------------------- */

static void switch_back_checked(void *arg)
{
	uint64_t *wrong = arg;

	for (uint64_t i = 0;; i += 16)
		*wrong += switch_checked(&there, &here, ~i);
}

START_TEST(callee_saved_registers)
{
	uint64_t wrong = 0, lost = 0;

	if (!use_way(_i))
		return;
	begin(switch_back_checked, &lost);
	for (uint64_t i = 0; i < 10000; i++)
		wrong += switch_checked(&here, &there, i << 40);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(lost, 0);
}
END_TEST

/* --- floating-point control words --------------------------------------- */

static bool same_words(struct words a, struct words b)
{
	return a.a == b.a && a.b == b.b;
}

enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static void keep_mode(void *arg)
{
	uint64_t *wrong = arg;

	for (int i = 0;; i++) {
		struct words w = modes[i / 7 % MODES];

		set_words(w);
		come_back();
		*wrong += !same_words(get_words(), w);
	}
}

START_TEST(control_words_are_each_context_s_own)
{
	uint64_t wrong = 0, lost = 0;

	begin(keep_mode, &lost);
	for (int i = 0; i < 2000; i++) {
		struct words w = modes[i / 5 % MODES];

		set_words(w);
		go();
		wrong += !same_words(get_words(), w);
	}
	set_words(modes[0]);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(lost, 0);
}
END_TEST

static void note_mode(void *arg)
{
	*(struct words *)arg = get_words();
	come_back();
}

START_TEST(a_new_context_has_its_maker_s_words)
{
	for (int i = 0; i < MODES; i++) {
		struct words seen;

		set_words(modes[i]);
		begin(note_mode, &seen);
		set_words(modes[0]);
		go();
		ck_assert_uint_eq(seen.a, modes[i].a);
		ck_assert_uint_eq(seen.b, modes[i].b);
	}
}
END_TEST

/* --- what the kernel thread keeps ---------------------------------------- */

#if defined(__aarch64__)
enum { ZA_ROW_MOST = 256 };

static bool free_over_there;

static void look_at_za(void *arg)
{
	(void)arg;
	free_over_there = za_is_free();
	come_back();
}

/* Rows that somebody else needs the room of, perhaps on this kernel thread, are
 * where their owner looks for them. */
START_TEST(za_is_saved_for_who_left_it)
{
	static char rows[ZA_ROW_MOST * ZA_ROW_MOST];
	static char buffer[sizeof(rows) + 1];
	struct za_block b = { .buffer = buffer };
	uint64_t seed = 1, n, bytes;

	zag_arch_init();
	if (!zag_arch_have_sme)
		return;
	n = za_row_size();
	bytes = n * (n - 1); /* its last row is of no use to it */
	for (size_t i = 0; i < sizeof(rows); i++)
		rows[i] = (char)unit_random(&seed);
	b.rows = (uint16_t)(n - 1);
	begin(look_at_za, NULL);
	za_leave(rows, n, &b);
	go();
	ck_assert(za_is_free());
	ck_assert(free_over_there);
	ck_assert_mem_eq(buffer, rows, bytes);
	ck_assert_int_eq(buffer[bytes], 0);
}
END_TEST
#endif

/* --- jumps --------------------------------------------------------------- */

static int answer(void)
{
	return 42;
}

/* _i: near to it and far away, which may take two kinds of jumps. */
START_TEST(a_jump_replaces_a_function)
{
	uintptr_t hint = _i ? (uintptr_t)1 << 38 :
			      ((uintptr_t)answer & -65536UL) + (32 << 20);
	unsigned char *code = mmap((void *)hint, 65536, PROT_READ | PROT_WRITE |
				   PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0);
	union { void *p; int (*fn)(void); } made = { .p = code };
	unsigned char jump[ZAG_JUMP_MOST];
	size_t size;

	ck_assert_ptr_ne(code, MAP_FAILED);
	size = zag_jump_make(jump, code, (void *)answer);
	memset(code, 0x90, 64);
	ck_assert(zag_jump_fits(code, size, (void *)answer));
	ck_assert(!zag_jump_fits(code, size - 1, (void *)answer));
	zag_jump_write(code, (void *)answer);
	ck_assert_int_eq(made.fn(), 42);
	ck_assert_uint_eq(code[size], 0x90);
	/* Somebody's jump is there now. */
	ck_assert(!zag_jump_fits(code, 64, (void *)answer));
	/* The instruction at which an indirect call lands stays. */
	memset(code, 0x90, 64);
	memcpy(code, zag_landing, sizeof(zag_landing));
	ck_assert(zag_jump_fits(code, 64, (void *)answer));
	zag_jump_write(code, (void *)answer);
	ck_assert_mem_eq(code, zag_landing, sizeof(zag_landing));
	ck_assert_int_eq(made.fn(), 42);
	memset(code, 0x90, 64);
	memcpy(code + BREAKPOINT_AT, breakpoint, sizeof(breakpoint));
	ck_assert(!zag_jump_fits(code, 64, (void *)answer));
	munmap(code, 65536);
}
END_TEST

START_TEST(ticks_are_about_microseconds)
{
	const struct timespec ms = { 0, 20000000 };
	uint64_t t;

	zag_arch_init();
	t = zag_arch_ticks();
	nanosleep(&ms, NULL);
	t = (zag_arch_ticks() - t) / zag_arch_ticks_per_us;
	ck_assert_uint_ge(t, 15000);
	ck_assert_uint_le(t, 2000000);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("arch");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_loop_test(c, goes_there_and_back, 0, WAYS);
	tcase_add_test(c, many_contexts_keep_their_frames);
	tcase_add_loop_test(c, thread_pointer_follows, 0, WAYS);
	tcase_add_test(c, a_backtrace_ends_at_entry);
#if defined(__aarch64__)
	tcase_add_test(c, za_is_saved_for_who_left_it);
#endif
	tcase_add_loop_test(c, a_jump_replaces_a_function, 0, 2);
	tcase_add_test(c, ticks_are_about_microseconds);
	tcase_add_test(c, stack_is_aligned_at_entry);
	tcase_add_loop_test(c, callee_saved_registers, 0, WAYS);
	tcase_add_test(c, control_words_are_each_context_s_own);
	tcase_add_test(c, a_new_context_has_its_maker_s_words);
	return unit_run("arch", c);
}
