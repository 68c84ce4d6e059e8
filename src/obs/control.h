/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a Unix socket for the same user only, served by the
 * monitor, which never runs fibers, so it answers whatever they do.
 *
 * $XDG_RUNTIME_DIR/zag/PID, else /tmp/zag-UID/PID, or where ZAG_CONTROL says.
 * A client sends "zag 1 REQUEST\n"; the answer is answer.h's, up to the end of
 * the connection.
 */
#ifndef ZAG_OBS_CONTROL_H
#define ZAG_OBS_CONTROL_H

/* Where the user's runtime files go, NULL if nothing says.  Constructor. */
void zag_control_init(const char *runtime_dir);

/* The runtime has booted: begin to listen, as the options say. */
void zag_control_open(void);

/* The process ends: leave nothing behind. */
void zag_control_close(void);

/* In a forked child: the socket is the parent's. */
void zag_control_reset(void);

#endif
