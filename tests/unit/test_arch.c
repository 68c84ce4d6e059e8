/* SPDX-License-Identifier: BSD-2-Clause */
/* The context switch: registers, control words, alignment, thread pointer. */
#include "config.h"

#include "arch/arch.h"

#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <unwind.h>

#include "base/compiler.h"
#include "unit.h"

enum { STACK = 64 * 1024 };

static struct zag_context here, there;
static char stack[STACK] ZAG_ALIGNED(16);

/* A switch saves the stack only: tp is there from the beginning. */
static void setup(void)
{
	here.tp = zag_arch_tp();
}

/* Both ways to set the thread pointer: _i is 0 (system call) or 1. */
#if defined(__x86_64__)
extern uint8_t zag_arch_have_wrfsbase;

static bool use_way(int i)
{
	zag_arch_init();
	if (i > zag_arch_have_wrfsbase)
		return false;
	zag_arch_have_wrfsbase = (uint8_t)i;
	return true;
}
#else
static bool use_way(int i)
{
	zag_arch_init();
	return i == 0;
}
#endif

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

#if defined(__x86_64__)
void entered(void *arg, uintptr_t sp);
void entered(void *arg, uintptr_t sp)
{
	entry_arg = arg;
	entry_alignment = sp % 16;
	come_back();
}

void entry(void *arg);
__asm__(".text\n"
	".type entry, @function\n"
	"entry:\n"
	"	movq	%rsp, %rsi\n"
	"	subq	$8, %rsp\n"
	"	call	entered\n"
	"	ud2\n");

/* The ABI: (rsp + 8) is a multiple of 16 at a function's entry, wherever the
 * stack ends. */
START_TEST(stack_is_aligned_at_entry)
{
	for (size_t cut = 0; cut < 64; cut += 4) {
		zag_arch_context_init(&there, stack + STACK - cut,
				      zag_arch_tp(), entry, &cut);
		go();
		ck_assert_uint_eq(entry_alignment, 8);
		ck_assert_ptr_eq(entry_arg, &cut);
	}
}
END_TEST
#endif

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

#if defined(__x86_64__)
/* Switch with known values in every callee-saved register; how many were
 * changed when it is back. */
uint64_t switch_checked(struct zag_context *from, struct zag_context *to,
			uint64_t base);
__asm__(".text\n"
	".type switch_checked, @function\n"
	"switch_checked:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	pushq	%rdx\n"
	"	leaq	1(%rdx), %rbx\n"
	"	leaq	2(%rdx), %rbp\n"
	"	leaq	3(%rdx), %r12\n"
	"	leaq	4(%rdx), %r13\n"
	"	leaq	5(%rdx), %r14\n"
	"	leaq	6(%rdx), %r15\n"
	"	call	zag_arch_switch\n"
	"	popq	%rdx\n"
	"	xorl	%eax, %eax\n"
	"	.macro	check reg, n\n"
	"	leaq	\\n(%rdx), %rcx\n"
	"	cmpq	%rcx, \\reg\n"
	"	je	1f\n"
	"	incq	%rax\n"
	"1:\n"
	"	.endm\n"
	"	check	%rbx, 1\n"
	"	check	%rbp, 2\n"
	"	check	%r12, 3\n"
	"	check	%r13, 4\n"
	"	check	%r14, 5\n"
	"	check	%r15, 6\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	ret\n");

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

struct words {
	uint32_t mxcsr;
	uint16_t x87;
};

static struct words get_words(void)
{
	struct words w;

	__asm__ volatile("stmxcsr %0" : "=m"(w.mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(w.x87));
	return w;
}

static void set_words(struct words w)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(w.mxcsr));
	__asm__ volatile("fldcw %0" : : "m"(w.x87));
}

static bool same_words(struct words a, struct words b)
{
	return a.mxcsr == b.mxcsr && a.x87 == b.x87;
}

/* Rounding: the default, up, down; one with the invalid flag raised. */
static const struct words modes[] = {
	{ 0x1f80, 0x037f }, { 0x5f80, 0x037f }, { 0x1f80, 0x0b7f },
	{ 0x3f80, 0x077f }, { 0x1f81, 0x037f }, { 0x7f80, 0x027f },
};
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
		ck_assert_uint_eq(seen.mxcsr, modes[i].mxcsr);
		ck_assert_uint_eq(seen.x87, modes[i].x87);
	}
}
END_TEST
#endif

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
	tcase_add_loop_test(c, goes_there_and_back, 0, 2);
	tcase_add_test(c, many_contexts_keep_their_frames);
	tcase_add_loop_test(c, thread_pointer_follows, 0, 2);
	tcase_add_test(c, a_backtrace_ends_at_entry);
	tcase_add_test(c, ticks_are_about_microseconds);
#if defined(__x86_64__)
	tcase_add_test(c, stack_is_aligned_at_entry);
	tcase_add_loop_test(c, callee_saved_registers, 0, 2);
	tcase_add_test(c, control_words_are_each_context_s_own);
	tcase_add_test(c, a_new_context_has_its_maker_s_words);
#endif
	return unit_run("arch", c);
}
