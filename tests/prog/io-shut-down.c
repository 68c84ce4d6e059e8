/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket that is shut down ends the calls that wait there, also where poll(2)
 * and a call that does not block say otherwise.  And who peeks beyond what there
 * is waits, and does nothing meanwhile.
 */
#include "io-net.h"

#include <sys/uio.h>
#include <sys/un.h>

enum { READ, READV, RECV, RECVMSG, RECVMMSG, HOWS };

static int sock, how, entered;
static char buf[64];

static void *waits(void *arg)
{
	struct iovec v = { buf, sizeof buf };
	struct mmsghdr m[2] = { 0 };

	(void)arg;
	m[0].msg_hdr.msg_iov = m[1].msg_hdr.msg_iov = &v;
	m[0].msg_hdr.msg_iovlen = m[1].msg_hdr.msg_iovlen = 1;
	check_step(&entered);
	if (how == READ)
		CHECK_EQ(read(sock, buf, sizeof buf), 0);
	else if (how == READV)
		CHECK_EQ(readv(sock, &v, 1), 0);
	else if (how == RECV)
		CHECK_EQ(recv(sock, buf, sizeof buf, 0), 0);
	else if (how == RECVMSG)
		CHECK_EQ(recvmsg(sock, &m[0].msg_hdr, 0), 0);
	else /* each is an empty message */
		CHECK_EQ(recvmmsg(sock, m, 2, 0, NULL), 2);
	return NULL;
}

static pthread_t in_call(void *(*fn)(void *))
{
	int before = __atomic_load_n(&entered, __ATOMIC_SEQ_CST);
	pthread_t t = check_spawn(fn, NULL);

	while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) == before)
		check_msleep(1);
	check_msleep(30);
	return t;
}

/* The way to end a thread that receives datagrams; that the socket is not
 * connected is said, and does not matter. */
static void udp(void)
{
	pthread_t t;

	sock = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(sock >= 0);
	t = in_call(waits);
	CHECK_ERRNO(shutdown(sock, SHUT_RDWR), ENOTCONN);
	check_join(t);
	check_join(in_call(waits)); /* nor does it wait from now on */
	CHECK_EQ(close(sock), 0);
}

static void unix_datagrams(void)
{
	int ends[2];
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	sock = ends[0];
	t = in_call(waits);
	CHECK_EQ(shutdown(sock, SHUT_RD), 0);
	check_join(t);
	CHECK_EQ(close(ends[0]), 0);
	CHECK_EQ(close(ends[1]), 0);
}

static void *peeks(void *arg)
{
	(void)arg;
	CHECK_EQ(recv(sock, buf, 4, MSG_PEEK), 4);
	check_step(&entered);
	CHECK_EQ(recv(sock, buf, 4, MSG_PEEK), 4);
	CHECK(!memcmp(buf, "efgh", 4));
	return NULL;
}

static void peek_offset(void)
{
	int ends[2], at = 0;
	long long used;
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	sock = ends[0];
	CHECK_EQ(setsockopt(sock, SOL_SOCKET, SO_PEEK_OFF, &at, sizeof at), 0);
	check_write(ends[1], "abcd", 4);
	t = in_call(peeks);
	used = check_now(CLOCK_PROCESS_CPUTIME_ID);
	check_msleep(300);
	used = check_now(CLOCK_PROCESS_CPUTIME_ID) - used;
	CHECK(used < 100 * CHECK_MS);
	check_write(ends[1], "efgh", 4);
	check_join(t);
	CHECK_EQ(close(ends[0]), 0);
	CHECK_EQ(close(ends[1]), 0);
}

int main(void)
{
	for (how = 0; how < HOWS; how++) {
		udp();
		unix_datagrams();
	}
	peek_offset();
	puts("all ended");
	return 0;
}
