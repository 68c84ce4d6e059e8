/* SPDX-License-Identifier: BSD-2-Clause */
/* system, popen and getaddrinfo block inside libc, in many threads at once. */
#include "check.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define THREADS 10

static void *runs(void *arg)
{
	char command[64], line[64], want[64];
	long me = (long)arg;
	FILE *f;
	int status;

	snprintf(command, sizeof command, "sleep .05; exit %ld", me);
	status = system(command);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), me);
	snprintf(command, sizeof command, "sleep .05; echo from %ld", me);
	f = popen(command, "r");
	CHECK(f != NULL);
	CHECK(fgets(line, sizeof line, f) != NULL);
	snprintf(want, sizeof want, "from %ld\n", me);
	CHECK_EQ(strcmp(line, want), 0);
	CHECK_EQ(pclose(f), 0);
	return NULL;
}

static void *resolves(void *arg)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char host[64], port[16];

	for (int i = 0; i < 20; i++) {
		/* From a file, by whatever modules the machine has. */
		CHECK_EQ(getaddrinfo("localhost", "80", &hints, &found), 0);
		CHECK_EQ(getnameinfo(found->ai_addr, found->ai_addrlen, host,
				     sizeof host, port, sizeof port,
				     NI_NUMERICHOST | NI_NUMERICSERV), 0);
		CHECK_EQ(strcmp(port, "80"), 0);
		freeaddrinfo(found);
	}
	return arg;
}

int main(void)
{
	pthread_t t[2 * THREADS];

	for (long i = 0; i < 2 * THREADS; i++)
		t[i] = check_spawn(i % 2 ? runs : resolves, (void *)i);
	for (int i = 0; i < 2 * THREADS; i++)
		check_join(t[i]);
	puts("all answered");
	return 0;
}
