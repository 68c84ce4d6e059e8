# SPDX-License-Identifier: BSD-2-Clause
# Debian's posixtestsuite, natively and under zagrun: make check-conformance.
# CONFORMANCE: patterns of tests to run, and options; see conformance.py.
EXTRA_DIST += \
	tests/conformance/conformance.py \
	tests/conformance/isolate.sh \
	tests/conformance/suite.py

check-conformance: all tests/run/limit
	CC='$(CC)' BUILDDIR='$(abs_top_builddir)' \
		ZAGRUN='$(abs_top_builddir)/zagrun' \
		$(PYTHON3) -B $(top_srcdir)/tests/conformance/conformance.py \
		$(CONFORMANCE)
.PHONY: check-conformance
