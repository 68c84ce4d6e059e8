# SPDX-License-Identifier: BSD-2-Clause
# The configure checks that only zagshim needs.

# ZAG_CHECK_LIBEV
# ---------------
# Debian's libev-dev has no .pc file.  ZAG_LIBEV_SONAME is what is opened.
AC_DEFUN([ZAG_CHECK_LIBEV],
[AC_CHECK_HEADER([ev.h], [],
	[AC_MSG_ERROR([ev.h is missing: install libev-dev])])
AC_CHECK_LIB([ev], [ev_loop_new], [:],
	[AC_MSG_ERROR([libev is missing: install libev-dev])])
AC_DEFINE([ZAG_LIBEV_SONAME], ["libev.so.4"], [what dlopen is asked for])
])

# ZAG_PRELOAD_PATH
# ----------------
# Sets ZAG_PRELOAD to the path for LD_PRELOAD of an installed library, for
# the Makefile: $(pkglibdir)/libzagshim.so, or with the loader's $LIB token.
AC_DEFUN([ZAG_PRELOAD_PATH],
[AC_MSG_CHECKING([what LD_PRELOAD is set to])
zag_prefix=$prefix
test "x$zag_prefix" = xNONE && zag_prefix=$ac_default_prefix
zag_libdir=`eval "prefix=$zag_prefix exec_prefix=$exec_prefix
	test x\\$exec_prefix = xNONE && exec_prefix=\\$prefix
	eval echo $libdir"`
zag_multiarch=`$CC -print-multiarch 2>/dev/null`
test -n "$zag_multiarch" || zag_multiarch=$host_cpu-linux-gnu
AS_CASE([$zag_libdir],
	[/usr/lib/$zag_multiarch|/usr/lib64],
		[ZAG_PRELOAD='/usr/$$LIB/zagshim/libzagshim.so'],
	[ZAG_PRELOAD='$(pkglibdir)/libzagshim.so'])
AC_MSG_RESULT([$ZAG_PRELOAD])
AC_SUBST([ZAG_PRELOAD])
])
