/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS of a module that is not ours, as a program's libraries have it. */
#ifndef ZAG_TESTS_TLS_MODULE_H
#define ZAG_TESTS_TLS_MODULE_H

#define TLS_MODULE_BIG 20000

extern __thread int tls_module_number; /* 42 at first */
extern __thread int tls_module_zero;
extern __thread char tls_module_big[TLS_MODULE_BIG]; /* a, zeroes, z */

#endif
