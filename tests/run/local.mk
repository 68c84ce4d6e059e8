# SPDX-License-Identifier: BSD-2-Clause
# One test per program of prog_programs: the same binary natively and under
# zagrun with 1, 2 and 4 processors.
check_PROGRAMS += $(prog_programs) tests/run/limit
TESTS += $(prog_programs:=.run)
EXTRA_DIST += tests/run/oracle

# The test file of a program: what to give to the shell.
tests/prog/%.run: $(top_srcdir)/tests/run/oracle
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		echo 'exec $(SHELL) "$$SRCDIR"/tests/run/oracle $(@:.run=)' >$@
# make would take them for leftovers, and delete them.
.SECONDARY: $(prog_programs:=.run)
CLEANFILES += $(prog_programs:=.run)
