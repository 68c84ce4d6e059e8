# SPDX-License-Identifier: BSD-2-Clause
# zag.h: libzag, which programs link, and what it finds in the preload object.
include_HEADERS = include/zag.h
lib_LTLIBRARIES = libzag.la
libzag_la_SOURCES = \
	include/zag.h \
	src/api/adopt.c \
	src/api/chan.c src/api/chan.h \
	src/api/hooks.h \
	src/api/select.c \
	src/api/scope.c src/api/scope.h \
	src/api/thread.c src/api/thread.h
libzag_la_CPPFLAGS = $(ZAG_CPPFLAGS)
# pthread_cancel unwinds what waits: its cleanup must be known to the unwinder.
libzag_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -fexceptions
libzag_la_LDFLAGS = -version-info 0:0:0 -no-undefined
libzagshim_la_SOURCES += src/api/hooks.c src/api/hooks.h

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = zag.pc
CLEANFILES += zag.pc
EXTRA_DIST += src/api/zag.pc.in
zag.pc: $(top_srcdir)/src/api/zag.pc.in Makefile
	$(AM_V_GEN)sed -e 's|@prefix@|$(prefix)|' \
		-e 's|@libdir@|$(libdir)|' \
		-e 's|@includedir@|$(includedir)|' \
		-e 's|@VERSION@|$(PACKAGE_VERSION)|' \
		$(top_srcdir)/src/api/zag.pc.in >$@.tmp && mv $@.tmp $@
