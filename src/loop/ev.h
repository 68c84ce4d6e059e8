/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libev, loaded privately.
 *
 * Linked with -lev, libev's own epoll_wait and read would re-enter our
 * interposers, and a program that exports its own ev_run would hijack our
 * calls; Debian's libev.a is not position-independent.  So: dlopen, local,
 * deep binding, and a table of pointers.
 */
#ifndef ZAG_LOOP_EV_H
#define ZAG_LOOP_EV_H

#define EV_PROTOTYPES 1
#define EV_COMPAT3 0
#define EV_MULTIPLICITY 1
#include <ev.h>
#include <stdbool.h>

#define ZAG_EV_CALLS(X)                                                   \
	X(ev_loop_new)                                                    \
	X(ev_run)                                                         \
	X(ev_io_start)                                                    \
	X(ev_io_stop)                                                     \
	X(ev_async_start)                                                 \
	X(ev_async_send)                                                  \
	X(ev_set_userdata)                                                \
	X(ev_userdata)                                                    \
	X(ev_set_loop_release_cb)                                         \
	X(ev_set_allocator)                                               \
	X(ev_set_syserr_cb)                                               \
	X(ev_feed_event)                                                  \
	X(ev_loop_destroy)                                                 \
	X(ev_version_major)

extern struct zag_ev {
#define X(name) __typeof__(name) *name;
	ZAG_EV_CALLS(X)
#undef X
} zag_ev;

/* Load it.  NULL, or why it cannot be had.  At boot; again is harmless. */
const char *zag_ev_load(void);

/* Whether the calling thread is in libev for a loop of the runtime: what is
 * opened there is its own (base/ownfd.h). */
void zag_ev_works_for_us(bool yes);

#endif
