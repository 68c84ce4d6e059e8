# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks and `make bench`.  Append programs to EXTRA_PROGRAMS or
# check_PROGRAMS.
