# SPDX-License-Identifier: BSD-2-Clause
# Debian's servers under real clients.  Append NAME.test (TAP) to TESTS and
# EXTRA_DIST.
apps_tests = \
	tests/apps/cancel.test \
	tests/apps/grace.test \
	tests/apps/httpd.test \
	tests/apps/python-httpd.test \
	tests/apps/slow-loris.test \
	tests/apps/stunnel4.test \
	tests/apps/tinyproxy.test
TESTS += $(apps_tests)
check_PROGRAMS += tests/apps/children
EXTRA_DIST += $(apps_tests) \
	tests/apps/check-apps.sh \
	tests/apps/lib.sh \
	tests/apps/net.py \
	tests/apps/outside.py \
	tests/apps/threading-httpd.py

# Many more programs from Debian, by drivers that are kept outside the tree:
# make check-apps COMPAT=DIR.  CHECK_APPS: options and cases for DIR/run-all.sh;
# PROCESSORS and ROUNDS: with how many, and how often.
check-apps: all
	@if test -z '$(COMPAT)'; then \
		echo "check-apps: say where run-all.sh is:" \
			"make check-apps COMPAT=DIR" >&2; exit 1; \
	elif test ! -f '$(COMPAT)/run-all.sh'; then \
		echo "check-apps: $(COMPAT)/run-all.sh: not found" >&2; \
		exit 1; \
	fi
	bash '$(srcdir)/tests/apps/check-apps.sh' '$(abs_top_builddir)/zagrun' \
		'$(COMPAT)' $(CHECK_APPS)
.PHONY: check-apps
