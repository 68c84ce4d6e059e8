# SPDX-License-Identifier: BSD-2-Clause
# Debian's servers under real clients.  Append NAME.test (TAP) to TESTS and
# EXTRA_DIST.
