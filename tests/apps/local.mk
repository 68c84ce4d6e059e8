# SPDX-License-Identifier: BSD-2-Clause
# Debian's servers under real clients.  Append NAME.test (TAP) to TESTS and
# EXTRA_DIST.
apps_tests = \
	tests/apps/httpd.test \
	tests/apps/python-httpd.test \
	tests/apps/stunnel4.test \
	tests/apps/tinyproxy.test
TESTS += $(apps_tests)
EXTRA_DIST += $(apps_tests) \
	tests/apps/lib.sh \
	tests/apps/net.py \
	tests/apps/threading-httpd.py

# Many more programs from Debian, by drivers that are kept outside the tree.
# CHECK_APPS: options and cases for run-all.sh.
COMPAT = $(top_srcdir)/../shared/compat
check-apps: all
	@if test -f '$(COMPAT)/run-all.sh'; then \
		WRAP='$(abs_top_builddir)/zagrun' \
			bash '$(COMPAT)/run-all.sh' $(CHECK_APPS); \
	else \
		echo "check-apps: no run-all.sh in $(COMPAT);" \
			"give the place with COMPAT=DIR" >&2; exit 1; \
	fi
.PHONY: check-apps
