# SPDX-License-Identifier: BSD-2-Clause
# The manual pages.  zagshim(7)'s table is that of src/base/calls.def.
dist_man_MANS += man/zagrun.1 man/zag.3
if HAVE_ZAGCTL
dist_man_MANS += man/zagctl.1
else
EXTRA_DIST += man/zagctl.1
endif
nodist_man_MANS += man/zagshim.7
EXTRA_DIST += man/zagshim.7.in
CLEANFILES += man/zagshim.7 man/zagshim.7.tmp

man/zagshim.7: $(top_srcdir)/man/zagshim.7.in \
		$(top_srcdir)/src/base/calls.def \
		$(top_srcdir)/build-aux/calls-mdoc.awk
	$(AM_V_GEN)$(MKDIR_P) man && \
		$(AWK) -v calls=$(top_srcdir)/src/base/calls.def \
		-f $(top_srcdir)/build-aux/calls-mdoc.awk \
		$(top_srcdir)/man/zagshim.7.in >$@.tmp && mv $@.tmp $@
