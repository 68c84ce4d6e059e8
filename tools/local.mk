# SPDX-License-Identifier: BSD-2-Clause
# The programs that users run.
