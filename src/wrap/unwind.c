/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libgcc's part in unwinding our frames that have something to put in order.
 *
 * libgcc_s.so.1 is not linked, nor loaded before something unwinds: its start
 * alone would take a program that is started with this library preloaded a sixth
 * of its own.  glibc does the same; who unwinds has loaded it, so it is found.
 */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unwind.h>

#include "base/atomic.h"
#include "base/log.h"
#include "wrap/real.h"

_Unwind_Reason_Code __gcc_personality_v0(int version, _Unwind_Action actions,
					 _Unwind_Exception_Class class,
					 struct _Unwind_Exception *e,
					 struct _Unwind_Context *c);

static __typeof__(__gcc_personality_v0) *_Atomic personality;
static __typeof__(_Unwind_Resume) *_Atomic resume;

ZAG_COLD static void load(void)
{
	void *lib = ZAG_REAL(dlopen)("libgcc_s.so.1", RTLD_NOW);

	if (lib) {
		zag_store_rel(&personality,
			      (__typeof__(__gcc_personality_v0) *)dlsym(
				      lib, "__gcc_personality_v0"));
		zag_store_rel(&resume, (__typeof__(_Unwind_Resume) *)dlsym(
					       lib, "_Unwind_Resume"));
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
		load();
	return zag_load_acq(&personality)(version, actions, class, e, c);
}

void _Unwind_Resume(struct _Unwind_Exception *e)
{
	if (zag_unlikely(!zag_load_acq(&resume)))
		load();
	zag_load_acq(&resume)(e);
	abort();
}
