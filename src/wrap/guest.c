/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells who brings threads or a CPU of its own. */
#include "config.h"

#include "wrap/guest.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/section.h"

/*
 * Valgrind runs a translation of the program and makes its threads take turns;
 * its tools replace the same calls as we do, and it takes our guard pages for
 * memory that it may read.
 */
static bool is_translated(void)
{
	unsigned long request[6] = { 0x1001 }; /* RUNNING_ON_VALGRIND */
#if defined(__x86_64__)
	unsigned long r = 0;

	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(r)
			 : "a"(request)
			 : "cc", "memory", "rdi");
	return r != 0;
#elif defined(__aarch64__)
	register unsigned long r __asm__("x3") = 0;
	register unsigned long *args __asm__("x4") = request;

	__asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\t"
			 "ror x12, x12, #51\n\tror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(r)
			 : "r"(args)
			 : "cc", "memory");
	return r != 0;
#endif
}

/*
 * With cgo, Go's runtime makes its threads by pthread_create and by clone,
 * sets their alternate signal stacks, sends them signals by the kernel's
 * number and parks them in futexes, all by system calls of its own.
 */
static bool is_go(void)
{
	return zag_has_section("/proc/self/exe", ZAG_SECTION_GO);
}

/*
 * The kernel lets only the thread that attached to a process, or forked it,
 * trace it: ESRCH for any other, and a fiber is on another after each wait.
 */
static bool is_tracer(void)
{
	const struct link_map *program = _r_debug.r_map;
	const char *strings = NULL;
	size_t size = 0;

	for (const ElfW(Dyn) *d = program->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_STRTAB)
			strings = (const char *)d->d_un.d_ptr;
		else if (d->d_tag == DT_STRSZ)
			size = d->d_un.d_val;
	}
	return strings && memmem(strings, size, "\0ptrace", sizeof("\0ptrace"));
}

const char *zag_guest(void)
{
	if (is_translated())
		return "run by valgrind";
	if (is_go())
		return "a Go program";
	if (is_tracer())
		return "it may trace others, by ptrace(2)";
	return NULL;
}
