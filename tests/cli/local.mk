# SPDX-License-Identifier: BSD-2-Clause
# zagrun's command line and the option table, from outside.
