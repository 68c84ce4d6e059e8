# SPDX-License-Identifier: BSD-2-Clause
# Check programs for the floors.  Append each to unit_programs; for a program
# NAME also set
#	tests_unit_NAME_SOURCES = tests/unit/NAME.c
#	tests_unit_NAME_CPPFLAGS = $(UNIT_CPPFLAGS)
#	tests_unit_NAME_LDADD = $(UNIT_LIBS)
UNIT_CPPFLAGS = $(ZAG_CPPFLAGS) $(CHECK_CFLAGS)
UNIT_LIBS = libzagcore.la $(CHECK_LIBS) -ldl
unit_programs =
if HAVE_CHECK
check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)
endif
