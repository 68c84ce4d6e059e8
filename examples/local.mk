# SPDX-License-Identifier: BSD-2-Clause
# Ordinary programs to show zagshim with, and `make demo`.  Append program
# names to noinst_PROGRAMS (built by plain make) or check_PROGRAMS; AM_CFLAGS
# is only -std=gnu11 -pthread and warnings, and no include path is set.
noinst_PROGRAMS += examples/fanout examples/httpd
examples_fanout_SOURCES = \
	examples/fanout.c examples/fanout.h \
	examples/fanout-args.c
examples_fanout_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -I$(top_srcdir)/include
examples_fanout_LDADD = libzag.la

# Needs wrk and python3.  DEMO_FLAGS: -c connections, -d seconds, -r pairs.
demo: all
	BUILDDIR='$(abs_top_builddir)' ZAGRUN='$(abs_top_builddir)/zagrun' \
		$(PYTHON3) -B $(top_srcdir)/tests/bench/demo.py $(DEMO_FLAGS)
.PHONY: demo
