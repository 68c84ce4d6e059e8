/* SPDX-License-Identifier: BSD-2-Clause */
/* A module with TLS of its own: big, so that it does not fit two pages. */
#include "tls-module.h"

__thread int tls_module_number = 42;
__thread int tls_module_zero;
__thread char tls_module_big[TLS_MODULE_BIG] = {
	'a',
	[TLS_MODULE_BIG - 1] = 'z',
};
