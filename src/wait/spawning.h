/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting programs: posix_spawn(3) keeps its thread in the kernel until the
 * child has called execve(2), and the child needs the CPU for that.
 *
 * So the fiber gives its processor to another carrier meanwhile, and only a few
 * for each processor do so at a time: more would not be faster.  But if none of
 * them gets on (the child may open a FIFO), others do not wait.
 */
#ifndef ZAG_WAIT_SPAWNING_H
#define ZAG_WAIT_SPAWNING_H

#include <stdbool.h>

/* Around the call.  The first waits for its turn; handlers of the program may
 * run there, no cancellation ends it.  Returns what the second is to be given.
 * Context: fiber; no lock of the runtime held. */
bool zag_spawning_begin(void);
void zag_spawning_end(bool begun);

/* In a forked child: nobody does. */
void zag_spawning_reset(void);

#endif
