/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers that all wait for each other, and nothing that could wake them. */
#ifndef ZAG_OBS_DEADLOCK_H
#define ZAG_OBS_DEADLOCK_H

/* The runtime has booted: watch, as the options say. */
void zag_deadlock_begin(void);

#endif
