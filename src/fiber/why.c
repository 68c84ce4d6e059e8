/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptions of waits. */
#include "config.h"

#include "fiber/why.h"

#define X(name, what, call, arg, inside)                          \
	const struct zag_why zag_why_##name = { what, call, ZAG_ARG_##arg, \
						inside, ZAG_WHY_##name };
ZAG_WHYS(X)
#undef X

#define X(name, what, call, arg, inside) &zag_why_##name,
const struct zag_why *const zag_whys[ZAG_WHY_COUNT] = { ZAG_WHYS(X) };
#undef X
