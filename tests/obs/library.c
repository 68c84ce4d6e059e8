/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that waits for ever while it is unloaded. */
#include <semaphore.h>

__attribute__((destructor)) static void waits(void)
{
	sem_t nobody_posts;

	if (!sem_init(&nobody_posts, 0, 0))
		sem_wait(&nobody_posts);
}
