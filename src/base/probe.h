/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static probes for systemtap, bpftrace and perf, provider "zag": a nop each,
 * and none where systemtap-sdt-dev was not there.
 *
 *	switch(id)		the fiber begins to run
 *	park(id, what)		it waits; a struct zag_why, whose first member is
 *				a string, or NULL
 *	wake(id)		its wait has ended
 *	create(id, start)	it was made
 *	exit(id)		it has ended
 *	handoff(processor)	a stuck fiber has lost its processor
 */
#ifndef ZAG_BASE_PROBE_H
#define ZAG_BASE_PROBE_H

#if defined(HAVE_SYS_SDT_H) && !defined(ZAG_UNOBSERVED)
#include <sys/sdt.h>
#define ZAG_PROBE1(name, a) DTRACE_PROBE1(zag, name, a)
#define ZAG_PROBE2(name, a, b) DTRACE_PROBE2(zag, name, a, b)
#else
#define ZAG_PROBE1(name, a) do { } while (0)
#define ZAG_PROBE2(name, a, b) do { } while (0)
#endif

#endif
