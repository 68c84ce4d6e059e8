/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells what the kernel and the loader will do with a file, and LD_PRELOAD. */
#include "config.h"

#include "preflight.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/section.h"
#include "command.h"
#include "image.h"

__attribute__((format(printf, 3, 4))) static void
finish(struct preflight *pf, enum preflight_verdict verdict, const char *fmt,
       ...)
{
	va_list ap;

	pf->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(pf->text, sizeof(pf->text), fmt, ap);
	va_end(ap);
}

/* ---- who the program would be --------------------------------------- */

/* Mounted nosuid: neither set-id bits nor capabilities count there. */
static bool on_nosuid(const char *path)
{
	struct statvfs fs;

	return !statvfs(path, &fs) && (fs.f_flag & ST_NOSUID);
}

/*
 * Set-id bits matter only where they change who we are: the kernel raises
 * AT_SECURE if the new effective ids differ from the real ones, so root may
 * preload into a setuid-root program, and an owner into his own.
 */
static const char *set_id(const struct stat *st, bool nosuid)
{
	/* With no_new_privs these bits are as good as not there. */
	bool ignored = nosuid || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	bool suid = !ignored && (st->st_mode & S_ISUID);
	bool sgid = !ignored && (st->st_mode & (S_ISGID | S_IXGRP)) ==
					(S_ISGID | S_IXGRP);

	if (suid && st->st_uid != getuid())
		return "setuid";
	if (sgid && st->st_gid != getgid())
		return "setgid";
	if ((!suid && geteuid() != getuid()) ||
	    (!sgid && getegid() != getgid()))
		return "run with an effective id that is not the real one";
	return NULL;
}

/*
 * Whether the file's capabilities raise AT_SECURE.  They do not for a real
 * uid of 0, nor where none is left within the bounding set and the effective
 * bit is off.  They do under no_new_privs, which only takes away what they
 * would have given (seen on Linux 6.18).  Version 3 is only seen here when it
 * is another namespace's.
 */
static bool gains_capabilities(const char *path, bool nosuid)
{
	struct vfs_cap_data caps;
	uint64_t permitted;
	uint32_t magic;
	ssize_t n;
	int i;

	if (nosuid || getuid() == 0)
		return false;
	n = getxattr(path, "security.capability", &caps, sizeof(caps));
	if (n < (ssize_t)XATTR_CAPS_SZ_1)
		return false;
	magic = caps.magic_etc;
	if ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3)
		return false;
	if (magic & VFS_CAP_FLAGS_EFFECTIVE)
		return true;
	permitted = caps.data[0].permitted;
	if (n >= (ssize_t)XATTR_CAPS_SZ_2)
		permitted |= (uint64_t)caps.data[1].permitted << 32;
	for (i = 0; i < 64; i++)
		if (permitted >> i & 1 && prctl(PR_CAPBSET_READ, i) == 1)
			return true;
	return false;
}

static bool check_privileges(struct preflight *pf)
{
	bool nosuid = on_nosuid(pf->program);
	const char *why;
	struct stat st;

	if (stat(pf->program, &st))
		return true;
	why = set_id(&st, nosuid);
	if (!why && gains_capabilities(pf->program, nosuid))
		why = "has file capabilities";
	if (!why)
		return true;
	finish(pf, PREFLIGHT_REFUSED,
	       "%s: %s, the loader would drop libzagshim.so; run it as the "
	       "user it becomes, or use --fallback", pf->program, why);
	return false;
}

/* ---- what the file is ----------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The loader itself may be the command: `ld-linux-x86-64.so.2 ./program`. */
static bool is_loader(const struct image *im)
{
	const char *soname = image_string(im, DT_SONAME, 0);

	return soname && !strncmp(soname, "ld-linux", 8);
}

static void find_sanitizer(const struct image *im, struct preflight *pf)
{
	static const char *const names[] = {
		"libasan.so", "libtsan.so", "liblsan.so", "libhwasan.so",
		"libclang_rt.",
	};
	const char *needed;
	unsigned int i;
	size_t k;

	for (i = 0; (needed = image_string(im, DT_NEEDED, i)); i++)
		for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (!strncmp(needed, names[k], strlen(names[k])) &&
			    strlen(needed) < sizeof(pf->sanitizer))
				strcpy(pf->sanitizer, needed);
}

static void check_loader(struct preflight *pf, const char *loader)
{
	const char *name = base_name(loader);

	if (strncmp(name, "ld-linux", 8) && strncmp(name, "ld-lsb", 6))
		finish(pf, PREFLIGHT_REFUSED,
		       "%s: uses %s; zagshim supports glibc only",
		       pf->program, loader);
	else if (access(loader, F_OK))
		finish(pf, PREFLIGHT_NOT_EXEC,
		       "%s: its loader %s is missing", pf->program, loader);
}

static void check_image(struct preflight *pf, const struct image *im)
{
	const char *loader;
	char foreign[64];

	if (image_foreign(im, foreign, sizeof(foreign))) {
		finish(pf, PREFLIGHT_REFUSED, "%s: %s; libzagshim.so is %s",
		       pf->program, foreign, image_own_machine());
		return;
	}
	if (!im->ehdr) {
		finish(pf, PREFLIGHT_NOT_EXEC, "%s: a damaged ELF file",
		       pf->program);
		return;
	}
	loader = image_interp(im);
	if (!loader && is_loader(im))
		return;
	if (!loader) {
		finish(pf, PREFLIGHT_REFUSED,
		       "%s: statically linked, LD_PRELOAD has no effect; "
		       "relink dynamically or use --fallback", pf->program);
		return;
	}
	check_loader(pf, loader);
	if (pf->verdict == PREFLIGHT_OK &&
	    zag_has_section(pf->program, ZAG_SECTION_GO))
		finish(pf, PREFLIGHT_REFUSED,
		       "%s: a Go program, its runtime makes threads by system "
		       "calls of its own; use --fallback", pf->program);
	find_sanitizer(im, pf);
}

/* ---- from the command to the file ----------------------------------- */

static void not_runnable(struct preflight *pf, const char *what, int err)
{
	if (err == -ENOENT)
		finish(pf, PREFLIGHT_NOT_FOUND, "%s: not found", what);
	else if (err == -EISDIR)
		finish(pf, PREFLIGHT_NOT_EXEC, "%s: is a directory", what);
	else if (err == -EACCES)
		finish(pf, PREFLIGHT_NOT_EXEC, "%s: not executable", what);
	else
		finish(pf, PREFLIGHT_NOT_EXEC, "%s: %s", what, strerror(-err));
}

/* Follows one #! line: 1 if there was one and its interpreter can run. */
static int follow_script(struct preflight *pf)
{
	struct script script;
	char from[PATH_MAX];
	const char *next;
	int r;

	r = command_script(pf->program, &script);
	if (r <= 0)
		return r;
	strcpy(from, pf->program);
	if (script.clears_env) {
		finish(pf, PREFLIGHT_REFUSED,
		       "%s: its #! line drops LD_PRELOAD from the environment",
		       from);
		return -EINVAL;
	}
	next = *script.command ? script.command : script.interp;
	r = command_find(next, pf->program);
	if (!r)
		return 1;
	if (r == -ENOENT)
		finish(pf, PREFLIGHT_NOT_EXEC,
		       "%s: its interpreter %s is missing", from, next);
	else
		finish(pf, PREFLIGHT_NOT_EXEC,
		       "%s: its interpreter %s cannot be run: %s", from, next,
		       strerror(-r));
	return -EINVAL;
}

/*
 * A file that is neither ELF nor #! is given to sh by execvp(3), or to
 * whatever binfmt_misc knows: not ours to refuse.
 */
void preflight(const char *command, struct preflight *pf)
{
	struct image im;
	int level, r;

	memset(pf, 0, sizeof(*pf));
	r = command_find(command, pf->path);
	if (r) {
		not_runnable(pf, command, r);
		return;
	}
	strcpy(pf->program, pf->path);
	for (level = 0; level <= COMMAND_LEVELS; level++) {
		r = follow_script(pf);
		if (r != 1)
			break;
	}
	if (pf->verdict != PREFLIGHT_OK || !check_privileges(pf))
		return;
	/* May be executed but not read: nothing can be said against it. */
	if (r || image_open(&im, pf->program))
		return;
	if (image_is_elf(&im))
		check_image(pf, &im);
	image_close(&im);
}
