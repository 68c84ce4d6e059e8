/* SPDX-License-Identifier: BSD-2-Clause */
/* A mutex with a priority ceiling in a file: made, or locked in a thread. */
#include "../prog/check.h"

#include <fcntl.h>
#include <sys/mman.h>

static pthread_mutex_t *mutex;

static void make(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT));
	CHECK_OK(pthread_mutex_init(mutex, &a));
}

static const char *name_of(int err)
{
	return err ? strerrorname_np(err) : "0";
}

static void *lock(void *arg)
{
	int err = pthread_mutex_trylock(mutex);

	printf("%s", name_of(err));
	if (!err)
		CHECK_OK(pthread_mutex_unlock(mutex));
	printf(" %s\n", name_of(pthread_mutex_lock(mutex)));
	return arg;
}

/* ceiling FILE [make] */
int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR | O_CREAT, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, sizeof(*mutex)), 0);
	mutex = mmap(NULL, sizeof(*mutex), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	CHECK(mutex != MAP_FAILED);
	if (argc > 2)
		make();
	else
		check_join(check_spawn(lock, NULL));
	return 0;
}
