/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads glibc's cache format 1.1 (dl-cache.h), which no library reads. */
#include "config.h"

#include "ldcache.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE "/etc/ld.so.cache"
#define MAGIC "glibc-ld.so.cache1.1"

/* An ELF library for glibc 2, of this machine. */
#if defined(__x86_64__)
#define OWN_FLAGS 0x0303
#elif defined(__aarch64__)
#define OWN_FLAGS 0x0a03
#endif

struct header {
	char magic[20];
	uint32_t count;
	uint32_t strings;
	uint32_t unused[5];
};

struct entry {
	int32_t flags;
	uint32_t key; /* offsets of strings from the header */
	uint32_t value;
	uint32_t osversion;
	uint64_t hwcap; /* not 0: a variant for some CPUs */
};

static bool find_in(const char *map, size_t size, const char *soname,
		    char path[PATH_MAX])
{
	const struct header *h = (const void *)map;
	const struct entry *e = (const void *)(h + 1);
	uint32_t i;

	if (size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(h->magic)) ||
	    h->count > (size - sizeof(*h)) / sizeof(*e))
		return false;
	for (i = 0; i < h->count; i++) {
		if (e[i].flags != OWN_FLAGS || e[i].hwcap ||
		    e[i].key >= size || e[i].value >= size)
			continue;
		if (!memchr(map + e[i].key, '\0', size - e[i].key) ||
		    strcmp(map + e[i].key, soname))
			continue;
		if (!memchr(map + e[i].value, '\0', size - e[i].value))
			continue;
		return snprintf(path, PATH_MAX, "%s", map + e[i].value) <
		       PATH_MAX;
	}
	return false;
}

bool ldcache_find(const char *soname, char path[PATH_MAX])
{
	struct stat st;
	bool found = false;
	void *map;
	int fd;

	fd = open(CACHE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			   fd, 0);
		if (map != MAP_FAILED) {
			found = find_in(map, (size_t)st.st_size, soname, path);
			munmap(map, (size_t)st.st_size);
		}
	}
	close(fd);
	return found;
}
