/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A jump to anywhere, to be written over the entry of a function that is
 * replaced as a whole.
 *
 * x86-64: jmp *0(%rip) and the address, 14 bytes.
 * aarch64: ldr x16, .+8; br x16 and the address, 16 bytes.
 */
#ifndef ZAG_ARCH_JUMP_H
#define ZAG_ARCH_JUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
static const unsigned char zag_jump_code[] = { 0xff, 0x25, 0, 0, 0, 0 };
static const unsigned char zag_landing[] = { 0xf3, 0x0f, 0x1e, 0xfa };
#elif defined(__aarch64__)
static const unsigned char zag_jump_code[] = { 0x50, 0x00, 0x00, 0x58,
					       0x00, 0x02, 0x1f, 0xd6 };
static const unsigned char zag_landing[] = { 0x5f, 0x24, 0x03, 0xd5 };
#endif

enum { ZAG_JUMP_SIZE = sizeof(zag_jump_code) + sizeof(void *) };

/* Where the jump goes: behind endbr64 or bti, at which indirect calls must
 * land where the CPU checks that. */
static inline unsigned char *zag_jump_place(void *entry)
{
	unsigned char *code = entry;

	return memcmp(code, zag_landing, sizeof(zag_landing))
		       ? code
		       : code + sizeof(zag_landing);
}

/*
 * Whether the function of `size` bytes at `entry` has room for it, and looks
 * as it was compiled: no jump of somebody else's at its entry, no breakpoint
 * of a debugger where it goes.
 */
static inline bool zag_jump_fits(void *entry, size_t size)
{
	unsigned char *code = zag_jump_place(entry);

	if (code + ZAG_JUMP_SIZE > (unsigned char *)entry + size)
		return false;
#if defined(__x86_64__)
	return code[0] != 0xe9 && code[0] != 0xeb && code[0] != 0xff &&
	       !memchr(code, 0xcc, ZAG_JUMP_SIZE);
#else
	return memcmp(code, zag_jump_code, sizeof(zag_jump_code)) != 0;
#endif
}

/* Write it.  The text is writable, and nobody runs there. */
static inline void zag_jump_write(void *entry, const void *to)
{
	unsigned char *code = zag_jump_place(entry);

	memcpy(code, zag_jump_code, sizeof(zag_jump_code));
	memcpy(code + sizeof(zag_jump_code), &to, sizeof(to));
	__builtin___clear_cache((char *)code, (char *)code + ZAG_JUMP_SIZE);
}

#endif
