# SPDX-License-Identifier: BSD-2-Clause
# zagrun's command line and the option table, from outside.
cli_tests = \
	tests/cli/check.test \
	tests/cli/environment.test \
	tests/cli/grace.test \
	tests/cli/limits.test \
	tests/cli/options.test \
	tests/cli/preflight.test \
	tests/cli/preload.test \
	tests/cli/script.test \
	tests/cli/secure.test \
	tests/cli/status.test
TESTS += $(cli_tests)
EXTRA_DIST += $(cli_tests) tests/cli/tap.sh
check_PROGRAMS += tests/cli/ends tests/cli/grace tests/cli/limits
