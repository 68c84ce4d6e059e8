# SPDX-License-Identifier: BSD-2-Clause
# What is built and installed: exported symbols, headers, floors, pages.
artefact_tests = \
	tests/artefact/pages.test \
	tests/artefact/source.test \
	tests/artefact/symbols.test
TESTS += $(artefact_tests)
EXTRA_DIST += $(artefact_tests)

# After `make install`: the library is where zagrun says, alone.
installcheck-local:
	LD_PRELOAD= $(DESTDIR)$(bindir)/zagrun --print-lib
	test -f $(DESTDIR)$(pkglibdir)/libzagshim.so
	test ! -e $(DESTDIR)$(pkglibdir)/libzagshim.la
	test "`$(DESTDIR)$(bindir)/zagrun --print-lib`" = '$(ZAG_PRELOAD)'
	$(DESTDIR)$(bindir)/zagrun true
