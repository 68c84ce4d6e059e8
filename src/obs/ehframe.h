/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading .eh_frame: where the caller's registers are, at a place in the code.
 * The part of it that compilers write for plain C; what else there is says no.
 *
 * Context: any thread; nothing is allocated, no lock is taken.
 */
#ifndef ZAG_OBS_EHFRAME_H
#define ZAG_OBS_EHFRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
#if defined(__x86_64__)
	ZAG_EH_REGS = 17,
	ZAG_EH_SP = 7,
#elif defined(__aarch64__)
	ZAG_EH_REGS = 33,
	ZAG_EH_SP = 31,
#endif
};

enum zag_eh_rule {
	ZAG_EH_UNSAID,
	ZAG_EH_UNDEFINED,
	ZAG_EH_SAME,
	ZAG_EH_AT_CFA,
	ZAG_EH_CFA_PLUS,
	ZAG_EH_IN_REG,
	ZAG_EH_UNREADABLE,
};

struct zag_eh_row {
	uint8_t rule[ZAG_EH_REGS]; /* enum zag_eh_rule */
	intptr_t arg[ZAG_EH_REGS];
	uint8_t cfa_reg;
	bool cfa_unreadable;
	intptr_t cfa_offset;
	uint8_t ra;  /* the register that is the return address */
	bool signal; /* the caller was interrupted, it has not called */
};

/* The row of pc; false: none that can be read. */
bool zag_eh_row(uintptr_t pc, struct zag_eh_row *row);

#endif
