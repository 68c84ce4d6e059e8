/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libgcc's part in unwinding our frames that have something to put in order.
 *
 * libgcc_s.so.1 is not linked: to load it takes each program that is started
 * with this library preloaded a sixth of its start, and only what unwinds needs
 * it.  glibc does the same.
 */
#ifndef ZAG_WRAP_UNWIND_H
#define ZAG_WRAP_UNWIND_H

/* Load it, if it is there: before there are fibers, one of which may unwind
 * where nothing can be loaded.  Native thread. */
void zag_unwind_load(void);

#endif
