/* SPDX-License-Identifier: BSD-2-Clause */
/* A wait in words: "read fd 7", "mutex 0x…: held by fiber 12". */
#ifndef ZAG_OBS_DESCRIBE_H
#define ZAG_OBS_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "obs/json.h"
#include "obs/look.h"

/* Which fiber has which thread id. */
struct zag_owners {
	struct zag_owner {
		uint64_t id;
		uint32_t tid;
	} *slots;
	uint32_t size; /* a power of 2 */
};

/* Look at all fibers; without memory, owners are told by thread id.  To be
 * freed. */
void zag_owners_make(struct zag_owners *o);
void zag_owners_free(struct zag_owners *o);

/* The id of the fiber with that thread id; 0: none. */
uint64_t zag_owners_fiber(const struct zag_owners *o, uint32_t tid);

/* What l waits for; "" if it does not. */
enum { ZAG_WAIT_TEXT = 128 };
void zag_describe_wait(const struct zag_look *l, const struct zag_owners *o,
		       char *text);

/* The address of whoever is at the other end of the TCP or UDP connection that l
 * waits for; false: it is none, and text is "". */
enum { ZAG_PEER_TEXT = 64 };
bool zag_describe_peer(const struct zag_look *l, char *text);

/* The call that l has made; NULL: not known, or none that waits. */
const char *zag_describe_call(const struct zag_look *l);

/* The same, and the return addresses on its stack: members of the open object.
 * The site is known. */
void zag_describe_stack(const struct zag_look *l, struct zag_json *j);

const char *zag_describe_state(const struct zag_look *l);

/* "1.2 s", "35 ms", "870 us". */
void zag_describe_ns(char *text, size_t size, int64_t ns);

#endif
