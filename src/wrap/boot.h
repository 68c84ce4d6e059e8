/* SPDX-License-Identifier: BSD-2-Clause */
/* Booting the runtime when a program first needs it. */
#ifndef ZAG_WRAP_BOOT_H
#define ZAG_WRAP_BOOT_H

#include <stdbool.h>

/*
 * Boot the runtime unless that has happened.  False: it cannot be (one line
 * has said why) or must not be, and threads are libc's own.  Any thread.
 */
bool zag_boot(void);

/* Whether start-up found everything needed; set by init.c.  NULL, or why the
 * program runs natively. */
extern const char *zag_boot_obstacle;

/* Start-up, by init.c: the constructor's part.  Constructors of libraries run
 * before ours, and may create threads. */
extern void (*const zag_boot_start_up)(void);

/* In a forked child: one thread, no runtime; the next thread boots it. */
void zag_boot_again(void);

#endif
