/* SPDX-License-Identifier: BSD-2-Clause */
/* What splice and sendfile have in common. */
#ifndef ZAG_WRAP_IO_SPLICE_H
#define ZAG_WRAP_IO_SPLICE_H

#include "wrap/libc.h"

#include <linux/sock_diag.h>

/* What a socket takes that poll(2) calls writable, in any case. */
#define SPLICE_LEAST 4096L

/* Bytes that a writable socket takes without blocking, about. */
long zag_splice_room(int fd);

#endif
