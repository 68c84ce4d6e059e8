/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP and UDP sockets on the loopback address, for the test programs. */
#ifndef TESTS_PROG_IO_NET_H
#define TESTS_PROG_IO_NET_H

#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline struct sockaddr_in net_address(unsigned short port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static inline unsigned short net_port(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

/* A socket of this type bound to a free port. */
static inline int net_bind(int type)
{
	struct sockaddr_in a = net_address(0);
	int fd = socket(AF_INET, type, 0);

	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static inline int net_listen(int backlog)
{
	int fd = net_bind(SOCK_STREAM);

	CHECK_EQ(listen(fd, backlog), 0);
	return fd;
}

static inline int net_connect(unsigned short port)
{
	struct sockaddr_in a = net_address(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

/* The two ends of a TCP connection. */
static inline void net_pair(int fd[2])
{
	int l = net_listen(1);

	fd[0] = net_connect(net_port(l));
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	CHECK_EQ(close(l), 0);
}

#endif
