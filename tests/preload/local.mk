# SPDX-License-Identifier: BSD-2-Clause
# Other preloaded objects beside ours.  Append NAME.test (TAP) to TESTS and
# EXTRA_DIST; programs they need to check_PROGRAMS.
