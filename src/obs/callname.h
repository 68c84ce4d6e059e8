/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of the call that the program has made. */
#ifndef ZAG_OBS_CALLNAME_H
#define ZAG_OBS_CALLNAME_H

#include <stdint.h>

/*
 * The exported function of ours that pc lies in, "read" rather than "__read";
 * NULL: none.  By this library's own table of symbols.  Context: any thread.
 */
const char *zag_callname(uintptr_t pc);

#endif
