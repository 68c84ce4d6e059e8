# SPDX-License-Identifier: BSD-2-Clause
# The programs that users run.
bin_PROGRAMS += zagrun
zagrun_SOURCES = \
	tools/zagrun/args.c tools/zagrun/args.h \
	tools/zagrun/check.c tools/zagrun/check.h \
	tools/zagrun/closure.c tools/zagrun/closure.h \
	tools/zagrun/command.c tools/zagrun/command.h \
	tools/zagrun/image.c tools/zagrun/image.h \
	tools/zagrun/ldcache.c tools/zagrun/ldcache.h \
	tools/zagrun/preflight.c tools/zagrun/preflight.h \
	tools/zagrun/preload.c tools/zagrun/preload.h \
	tools/zagrun/zagrun.c \
	src/base/nearest.c src/base/opt.c src/base/section.c
zagrun_CPPFLAGS = $(ZAG_CPPFLAGS) -I$(top_srcdir)/tools/zagrun \
	-DPKGLIBDIR='"$(pkglibdir)"' -DZAG_PRELOAD='"$(ZAG_PRELOAD)"'
