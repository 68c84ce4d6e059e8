/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libgcc's part in unwinding our frames that have something to put in order.
 *
 * libgcc_s.so.1 is not linked, nor loaded before something unwinds: its start
 * would be a sixth of that of each program for which this library is preloaded.
 * Who unwinds has loaded it, but for a program that is linked with an unwinder
 * of its own.
 */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unwind.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/symtab.h"
#include "wrap/real.h"

_Unwind_Reason_Code __gcc_personality_v0(int version, _Unwind_Action actions,
					 _Unwind_Exception_Class class,
					 struct _Unwind_Exception *e,
					 struct _Unwind_Context *c);

static __typeof__(__gcc_personality_v0) *_Atomic personality;
static __typeof__(_Unwind_Resume) *_Atomic resume;

/* In the unwinder itself, which calls: by dlsym a fiber would wait for another
 * that unloads a library and waits for this one's end. */
static bool find_in(void *unwinder)
{
	struct dl_find_object found;
	struct zag_symtab t;
	void *p, *r;

	if (!zag_object_at(unwinder, &found) ||
	    !zag_symtab_of(found.dlfo_link_map, &t))
		return false;
	p = zag_symtab_function(&t, "__gcc_personality_v0");
	r = zag_symtab_function(&t, "_Unwind_Resume");
	if (!p || !r)
		return false;
	zag_store_rel(&resume, (__typeof__(_Unwind_Resume) *)r);
	zag_store_rel(&personality, (__typeof__(__gcc_personality_v0) *)p);
	return true;
}

/* One that is a part of the program has none for us. */
ZAG_COLD static void load(void *unwinder)
{
	void *lib;

	if (find_in(unwinder))
		return;
	lib = ZAG_REAL(dlopen)("libgcc_s.so.1", RTLD_NOW);
	if (lib) {
		zag_store_rel(&resume, (__typeof__(_Unwind_Resume) *)dlsym(
					       lib, "_Unwind_Resume"));
		zag_store_rel(&personality,
			      (__typeof__(__gcc_personality_v0) *)dlsym(
				      lib, "__gcc_personality_v0"));
	}
	if (zag_load_acq(&personality) && zag_load_acq(&resume))
		return;
	zag_log(ZAG_LOG_ERROR,
		"libgcc_s.so.1 must be installed for unwinding to work");
	abort();
}

_Unwind_Reason_Code __gcc_personality_v0(int version, _Unwind_Action actions,
					 _Unwind_Exception_Class class,
					 struct _Unwind_Exception *e,
					 struct _Unwind_Context *c)
{
	if (zag_unlikely(!zag_load_acq(&personality)))
		load(__builtin_return_address(0));
	return zag_load_acq(&personality)(version, actions, class, e, c);
}

void _Unwind_Resume(struct _Unwind_Exception *e)
{
	if (zag_unlikely(!zag_load_acq(&resume)))
		load(NULL); /* never: the other comes before */
	zag_load_acq(&resume)(e);
	abort();
}
