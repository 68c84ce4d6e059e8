/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks on files that are waited for. */
#ifndef ZAG_WRAP_FD_LOCK_H
#define ZAG_WRAP_FD_LOCK_H

#include "wrap/libc.h"

/* fcntl(2) with F_SETLKW or F_OFD_SETLKW.  Fiber. */
long zag_fd_setlk(int fd, int cmd, struct flock *l);

#endif
