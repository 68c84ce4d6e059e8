/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runtime's own descriptors: close-on-exec, out of the low numbers, and
 * known, so that a program that closes "everything" does not close them.
 */
#ifndef ZAG_BASE_OWNFD_H
#define ZAG_BASE_OWNFD_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ZAG_OWNFD_LEAST = 512, /* where they begin, if the limit allows */
	ZAG_OWNFD_END = 4096,  /* one above the highest that can be ours */
};

/* See that the kernel's table has room where n of them will stand.  Boot. */
void zag_ownfd_widen(uint32_t n);

/* Whether n more descriptors can be had now.  Boot. */
bool zag_ownfd_room(uint32_t n);

/* Move fd up and make it ours; its new number, or -errno and fd is closed.  What
 * is an error already stays so. */
int zag_ownfd_move(int fd);

/* A copy of fd that is ours; -errno. */
int zag_ownfd_copy(int fd);

/* A pipe that is ours.  False: it cannot be had. */
bool zag_ownfd_pipe(int ends[2]);

/* Close one that was moved or copied. */
void zag_ownfd_close(int fd);

/* Whether fd is ours.  Any context. */
bool zag_ownfd(unsigned fd);

/* In a forked child: none is. */
void zag_ownfd_reset(void);

#endif
