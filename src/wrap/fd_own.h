/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose descriptors these are. */
#ifndef ZAG_WRAP_FD_OWN_H
#define ZAG_WRAP_FD_OWN_H

#include <stdbool.h>

/*
 * False in the child of a vfork: it closes descriptors of its own, in our
 * memory, and must not wake our fibers nor touch our table.  Context: any.
 */
bool zag_fd_own_process(void);

/* As close(2), but no cancellation point.  Sets errno.  Context: any. */
int zag_fd_close_quietly(int fd);

#endif
