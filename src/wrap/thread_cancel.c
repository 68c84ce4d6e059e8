/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_cancel.
 *
 * pthread_setcancelstate, pthread_setcanceltype and pthread_testcancel stay
 * libc's: they look at and change the word in the TCB, where we look, too.
 */
#include "config.h"

#include "wrap/real.h"

#include "ctl/cancel.h"
#include "ctl/signal.h"

/* Libc's own would take signal 32 for itself. */
ZAG_EXPORT int pthread_cancel(pthread_t t)
{
	if (!zag_signal_running()) /* main, itself: there is nobody else */
		return ZAG_REAL(pthread_cancel)(t);
	return zag_cancel_thread(t);
}
