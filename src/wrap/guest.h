/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that are not for fibers, though everything needed is there. */
#ifndef ZAG_WRAP_GUEST_H
#define ZAG_WRAP_GUEST_H

/*
 * NULL, or what this process has that would not bear fibers.  zagrun refuses
 * what it can tell; this is for what is run by something else.
 */
const char *zag_guest(void);

#endif
