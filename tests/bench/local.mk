# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks and `make bench`.  Append programs to EXTRA_PROGRAMS or
# check_PROGRAMS.
bench_programs = \
	tests/bench/chan \
	tests/bench/commands \
	tests/bench/cond \
	tests/bench/create \
	tests/bench/echo \
	tests/bench/epoll-httpd \
	tests/bench/file \
	tests/bench/load \
	tests/bench/mutex \
	tests/bench/sleepers \
	tests/bench/stamp \
	tests/bench/yield
check_PROGRAMS += $(bench_programs)
tests_bench_chan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/include
tests_bench_chan_LDADD = libzag.la
TESTS += tests/bench/smoke.test
EXTRA_DIST += \
	tests/bench/bench.h \
	tests/bench/bench.py \
	tests/bench/cost.py \
	tests/bench/demo.py \
	tests/bench/fanout.py \
	tests/bench/measure.py \
	tests/bench/smoke.py \
	tests/bench/smoke.test

PYTHON3 = python3

# BENCH_FLAGS: -q for a quick look, or the names of parts; see bench.py.
bench: all $(check_PROGRAMS)
	BUILDDIR='$(abs_top_builddir)' ZAGRUN='$(abs_top_builddir)/zagrun' \
		$(PYTHON3) -B $(top_srcdir)/tests/bench/bench.py $(BENCH_FLAGS)
.PHONY: bench

# What it costs that fibers can be looked at while nobody looks: this build
# against one that tells an observer nothing.  COST_FLAGS: see cost.py.
bench-cost: all $(check_PROGRAMS)
	$(MKDIR_P) unobserved
	cd unobserved && { test -f Makefile || \
		$(abs_top_srcdir)/configure -q CC='$(CC)' CFLAGS='$(CFLAGS)' \
		CPPFLAGS='$(CPPFLAGS) -DZAG_UNOBSERVED'; } && \
		$(MAKE) libzagshim.la
	BUILDDIR='$(abs_top_builddir)' \
		$(PYTHON3) -B $(top_srcdir)/tests/bench/cost.py $(COST_FLAGS) \
		unobserved/.libs/libzagshim.so .libs/libzagshim.so
.PHONY: bench-cost
