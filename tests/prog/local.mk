# SPDX-License-Identifier: BSD-2-Clause
# Ordinary pthread programs.  Append `tests/prog/NAME` to prog_programs: it is
# built from tests/prog/NAME.c (for C++ set tests_prog_NAME_SOURCES =
# tests/prog/NAME.cc), and run natively and under zagrun by tests/run.  An
# optional tests/prog/NAME.args (arguments, one line) goes to EXTRA_DIST.
