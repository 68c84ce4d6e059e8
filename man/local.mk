# SPDX-License-Identifier: BSD-2-Clause
# The manual pages.
