# SPDX-License-Identifier: BSD-2-Clause
# Floor 8 and src/init.c.  Append to libzagshim_la_SOURCES.
