/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads with 16 KB and 32 KB stacks call printf and getaddrinfo. */
#include "check.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <sys/socket.h>

static char printed[64];

static void *prints(void *arg)
{
	snprintf(printed, sizeof printed, "%d %s %.3f", 42, "text", 2.5);
	usleep(10);
	return arg;
}

/* A proxy we know asks for 32 KB and does this on it. */
static void *resolves(void *arg)
{
	struct addrinfo hints = {
		.ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	}, *found;
	struct sockaddr_in *in;

	CHECK_EQ(getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
	in = (struct sockaddr_in *)found->ai_addr;
	CHECK_EQ(ntohl(in->sin_addr.s_addr), INADDR_LOOPBACK);
	CHECK_EQ(ntohs(in->sin_port), 80);
	freeaddrinfo(found);
	return prints(arg);
}

static void run(void *(*fn)(void *), size_t size)
{
	pthread_attr_t a;
	pthread_t t[50];

	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, size));
	for (int i = 0; i < 50; i++)
		CHECK_OK(pthread_create(&t[i], &a, fn, NULL));
	for (int i = 0; i < 50; i++)
		check_join(t[i]);
	CHECK_OK(pthread_attr_destroy(&a));
	CHECK_EQ(strcmp(printed, "42 text 2.500"), 0);
	memset(printed, 0, sizeof printed);
}

int main(void)
{
	run(prints, PTHREAD_STACK_MIN);
	run(resolves, check_stack_size(32 * 1024));
	puts("small stacks suffice");
	return 0;
}
