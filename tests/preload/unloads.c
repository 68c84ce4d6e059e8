/* SPDX-License-Identifier: BSD-2-Clause */
/* Unloads a library that waits for its thread's end then. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *lib = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	void (*begin)(void);

	if (!lib)
		return 2;
	*(void **)&begin = dlsym(lib, "works_begin");
	begin();
	usleep(50000); /* the thread waits; or not yet, and is cancelled then */
	if (dlclose(lib))
		return 3;
	puts("unloaded");
	return 0;
}
