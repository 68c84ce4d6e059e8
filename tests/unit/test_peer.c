/* SPDX-License-Identifier: BSD-2-Clause */
/* The address at the other end, as zagctl ps says it. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "obs/describe.h"
#include "unit.h"

static const struct zag_why input = { .arg = ZAG_ARG_FD };

static bool peer_of(int fd, char *text)
{
	struct zag_look l = { .why = &input, .arg = (uintptr_t)fd };

	return zag_describe_peer(&l, text);
}

/* A datagram socket's peer is what the program says; NULL: no way there. */
static const char *text_of(int family, const char *address)
{
	static char text[ZAG_PEER_TEXT];
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(5000) };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(80) };
	struct sockaddr *to = family == AF_INET ? (void *)&in : (void *)&in6;
	int fd = socket(family, SOCK_DGRAM, 0);
	bool there;

	inet_pton(family, address, family == AF_INET ? (void *)&in.sin_addr :
						       (void *)&in6.sin6_addr);
	there = fd >= 0 && !connect(fd, to, family == AF_INET ? sizeof(in) :
								sizeof(in6));
	if (there)
		ck_assert(peer_of(fd, text));
	if (fd >= 0)
		close(fd);
	return there ? text : NULL;
}

static void is(int family, const char *address, const char *want)
{
	const char *text = text_of(family, address);

	if (text)
		ck_assert_str_eq(text, want);
}

START_TEST(addresses)
{
	is(AF_INET, "127.0.0.1", "127.0.0.1:80");
	is(AF_INET, "127.250.0.99", "127.250.0.99:80");
	is(AF_INET6, "::1", "[::1]:5000");
	is(AF_INET6, "::ffff:127.0.0.2", "127.0.0.2:5000");
	is(AF_INET6, "2001:db8::1", "[2001:db8::1]:5000");
	is(AF_INET6, "2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:5000");
	is(AF_INET6, "2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:5000");
	is(AF_INET6, "2001:db8:1:2:3:4:5:0", "[2001:db8:1:2:3:4:5:0]:5000");
	ck_assert_ptr_nonnull(text_of(AF_INET, "127.0.0.1"));
}
END_TEST

START_TEST(no_address)
{
	char text[ZAG_PEER_TEXT] = "old";
	int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert(!peer_of(fd, text));
	ck_assert_str_eq(text, "");
	ck_assert(!peer_of(pair[0], text));
	ck_assert(!peer_of(-1, text));
	close(fd);
	ck_assert(!peer_of(fd, text));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("peer");

	tcase_add_test(c, addresses);
	tcase_add_test(c, no_address);
	return unit_run("peer", c);
}
