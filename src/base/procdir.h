/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of /proc whose entries are numbers: descriptors, threads.
 *
 * Context: any; nothing is allocated.
 */
#ifndef ZAG_BASE_PROCDIR_H
#define ZAG_BASE_PROCDIR_H

#include <stdint.h>

typedef void zag_procdir_fn(uint32_t number, void *arg);

/* Call fn for each from where the open directory fd stands; 0, or -errno. */
long zag_procdir_each(long fd, zag_procdir_fn *fn, void *arg);

#endif
