# SPDX-License-Identifier: BSD-2-Clause
# Ordinary programs to show zagshim with, and `make demo`.  Append program
# names to noinst_PROGRAMS (built by plain make) or check_PROGRAMS; AM_CFLAGS
# is only -std=gnu11 -pthread and warnings, and no include path is set.
