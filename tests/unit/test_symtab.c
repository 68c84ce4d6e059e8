/* SPDX-License-Identifier: BSD-2-Clause */
/* Symbols found in an object's own table are those that the loader finds. */
#include "config.h"

#include "base/symtab.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "unit.h"

static struct link_map *map_of(void *handle)
{
	struct link_map *map = NULL;

	ck_assert_int_eq(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
	return map;
}

/* Functions of libc, all of them: how many symbols there are nobody says, but
 * the names follow them. */
START_TEST(libc_is_as_the_loader_sees_it)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	struct zag_symtab t;
	int functions = 0;

	ck_assert_ptr_nonnull(libc);
	ck_assert(zag_symtab_of(map_of(libc), &t));
	for (const ElfW(Sym) *s = t.symbols; (const char *)s < t.strings; s++) {
		const char *name = t.strings + s->st_name;
		void *found = zag_symtab_function(&t, name);

		if (!found)
			continue;
		ck_assert_msg(found == dlsym(libc, name), "%s", name);
		functions++;
	}
	ck_assert_int_gt(functions, 1500);
	dlclose(libc);
}
END_TEST

START_TEST(the_newest_version_is_found)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	struct zag_symtab t;

	ck_assert(zag_symtab_of(map_of(libc), &t));
	ck_assert_ptr_eq(zag_symtab_function(&t, "pthread_cond_wait"),
			 (void *)pthread_cond_wait);
	ck_assert_ptr_null(zag_symtab_function(&t, "pthread_cond_wai"));
	ck_assert_ptr_null(zag_symtab_function(&t, ""));
	dlclose(libc);
}
END_TEST

/* The program's, whose address may be 0, and the kernel's, where it has such a
 * table. */
START_TEST(every_object_can_be_read)
{
	struct zag_symtab t;
	int n = 0;

	for (struct link_map *m = _r_debug.r_map; m; m = m->l_next, n++) {
		bool vdso = strstr(m->l_name, "vdso");
		void *clock;

		if (!zag_symtab_of(m, &t)) {
			ck_assert_msg(vdso, "%s", m->l_name);
			continue;
		}
		ck_assert_ptr_null(zag_symtab_function(&t, "no such function"));
		if (!vdso)
			continue;
		clock = zag_symtab_function(&t, "__vdso_clock_gettime");
		if (!clock)
			clock = zag_symtab_function(&t,
						    "__kernel_clock_gettime");
		ck_assert_ptr_nonnull(clock);
	}
	ck_assert_int_gt(n, 3);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("symtab");

	tcase_add_test(c, libc_is_as_the_loader_sees_it);
	tcase_add_test(c, the_newest_version_is_found);
	tcase_add_test(c, every_object_can_be_read);
	return unit_run("symtab", c);
}
