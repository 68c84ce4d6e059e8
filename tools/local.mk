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
	src/base/log.c src/base/nearest.c src/base/opt.c src/base/optenv.c \
	src/base/section.c
zagrun_CPPFLAGS = $(ZAG_CPPFLAGS) -I$(top_srcdir)/tools/zagrun \
	-DPKGLIBDIR='"$(pkglibdir)"' -DZAG_PRELOAD='"$(ZAG_PRELOAD)"'

if HAVE_ZAGCTL
bin_PROGRAMS += zagctl
endif
zagctl_SOURCES = \
	tools/zagctl/bt.c \
	tools/zagctl/cancel.c \
	tools/zagctl/core.c tools/zagctl/core.h \
	tools/zagctl/hotspots.c \
	tools/zagctl/locks.c \
	tools/zagctl/ls.c \
	tools/zagctl/metrics.c \
	tools/zagctl/ps.c \
	tools/zagctl/stat.c \
	tools/zagctl/symbols.c tools/zagctl/symbols.h \
	tools/zagctl/table.c tools/zagctl/table.h \
	tools/zagctl/target.c tools/zagctl/target.h \
	tools/zagctl/top.c \
	tools/zagctl/trace.c \
	tools/zagctl/values.c \
	tools/zagctl/warn.c tools/zagctl/warn.h \
	tools/zagctl/zagctl.c tools/zagctl/zagctl.h \
	src/base/log.c src/base/nearest.c src/base/opt.c \
	src/base/optenv.c
zagctl_CPPFLAGS = $(ZAG_CPPFLAGS) -I$(top_srcdir)/tools/zagctl \
	$(ZAGCTL_CFLAGS)
zagctl_LDADD = $(ZAGCTL_LIBS)

# gdb loads it when libzagshim.so is mapped.
gdbautodir = $(datadir)/gdb/auto-load$(pkglibdir)
dist_gdbauto_DATA = tools/gdb/libzagshim.so-gdb.py

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = tools/completion/zagctl tools/completion/zagrun
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = tools/completion/_zagctl tools/completion/_zagrun
