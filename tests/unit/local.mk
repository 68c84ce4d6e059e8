# SPDX-License-Identifier: BSD-2-Clause
# Check programs for the floors.  Append each to unit_programs; for a program
# NAME also set
#	tests_unit_NAME_SOURCES = tests/unit/NAME.c
#	tests_unit_NAME_CPPFLAGS = $(UNIT_CPPFLAGS)
#	tests_unit_NAME_LDADD = $(UNIT_LIBS)
UNIT_CPPFLAGS = $(ZAG_CPPFLAGS) -I$(top_srcdir)/tests/unit $(CHECK_CFLAGS)
UNIT_LIBS = libzagcore.la $(CHECK_LIBS) -ldl
unit_programs = \
	tests/unit/test_arch \
	tests/unit/test_deadline \
	tests/unit/test_fdwait \
	tests/unit/test_json \
	tests/unit/test_lock \
	tests/unit/test_log \
	tests/unit/test_look \
	tests/unit/test_lot \
	tests/unit/test_nearest \
	tests/unit/test_offload \
	tests/unit/test_opt \
	tests/unit/test_ownfd \
	tests/unit/test_page \
	tests/unit/test_peer \
	tests/unit/test_runq \
	tests/unit/test_sched \
	tests/unit/test_shared \
	tests/unit/test_stack \
	tests/unit/test_symtab \
	tests/unit/test_tcb \
	tests/unit/test_thread \
	tests/unit/test_why
if HAVE_CHECK
check_PROGRAMS += $(unit_programs)
check_LTLIBRARIES += tests/unit/libtls-module.la
TESTS += $(unit_programs)
endif
EXTRA_DIST += tests/unit/arch-aarch64.h tests/unit/arch-x86_64.h \
	tests/unit/runtime.h tests/unit/unit.h

tests_unit_test_arch_SOURCES = tests/unit/test_arch.c
tests_unit_test_arch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_arch_LDADD = $(UNIT_LIBS)

tests_unit_test_deadline_SOURCES = tests/unit/test_deadline.c
tests_unit_test_deadline_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_deadline_LDADD = $(UNIT_LIBS)

tests_unit_test_fdwait_SOURCES = tests/unit/test_fdwait.c
tests_unit_test_fdwait_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fdwait_LDADD = $(UNIT_LIBS)

tests_unit_test_json_SOURCES = tests/unit/test_json.c
tests_unit_test_json_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_json_LDADD = $(UNIT_LIBS)

tests_unit_test_lock_SOURCES = tests/unit/test_lock.c
tests_unit_test_lock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_lock_LDADD = $(UNIT_LIBS)

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_log_LDADD = $(UNIT_LIBS)

tests_unit_test_look_SOURCES = tests/unit/test_look.c
tests_unit_test_look_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_look_LDADD = $(UNIT_LIBS)

tests_unit_test_lot_SOURCES = tests/unit/test_lot.c
tests_unit_test_lot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_lot_LDADD = $(UNIT_LIBS)

tests_unit_test_nearest_SOURCES = tests/unit/test_nearest.c
tests_unit_test_nearest_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nearest_LDADD = $(UNIT_LIBS)

tests_unit_test_offload_SOURCES = tests/unit/test_offload.c
tests_unit_test_offload_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_offload_LDADD = $(UNIT_LIBS)

tests_unit_test_opt_SOURCES = tests/unit/test_opt.c
tests_unit_test_opt_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_opt_LDADD = $(UNIT_LIBS)

tests_unit_test_ownfd_SOURCES = tests/unit/test_ownfd.c
tests_unit_test_ownfd_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ownfd_LDADD = $(UNIT_LIBS)

tests_unit_test_page_SOURCES = tests/unit/test_page.c
tests_unit_test_page_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_page_LDADD = $(UNIT_LIBS)

tests_unit_test_peer_SOURCES = tests/unit/test_peer.c
tests_unit_test_peer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_peer_LDADD = $(UNIT_LIBS)

tests_unit_test_runq_SOURCES = tests/unit/test_runq.c
tests_unit_test_runq_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_runq_LDADD = $(UNIT_LIBS)

tests_unit_test_sched_SOURCES = tests/unit/test_sched.c
tests_unit_test_sched_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sched_LDADD = $(UNIT_LIBS)

tests_unit_test_shared_SOURCES = tests/unit/test_shared.c
tests_unit_test_shared_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_shared_LDADD = $(UNIT_LIBS)
tests_unit_test_stack_SOURCES = tests/unit/test_stack.c
tests_unit_test_stack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_stack_LDADD = $(UNIT_LIBS)

tests_unit_test_symtab_SOURCES = tests/unit/test_symtab.c
tests_unit_test_symtab_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_symtab_LDADD = $(UNIT_LIBS)

tests_unit_test_tcb_SOURCES = tests/unit/test_tcb.c
tests_unit_test_tcb_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_tcb_LDADD = tests/unit/libtls-module.la $(UNIT_LIBS)

tests_unit_test_thread_SOURCES = tests/unit/test_thread.c
tests_unit_test_thread_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_thread_LDADD = $(UNIT_LIBS)

tests_unit_test_why_SOURCES = tests/unit/test_why.c
tests_unit_test_why_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_why_LDADD = $(UNIT_LIBS)

# A module of its own: TLS of what libzagcore is linked into is never restored.
tests_unit_libtls_module_la_SOURCES = \
	tests/unit/tls-module.c tests/unit/tls-module.h
tests_unit_libtls_module_la_LDFLAGS = -shared -avoid-version \
	-rpath $(pkglibdir)
