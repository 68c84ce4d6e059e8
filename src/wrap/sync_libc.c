/* SPDX-License-Identifier: BSD-2-Clause */
/* libc's own locks: how they wait. */
#include "config.h"

#include "wrap/sync_libc.h"

#include <string.h>

#include "base/futex.h"
#include "ctl/fork.h"
#include "sched/sched.h"
#include "wrap/sync_common.h"

/*
 * As libc does it.  Signal handlers run meanwhile, as there.
 *
 * libc unlocks a lock of its own in the child of a fork before any handler
 * runs there, when the lot may be locked by a thread that is no more; nobody
 * is left in the child to be woken.
 */
static void wait_for(_Atomic uint32_t *word, bool shared)
{
	while (zag_xchg(word, 2) != 0) {
		if (zag_likely(zag_fork_settled()))
			zag_sync_wait(word, 2, ZAG_NEVER, shared);
		else
			zag_futex_wait(word, 2, NULL);
	}
}

/* The word may be gone: it was unlocked before. */
static void wake_one(const void *word, bool shared)
{
	if (zag_likely(zag_fork_settled())) {
		zag_sync_wake(word, 1, shared);
		zag_sched_breathe();
	} else if (shared) {
		zag_raw(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
	}
}

void zag_sync_lll_wait_private(_Atomic uint32_t *word)
{
	wait_for(word, false);
}

void zag_sync_lll_wake_private(_Atomic uint32_t *word)
{
	wake_one(word, false);
}

void zag_sync_lll_wait(_Atomic uint32_t *word, int shared)
{
	wait_for(word, shared != 0);
}

void zag_sync_lll_wake(_Atomic uint32_t *word, int shared)
{
	wake_one(word, shared != 0);
}

/* --- finding them ------------------------------------------------------- */

/* glibc 2.36, gcc 12: what lowlevellock.c is compiled to. */
#if defined(__x86_64__)
typedef unsigned char code_unit;
enum { ANY = 0x100 }; /* a byte of an address */

static const uint16_t wait_code[] = {
	0x8b, 0x07,				/* mov (%rdi), %eax */
	0x41, 0x89, 0xf0,			/* mov %esi, %r8d */
	0x83, 0xf8, 0x02,			/* cmp $2, %eax */
	0x74, 0x0b,				/* je wait */
	0xb8, 0x02, 0x00, 0x00, 0x00,		/* again: mov $2, %eax */
	0x87, 0x07,				/* xchg %eax, (%rdi) */
	0x85, 0xc0,				/* test %eax, %eax */
	0x74, 0x3b,				/* je out */
	0x44, 0x89, 0xc6,			/* wait: mov %r8d, %esi */
	0x45, 0x31, 0xd2,			/* xor %r10d, %r10d */
	0xba, 0x02, 0x00, 0x00, 0x00,		/* mov $2, %edx */
	0xb8, 0xca, 0x00, 0x00, 0x00,		/* mov $SYS_futex, %eax */
	0x40, 0x80, 0xf6, 0x80,			/* xor $0x80, %sil */
	0x0f, 0x05,				/* syscall */
	0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff,	/* cmp $-4096, %rax */
	0x76, 0xd7,				/* jbe again */
	0x83, 0xf8, 0xf5,			/* cmp $-EAGAIN, %eax */
	0x74, 0xd2,				/* je again */
	0x83, 0xf8, 0xfc,			/* cmp $-EINTR, %eax */
	0x74, 0xcd,				/* je again */
	0x50,					/* push %rax */
	0x48, 0x8d, 0x3d, ANY, ANY, ANY, ANY,	/* lea message, %rdi */
	0xe8, ANY, ANY, ANY, ANY,		/* call __libc_fatal */
	0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00,	/* nop */
	0xc3,					/* out: ret */
};

static const uint16_t wake_code[] = {
	0x40, 0x80, 0xf6, 0x81,			/* xor $0x81, %sil */
	0x45, 0x31, 0xd2,			/* xor %r10d, %r10d */
	0xba, 0x01, 0x00, 0x00, 0x00,		/* mov $1, %edx */
	0xb8, 0xca, 0x00, 0x00, 0x00,		/* mov $SYS_futex, %eax */
	0x0f, 0x05,				/* syscall */
	0xc3,					/* ret */
};

#elif defined(__aarch64__)
typedef uint32_t code_unit;
#define ANY 0u /* an instruction with an address */

static const uint32_t wait_code[] = {
	0xa9be7bfd,	/* stp x29, x30, [sp, #-32]! */
	0x910003fd,	/* mov x29, sp */
	0xa90153f3,	/* stp x19, x20, [sp, #16] */
	0xaa0003f3,	/* mov x19, x0 */
	0x2a0103f4,	/* mov w20, w1 */
	0xb9400000,	/* ldr w0, [x0] */
	0x7100081f,	/* cmp w0, #2 */
	0x540000a0,	/* b.eq wait */
	0xaa1303e1,	/* again: mov x1, x19 */
	0x52800040,	/* mov w0, #2 */
	ANY,		/* bl __aarch64_swp4_acq */
	0x34000220,	/* cbz w0, out */
	0x52190281,	/* wait: eor w1, w20, #0x80 */
	0xaa1303e0,	/* mov x0, x19 */
	0xd2800042,	/* mov x2, #2 */
	0xd2800003,	/* mov x3, #0 */
	0x93407c21,	/* sxtw x1, w1 */
	0xd2800c48,	/* mov x8, #SYS_futex */
	0xd4000001,	/* svc #0 */
	0xb140041f,	/* cmn x0, #4096 */
	0x54fffe89,	/* b.ls again */
	0x31002c1f,	/* cmn w0, #EAGAIN */
	0x54fffe40,	/* b.eq again */
	0x3100101f,	/* cmn w0, #EINTR */
	0x54fffe00,	/* b.eq again */
	ANY, ANY,	/* adrp, add: message */
	ANY,		/* bl __libc_fatal */
	0xa94153f3,	/* out: ldp x19, x20, [sp, #16] */
	0xa8c27bfd,	/* ldp x29, x30, [sp], #32 */
	0xd65f03c0,	/* ret */
};

static const uint32_t wake_code[] = {
	0x52801022,	/* mov w2, #0x81 */
	0x4a020021,	/* eor w1, w1, w2 */
	0xd2800003,	/* mov x3, #0 */
	0xd2800022,	/* mov x2, #1 */
	0xd2800c48,	/* mov x8, #SYS_futex */
	0x93407c21,	/* sxtw x1, w1 */
	0xd4000001,	/* svc #0 */
	0xd65f03c0,	/* ret */
};
#endif

/* What each must stand at most this far behind. */
enum { WITHIN = 128, STEP = 4 };

#define FIND(after, code) find(after, code, sizeof(code) / sizeof((code)[0]))

static void *find(const void *after, const __typeof__(wait_code[0]) *code,
		  size_t n)
{
	const char *at = after;

	for (size_t off = STEP; off <= WITHIN; off += STEP) {
		const code_unit *unit = (const code_unit *)(at + off);
		size_t i = 0;

		while (i < n && (code[i] == ANY || code[i] == unit[i]))
			i++;
		if (i == n)
			return (void *)(uintptr_t)unit;
	}
	return NULL;
}

bool zag_sync_find_lowlevel(struct zag_sync_lowlevel *low)
{
	low->wait = FIND(low->wait_private, wait_code);
	low->wake = FIND(low->wake_private, wake_code);
	return low->wait && low->wake;
}
