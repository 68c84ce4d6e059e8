/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A jump to anywhere, to be written over the entry of a function that is
 * replaced as a whole.
 *
 * x86-64: jmp *0(%rip) and the address, 14 bytes.
 * aarch64: bti c; b, 8 bytes, where that reaches (128 MB; some functions have
 *          no room for more); else bti c; ldr x16, .+8; br x16 and the
 *          address, 20 bytes.
 */
#ifndef ZAG_ARCH_JUMP_H
#define ZAG_ARCH_JUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ZAG_JUMP_MOST = 20 };

#if defined(__x86_64__)
static const unsigned char zag_jump_code[] = { 0xff, 0x25, 0, 0, 0, 0 };
static const unsigned char zag_landing[] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* Behind endbr64, at which indirect calls must land where the CPU checks. */
static inline unsigned char *zag_jump_place(void *entry)
{
	unsigned char *code = entry;

	return memcmp(code, zag_landing, sizeof(zag_landing))
		       ? code
		       : code + sizeof(zag_landing);
}

/* The jump, as it is written at `at`; how many bytes. */
static inline size_t zag_jump_make(unsigned char *jump, const void *at,
				   const void *to)
{
	(void)at;
	memcpy(jump, zag_jump_code, sizeof(zag_jump_code));
	memcpy(jump + sizeof(zag_jump_code), &to, sizeof(to));
	return sizeof(zag_jump_code) + sizeof(to);
}

/* No jump of somebody else's, no breakpoint of a debugger. */
static inline bool zag_jump_untouched(const unsigned char *code, size_t size)
{
	return code[0] != 0xe9 && code[0] != 0xeb && code[0] != 0xff &&
	       !memchr(code, 0xcc, size);
}
#elif defined(__aarch64__)
static const uint32_t zag_landing[] = { 0xd503245f }; /* bti c */

/* A landing pad of the function's own may be one that signs its return
 * address (paciasp): the jump has its own, and is written over it. */
static inline unsigned char *zag_jump_place(void *entry)
{
	return entry;
}

static inline size_t zag_jump_make(unsigned char *jump, const void *at,
				   const void *to)
{
	int64_t words = ((intptr_t)to - (intptr_t)at) / 4 - 1;
	uint32_t code[3] = { zag_landing[0], 0x58000050, 0xd61f0200 };

	if (words >= -(1 << 25) && words < 1 << 25) {
		code[1] = 0x14000000 | (words & 0x3ffffff);
		memcpy(jump, code, 8);
		return 8;
	}
	memcpy(jump, code, sizeof(code));
	memcpy(jump + sizeof(code), &to, sizeof(to));
	return sizeof(code) + sizeof(to);
}

/* A function may begin with bti; with a branch, if it is somebody's jump. */
static inline bool zag_jump_untouched(const unsigned char *code, size_t size)
{
	uint32_t word[2];

	(void)size;
	memcpy(word, code, sizeof(word));
	if (word[0] == zag_landing[0])
		word[0] = word[1];
	return word[0] >> 26 != 5 /* b */ && word[0] != 0x58000050 &&
	       (word[0] & 0xffe0001f) != 0xd4200000 /* brk */;
}
#endif

/*
 * Whether the function of `size` bytes at `entry` has room for a jump to `to`,
 * and looks as it was compiled: no jump of somebody else's at its entry, no
 * breakpoint of a debugger where it goes.
 */
static inline bool zag_jump_fits(void *entry, size_t size, const void *to)
{
	unsigned char *code = zag_jump_place(entry), jump[ZAG_JUMP_MOST];
	size_t n = zag_jump_make(jump, code, to);

	return code + n <= (unsigned char *)entry + size &&
	       zag_jump_untouched(code, n);
}

/* Write it.  The text is writable, and nobody runs there. */
static inline void zag_jump_write(void *entry, const void *to)
{
	unsigned char *code = zag_jump_place(entry), jump[ZAG_JUMP_MOST];
	size_t n = zag_jump_make(jump, code, to);

	memcpy(code, jump, n);
	__builtin___clear_cache((char *)code, (char *)code + n);
}

#endif
