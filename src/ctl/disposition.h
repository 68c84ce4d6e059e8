/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's signal dispositions, by raw calls: libc hides some signals. */
#ifndef ZAG_CTL_DISPOSITION_H
#define ZAG_CTL_DISPOSITION_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/raw.h"

#define ZAG_SA_RESTORER 0x04000000 /* SA_RESTORER, in no header of libc's */

struct zag_disposition { /* struct kernel_sigaction */
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void); /* aarch64's kernel has one of its own */
	uint64_t mask;
};

void zag_arch_sigreturn(void);

static inline void zag_disposition_set(int signo,
				       void (*fn)(int, siginfo_t *, void *),
				       unsigned long flags, uint64_t mask)
{
	struct zag_disposition d = { .handler = fn, .flags = flags,
				     .mask = mask };

#if defined(__x86_64__)
	d.flags |= ZAG_SA_RESTORER;
	d.restorer = zag_arch_sigreturn;
#endif
	zag_raw(SYS_rt_sigaction, signo, &d, NULL, sizeof(d.mask));
}

static inline struct zag_disposition zag_disposition_get(int signo)
{
	struct zag_disposition d = { 0 };

	zag_raw(SYS_rt_sigaction, signo, NULL, &d, sizeof(d.mask));
	return d;
}

#endif
