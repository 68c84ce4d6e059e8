# SPDX-License-Identifier: BSD-2-Clause
# What is built and installed: exported symbols, headers, floors, pages.
