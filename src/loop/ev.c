/* SPDX-License-Identifier: BSD-2-Clause */
/* libev, loaded privately: see ev.h. */
#include "config.h"

#include "loop/ev.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"

struct zag_ev zag_ev;

/* A sanitizer's runtime refuses RTLD_DEEPBIND: it would miss libev's calls. */
static int deepbind(void)
{
	return dlsym(RTLD_DEFAULT, "__asan_init") ||
			       dlsym(RTLD_DEFAULT, "__tsan_init") ||
			       dlsym(RTLD_DEFAULT, "__msan_init") ?
		       0 :
		       RTLD_DEEPBIND;
}

static void *allocate(void *p, long size)
{
	return zag_heap_realloc(p, size);
}

static void system_error(const char *msg)
{
	zag_log(ZAG_LOG_ERROR, "libev: %s", msg);
	abort();
}

/* --- its epoll_ctl ------------------------------------------------------ */

/*
 * As Debian builds it, libev asserts that no watcher's descriptor is closed,
 * and ends the process.  A program may close one under a waiter at any time:
 * with another error libev stops the watcher and says so (EV_ERROR).
 */
static int tolerant_epoll_ctl(int set, int op, int fd, struct epoll_event *ev)
{
	long r = zag_raw(SYS_epoll_ctl, set, op, fd, ev);

	if (!r)
		return 0;
	errno = r == -EBADF || r == -EINVAL || r == -ELOOP ? EIO : (int)-r;
	return -1;
}

/* --- its other calls ----------------------------------------------------- */

/*
 * It finds libc's functions, not our interposers.  But where libc's have been
 * redirected these lead to ours, and it calls them on fibers, too, with locks
 * of ours held.
 */
static long result(long r)
{
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

static int plain_epoll_wait(int set, struct epoll_event *ev, int n, int timeout)
{
	return (int)result(zag_raw(SYS_epoll_pwait, set, ev, n, timeout, 0, 8));
}

static ssize_t plain_read(int fd, void *buf, size_t len)
{
	return result(zag_raw(SYS_read, fd, buf, len));
}

static ssize_t plain_write(int fd, const void *buf, size_t len)
{
	return result(zag_raw(SYS_write, fd, buf, len));
}

/* --- its own descriptors ------------------------------------------------- */

static ZAG_TLS bool works_for_us;
static ZAG_TLS int old_set = -1; /* that it has "closed" */

void zag_ev_works_for_us(bool yes)
{
	works_for_us = yes;
}

static int opened(long fd)
{
	return (int)result(works_for_us ? zag_ownfd_move((int)fd) : fd);
}

/* Put the new set in the place of the old one, or go on with that. */
static int renewed(long fd)
{
	int set = old_set;

	old_set = -1;
	if (fd < 0)
		return set;
	zag_raw(SYS_dup3, fd, set, O_CLOEXEC);
	zag_raw(SYS_close, fd);
	return set;
}

/*
 * The kernel tells of files that are closed here but open in a child, and cannot
 * be told not to: then libev closes its set and makes another.  The number stays
 * open all the time, as a child would take it for the set's whatever it is by
 * then; and where there is no number left the old set has to do.
 */
static int high_epoll_create1(int flags)
{
	long fd = zag_raw(SYS_epoll_create1, flags);

	return old_set >= 0 ? renewed(fd) : opened(fd);
}

static int high_eventfd(unsigned int n, int flags)
{
	return opened(zag_raw(SYS_eventfd2, n, flags));
}

static bool keeps_set(int fd)
{
	if (works_for_us)
		old_set = fd;
	return works_for_us;
}

static int lasting_close(int fd)
{
	return keeps_set(fd) ? 0 : (int)result(zag_raw(SYS_close, fd));
}

/* In a libev that the program uses, too: as it would without us. */
static int shared_close(int fd)
{
	return keeps_set(fd) ? 0 : close(fd);
}

struct dynamic {
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Rela) *rela[2]; /* DT_RELA, DT_JMPREL */
	size_t size[2];
};

static struct dynamic dynamic_of(const struct link_map *map)
{
	struct dynamic dyn = { 0 };

	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		const void *p = (const void *)d->d_un.d_ptr;

		if (d->d_tag == DT_SYMTAB)
			dyn.symbols = p;
		else if (d->d_tag == DT_STRTAB)
			dyn.strings = p;
		else if (d->d_tag == DT_RELA)
			dyn.rela[0] = p;
		else if (d->d_tag == DT_RELASZ)
			dyn.size[0] = d->d_un.d_val;
		else if (d->d_tag == DT_JMPREL)
			dyn.rela[1] = p;
		else if (d->d_tag == DT_PLTRELSZ)
			dyn.size[1] = d->d_un.d_val;
	}
	return dyn;
}

static void write_slot(void **slot, void *value)
{
	uintptr_t page = zag_round_down((uintptr_t)slot, zag_page_size());

	if (!zag_raw(SYS_mprotect, page, zag_page_size(),
		     PROT_READ | PROT_WRITE))
		*slot = value;
}

/* Every slot through which the object calls that function. */
static void redirect(const struct link_map *map, const char *name, void *to)
{
	struct dynamic dyn = dynamic_of(map);

	for (int t = 0; t < 2; t++) {
		const ElfW(Rela) *r = dyn.rela[t];
		const ElfW(Rela) *end = r + dyn.size[t] / sizeof(*r);

		for (; r < end; r++) {
			const ElfW(Sym) *sym =
				&dyn.symbols[ELF64_R_SYM(r->r_info)];

			if (!strcmp(dyn.strings + sym->st_name, name))
				write_slot((void **)(map->l_addr +
						     r->r_offset), to);
		}
	}
}

/* --- loading ------------------------------------------------------------ */

const char *zag_ev_load(void)
{
	/* The program's own libev: its loops have memory of its allocator. */
	bool shared = dlopen("libev.so.4", RTLD_NOW | RTLD_NOLOAD) != NULL;
	void *lib = dlopen("libev.so.4", RTLD_NOW | RTLD_LOCAL | deepbind());

	if (!lib)
		return "libev.so.4 cannot be loaded (Debian package libev4)";
#define X(name)                                       \
	zag_ev.name = dlsym(lib, #name);              \
	if (!zag_ev.name)                             \
		return "libev.so.4 lacks " #name;
	ZAG_EV_CALLS(X)
#undef X
	if (zag_ev.ev_version_major() != EV_VERSION_MAJOR)
		return "libev.so.4 is of another major version";
	redirect(lib, "epoll_ctl", (void *)tolerant_epoll_ctl);
	redirect(lib, "epoll_create1", (void *)high_epoll_create1);
	redirect(lib, "eventfd", (void *)high_eventfd);
	redirect(lib, "close",
		 (void *)(shared ? shared_close : lasting_close));
	if (!shared) {
		redirect(lib, "epoll_wait", (void *)plain_epoll_wait);
		redirect(lib, "read", (void *)plain_read);
		redirect(lib, "write", (void *)plain_write);
		zag_ev.ev_set_allocator(allocate);
		zag_ev.ev_set_syserr_cb(system_error);
	}
	return NULL;
}
