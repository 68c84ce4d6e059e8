# SPDX-License-Identifier: BSD-2-Clause
# Other preloaded objects beside ours.  Append NAME.test (TAP) to
# preload_tests; programs they need to check_PROGRAMS.
preload_tests = \
	tests/preload/allocators.test \
	tests/preload/ceiling.test \
	tests/preload/clock-set.test \
	tests/preload/early.test \
	tests/preload/links-libev.test \
	tests/preload/own-ev-run.test \
	tests/preload/park-many.test \
	tests/preload/reads.test \
	tests/preload/redirect.test \
	tests/preload/rust.test \
	tests/preload/stack-overflow.test \
	tests/preload/unloads.test \
	tests/preload/valgrind.test
TESTS += $(preload_tests)
EXTRA_DIST += $(preload_tests)

check_PROGRAMS += \
	tests/preload/allocates \
	tests/preload/asks-early \
	tests/preload/ceiling \
	tests/preload/clock-set \
	tests/preload/links-libev \
	tests/preload/no-exec-writes \
	tests/preload/own-ev-run \
	tests/preload/park-many \
	tests/preload/reads \
	tests/preload/unloads
tests_preload_links_libev_LDADD = -lev
tests_preload_own_ev_run_LDFLAGS = -Wl,--export-dynamic

check_LTLIBRARIES += tests/preload/libearly.la
tests_preload_libearly_la_SOURCES = tests/preload/early.c
tests_preload_libearly_la_LDFLAGS = -module -shared -avoid-version \
	-rpath $(pkglibdir)

check_LTLIBRARIES += tests/preload/libclock.la
tests_preload_libclock_la_SOURCES = tests/preload/clock.c
tests_preload_libclock_la_LDFLAGS = -module -shared -avoid-version \
	-rpath $(pkglibdir)

check_LTLIBRARIES += tests/preload/libworks.la
tests_preload_libworks_la_SOURCES = tests/preload/works.c
tests_preload_libworks_la_LDFLAGS = -module -shared -avoid-version \
	-rpath $(pkglibdir)
