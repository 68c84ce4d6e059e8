# SPDX-License-Identifier: BSD-2-Clause
# Floor 8 and src/init.c.  Append to libzagshim_la_SOURCES.

# Locks and the like.  pthread_once must see an exception go by.
libzagshim_la_CFLAGS += -fexceptions
libzagshim_la_SOURCES += \
	src/wrap/sync_barrier.c \
	src/wrap/sync_common.h \
	src/wrap/sync_cond.c \
	src/wrap/sync_mutex.c src/wrap/sync_mutex.h \
	src/wrap/sync_once.c \
	src/wrap/sync_rwlock.c \
	src/wrap/sync_sem.c \
	src/wrap/sync_spin.c \
	src/wrap/sync_wait.c
