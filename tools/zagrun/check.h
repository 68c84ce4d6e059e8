/* SPDX-License-Identifier: BSD-2-Clause */
/* `zagrun --check`: what a program would get from zagshim. */
#ifndef ZAG_ZAGRUN_CHECK_H
#define ZAG_ZAGRUN_CHECK_H

#include "preflight.h"

/* Prints the report of a command that passed preflight; 0 or -errno. */
int check_report(const struct preflight *pf);

#endif
