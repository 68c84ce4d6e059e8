# SPDX-License-Identifier: BSD-2-Clause
# What can be seen of fibers from outside: zagctl.
obs_tests = \
	tests/obs/bt.test \
	tests/obs/cancel.test \
	tests/obs/deadlock.test \
	tests/obs/gdb.test \
	tests/obs/json.test \
	tests/obs/ps.test \
	tests/obs/report.test \
	tests/obs/server.test \
	tests/obs/trace.test
TESTS += $(obs_tests)
EXTRA_DIST += $(obs_tests) tests/obs/obs.sh \
	tests/obs/trace-schema.json
obs_programs = \
	tests/obs/busy \
	tests/obs/cancelled \
	tests/obs/cycle \
	tests/obs/forks \
	tests/obs/spin \
	tests/obs/stuck \
	tests/obs/waits
check_PROGRAMS += $(obs_programs)
check_LTLIBRARIES += tests/obs/libwaits.la
tests_obs_libwaits_la_SOURCES = tests/obs/library.c
tests_obs_libwaits_la_LDFLAGS = -module -shared -avoid-version \
	-rpath $(pkglibdir)
tests_obs_stuck_SOURCES = tests/obs/stuck.c tests/obs/stuck.h \
	tests/obs/woken.c
