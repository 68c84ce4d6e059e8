/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setjmp, longjmp, getcontext and their kin: the signal mask that they save and
 * restore is the fiber's.  libc's make raw system calls, for the carrier's.
 *
 * What returns twice is in arch/.../jump.S, which asks here about masks.
 */
#include "config.h"

#include "wrap/real.h"

#include <setjmp.h>
#include <string.h>
#include <ucontext.h>

#include "base/raw.h"
#include "ctl/signal.h"

/*
 * libc's __saved_mask has room for 1,024 signals, and the kernel writes 64.
 * Ours is in its last two words: a mark, and the program's mask.
 */
enum { MARK_WORD = 15, MASK_WORD = 14 };
#define MARK UINT64_C(0x7a61676d61736b21)

typedef struct __jmp_buf_tag jump;

void zag_jump_save(jump *env);
void *zag_jump_real(void);
void zag_jump_masks(ucontext_t *save, const ucontext_t *load);
void zag_jump_start(void);
void zag_jump_end(const ucontext_t *next) __attribute__((noreturn));

static uint64_t *mask_of(const ucontext_t *uc)
{
	return (uint64_t *)(uintptr_t)&uc->uc_sigmask;
}

static void set_mask(uint64_t mask)
{
	if (zag_on_fiber())
		zag_signal_set_mask(mask);
	else
		zag_raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
}

/* --- setjmp -------------------------------------------------------------- */

/* A caller's copy of libc's function, for jump.S. */
void *zag_jump_real(void)
{
	return (void *)ZAG_REAL(__sigsetjmp);
}

void zag_jump_save(jump *env)
{
	unsigned long *words = env->__saved_mask.__val;
	struct zag_fiber *f = zag_fiber_self();

	words[MARK_WORD] = f ? MARK : 0;
	words[MASK_WORD] = f ? atomic_load(&f->sigmask) : 0;
}

/*
 * The mask was a fiber's, or the thread's before there were fibers; whose it is
 * now is another question.
 */
static void restore_mask(const jump *env)
{
	const unsigned long *words = env->__saved_mask.__val;

	set_mask(words[MARK_WORD] == MARK ? words[MASK_WORD] : words[0]);
}

/* Without a mask for libc to restore. */
static void jump_to(const jump *env, int value,
		    __typeof__(siglongjmp) *real)
{
	jump copy = *env;

	restore_mask(env);
	copy.__mask_was_saved = 0;
	real(&copy, value);
	__builtin_unreachable();
}

ZAG_EXPORT void siglongjmp(sigjmp_buf env, int value)
{
	if (env->__mask_was_saved)
		jump_to(env, value, ZAG_REAL(siglongjmp));
	ZAG_REAL(siglongjmp)(env, value);
	__builtin_unreachable();
}

ZAG_ALIAS(longjmp, siglongjmp);
ZAG_ALIAS(_longjmp, siglongjmp);

/*
 * What _FORTIFY_SOURCE calls.  libc's complains of a jump to a frame that is
 * gone, unless the kernel says that we are on an alternate stack: a fiber's it
 * does not know.
 */
ZAG_EXPORT void __longjmp_chk(jmp_buf env, int value)
{
	struct zag_fiber *f = zag_fiber_self();
	__typeof__(siglongjmp) *real = f && zag_signal_on_altstack(f) ?
					       ZAG_REAL(siglongjmp) :
					       ZAG_REAL(__longjmp_chk);

	if (env->__mask_was_saved)
		jump_to(env, value, real);
	real(env, value);
	__builtin_unreachable();
}

/* --- contexts ------------------------------------------------------------ */

void zag_jump_masks(ucontext_t *save, const ucontext_t *load)
{
	struct zag_fiber *f = zag_fiber_self();
	uint64_t *old = save ? mask_of(save) : NULL;

	if (f && old)
		*old = atomic_load(&f->sigmask);
	else if (old)
		zag_raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, old, 8);
	if (load)
		set_mask(*mask_of(load));
}

void zag_jump_end(const ucontext_t *next)
{
	if (next)
		setcontext(next);
	exit(0);
}

#if defined(__x86_64__)
enum { IN_REGISTERS = 6 };

static const int argument_register[IN_REGISTERS] = {
	REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9,
};

/* On its stack: where it returns to, arguments from the seventh on, the context
 * that is next. */
ZAG_EXPORT void makecontext(ucontext_t *uc, void (*fn)(void), int argc, ...)
{
	greg_t *regs = uc->uc_mcontext.gregs;
	int more = argc > IN_REGISTERS ? argc - IN_REGISTERS : 0;
	uintptr_t end = (uintptr_t)uc->uc_stack.ss_sp + uc->uc_stack.ss_size;
	greg_t *sp = (greg_t *)end - more - 1;
	va_list ap;

	sp = (greg_t *)(((uintptr_t)sp & -UINT64_C(16)) - 8);
	sp[0] = (greg_t)(uintptr_t)zag_jump_start;
	sp[more + 1] = (greg_t)(uintptr_t)uc->uc_link;
	regs[REG_RIP] = (greg_t)(uintptr_t)fn;
	regs[REG_RBX] = (greg_t)(uintptr_t)&sp[more + 1];
	regs[REG_RSP] = (greg_t)(uintptr_t)sp;
	va_start(ap, argc);
	for (int i = 0; i < argc; i++)
		if (i < IN_REGISTERS)
			regs[argument_register[i]] = va_arg(ap, greg_t);
		else
			sp[i - IN_REGISTERS + 1] = va_arg(ap, greg_t);
	va_end(ap);
}
#elif defined(__aarch64__)
enum { IN_REGISTERS = 8 };

/* On its stack: arguments from the ninth on. */
ZAG_EXPORT void makecontext(ucontext_t *uc, void (*fn)(void), int argc, ...)
{
	mcontext_t *m = &uc->uc_mcontext;
	size_t more = argc > IN_REGISTERS ? (size_t)argc - IN_REGISTERS : 0;
	uintptr_t end = (uintptr_t)uc->uc_stack.ss_sp + uc->uc_stack.ss_size;
	uint64_t *sp = (uint64_t *)((end - 8 * more) & -UINT64_C(16));
	va_list ap;

	m->pc = (uintptr_t)fn;
	m->sp = (uintptr_t)sp;
	m->regs[19] = (uintptr_t)uc->uc_link;
	m->regs[29] = 0;
	m->regs[30] = (uintptr_t)zag_jump_start;
	va_start(ap, argc);
	for (int i = 0; i < argc; i++)
		*(i < IN_REGISTERS ? (uint64_t *)&m->regs[i] :
				     &sp[i - IN_REGISTERS]) =
			va_arg(ap, uint64_t);
	va_end(ap);
}
#endif
