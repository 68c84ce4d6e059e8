# SPDX-License-Identifier: BSD-2-Clause
# Programs that use zag.h: with fibers, and without.
api_programs = \
	tests/api/adopt \
	tests/api/basics \
	tests/api/cancel-locks \
	tests/api/cancel-waits \
	tests/api/chan \
	tests/api/chan-cancel \
	tests/api/cxx \
	tests/api/trees
check_PROGRAMS += $(api_programs)
tests_api_adopt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_adopt_LDADD = libzag.la
tests_api_basics_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_basics_LDADD = libzag.la
tests_api_cancel_locks_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_cancel_locks_LDADD = libzag.la
tests_api_cancel_waits_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_cancel_waits_LDADD = libzag.la
tests_api_chan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_chan_LDADD = libzag.la
tests_api_chan_cancel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_chan_cancel_LDADD = libzag.la
tests_api_cxx_SOURCES = tests/api/cxx.cc
tests_api_cxx_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_cxx_LDADD = libzag.la
tests_api_trees_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_api_trees_LDADD = libzag.la
TESTS += tests/api/api.test tests/api/fanout.test
EXTRA_DIST += tests/api/injected.h tests/api/api.test tests/api/fanout.test
