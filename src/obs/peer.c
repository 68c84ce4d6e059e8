/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is at the other end of a connection. */
#include "config.h"

#include "obs/describe.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/raw.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

static void put_in(char *text, const uint8_t *a, unsigned port)
{
	zag_format(text, ZAG_PEER_TEXT, "%u.%u.%u.%u:%u", a[0], a[1], a[2],
		   a[3], port);
}

static unsigned group(const uint8_t *a, unsigned i)
{
	return (unsigned)a[2 * i] << 8 | a[2 * i + 1];
}

/* How many groups from i on are 0. */
static unsigned zeros(const uint8_t *a, unsigned i)
{
	unsigned n = 0;

	while (i + n < 8 && !group(a, i + n))
		n++;
	return n;
}

/* RFC 5952: the first of the longest runs of zeros, of 2 at least, is "::". */
static void put_in6(char *text, const uint8_t *a, unsigned port)
{
	unsigned run = 1, at = 8, i;
	size_t n = zag_format(text, ZAG_PEER_TEXT, "[");

	for (i = 0; i < 8; i++)
		if (zeros(a, i) > run) {
			run = zeros(a, i);
			at = i;
		}
	for (i = 0; i < 8; i++) {
		if (i == at) {
			n += zag_format(text + n, ZAG_PEER_TEXT - n, "::");
			i += run - 1;
			continue;
		}
		n += zag_format(text + n, ZAG_PEER_TEXT - n, "%s%x",
				i && i != at + run ? ":" : "", group(a, i));
	}
	zag_format(text + n, ZAG_PEER_TEXT - n, "]:%u", port);
}

bool zag_describe_peer(const struct zag_look *l, char *text)
{
	union address a;
	int len = sizeof(a);

	*text = '\0';
	if (!l->why || l->why->arg != ZAG_ARG_FD || l->arg > INT32_MAX ||
	    zag_raw(SYS_getpeername, (int)l->arg, &a, &len))
		return false;
	if (a.any.sa_family == AF_INET)
		put_in(text, (const uint8_t *)&a.in.sin_addr,
		       ntohs(a.in.sin_port));
	else if (a.any.sa_family == AF_INET6 &&
		 IN6_IS_ADDR_V4MAPPED(&a.in6.sin6_addr))
		put_in(text, a.in6.sin6_addr.s6_addr + 12,
		       ntohs(a.in6.sin6_port));
	else if (a.any.sa_family == AF_INET6)
		put_in6(text, a.in6.sin6_addr.s6_addr, ntohs(a.in6.sin6_port));
	return *text != '\0';
}
