/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program as two processes that share memory: the second is started once
 * with the environment of the first and once with an empty one.
 */
#ifndef TESTS_PROG_PEER_H
#define TESTS_PROG_PEER_H

#include "check.h"

#include <sys/mman.h>
#include <sys/wait.h>

struct peer_game {
	size_t size;		       /* of the memory */
	void (*init)(void *memory);    /* fill it in; it is all zeroes */
	void (*play)(void *memory, int who); /* 0: the first, 1: the second */
	void (*judge)(void *memory);   /* when both are done */
};

static void *peer_map(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static pid_t peer_start(int fd, char **env)
{
	char number[12];
	char *args[] = { "peer", number, NULL };
	pid_t pid;

	snprintf(number, sizeof number, "%d", fd);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execve("/proc/self/exe", args, env);
		check_fail("execve: errno %d", errno);
	}
	return pid;
}

static void peer_round(const struct peer_game *g, char **env)
{
	int fd = memfd_create("peer", 0), status;
	void *memory;
	pid_t pid;

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, g->size), 0);
	memory = peer_map(fd, g->size);
	g->init(memory);
	pid = peer_start(fd, env);
	g->play(memory, 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	g->judge(memory);
	CHECK_EQ(munmap(memory, g->size), 0);
	CHECK_EQ(close(fd), 0);
}

/* What main does. */
static int peer_main(int argc, char **argv, const struct peer_game *g)
{
	char *nothing[] = { NULL };

	if (strcmp(argv[0], "peer") == 0 && argc == 2) {
		g->play(peer_map(atoi(argv[1]), g->size), 1);
		return 0;
	}
	peer_round(g, environ);
	peer_round(g, nothing);
	return 0;
}

#endif
