/* SPDX-License-Identifier: BSD-2-Clause */
/* An echo server, one blocking thread with a 64 KB stack per connection. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench.h"

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[4096];
	ssize_t n, done, sent;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		for (done = 0; done < n; done += sent) {
			sent = send(fd, buf + done, (size_t)(n - done),
				    MSG_NOSIGNAL);
			if (sent < 0)
				goto out;
		}
	}
out:
	close(fd);
	return NULL;
}

static int listen_somewhere(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		bench_die("listen", errno);
	printf("listening on %d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

int main(void)
{
	int listener = listen_somewhere(), one = 1;
	struct rlimit files;
	pthread_attr_t attr;
	pthread_t t;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			bench_die("accept", errno);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		bench_ok("pthread_create", pthread_create(&t, &attr, serve,
							  (void *)(intptr_t)fd));
	}
}
