# SPDX-License-Identifier: BSD-2-Clause
# Floor 8 and src/init.c.  Append to libzagshim_la_SOURCES.

# Locks and the like.  pthread_once must see an exception go by.
libzagshim_la_CFLAGS += -fexceptions
libzagshim_la_SOURCES += \
	src/wrap/sync_barrier.c \
	src/wrap/sync_common.h \
	src/wrap/sync_cond.c src/wrap/sync_cond.h \
	src/wrap/sync_cond_shared.c \
	src/wrap/sync_libc.c src/wrap/sync_libc.h \
	src/wrap/sync_mutex.c src/wrap/sync_mutex.h \
	src/wrap/sync_once.c \
	src/wrap/sync_robust.c \
	src/wrap/sync_rwlock.c src/wrap/sync_rwlock.h \
	src/wrap/sync_rwlock_shared.c \
	src/wrap/sync_sem.c \
	src/wrap/sync_spin.c \
	src/wrap/sync_wait.c

# Bytes, descriptors, sleeping, children; libc's own functions.
libzagshim_la_SOURCES += \
	src/wrap/fd_close.c \
	src/wrap/fd_flags.c \
	src/wrap/fd_lock.c src/wrap/fd_lock.h \
	src/wrap/fd_open.c \
	src/wrap/fd_own.c src/wrap/fd_own.h \
	src/wrap/fd_sync.c \
	src/wrap/fd_tty.c src/wrap/fd_tty.h \
	src/wrap/held.h \
	src/wrap/io_accept.c \
	src/wrap/io_connect.c \
	src/wrap/io_core.c src/wrap/io_core.h \
	src/wrap/io_epoll.c \
	src/wrap/io_event.c \
	src/wrap/io_file.c src/wrap/io_file.h \
	src/wrap/io_poll.c src/wrap/io_poll.h \
	src/wrap/io_read.c \
	src/wrap/io_recv.c \
	src/wrap/io_select.c \
	src/wrap/io_send.c \
	src/wrap/io_sendfile.c \
	src/wrap/io_sockopt.c \
	src/wrap/io_splice.c src/wrap/io_splice.h \
	src/wrap/io_write.c \
	src/wrap/ipc_mq.c \
	src/wrap/ipc_sysv.c \
	src/wrap/libc.h \
	src/wrap/proc_wait.c \
	src/wrap/real.c src/wrap/real.h \
	src/wrap/redirect.c src/wrap/redirect.h \
	src/wrap/standin.c src/wrap/standin.h \
	src/wrap/syscall.c src/wrap/syscall.def src/wrap/syscall.h \
	src/wrap/syscall_futex.c \
	src/wrap/time_clock.c src/wrap/time_clock.h \
	src/wrap/time_sleep.c

# Threads, booting, start-up.
libzagshim_la_SOURCES += \
	src/init.c \
	src/wrap/boot.c src/wrap/boot.h \
	src/wrap/guest.c src/wrap/guest.h \
	src/wrap/proc_exec.c \
	src/wrap/proc_ids.c \
	src/wrap/proc_fork.c \
	src/wrap/signal_action.c \
	src/wrap/signal_cputimer.c src/wrap/signal_cputimer.h \
	src/wrap/signal_jump.c \
	src/wrap/signal_mask.c \
	src/wrap/signal_old.c \
	src/wrap/signal_send.c \
	src/wrap/signal_timer.c src/wrap/signal_timer.h \
	src/wrap/signal_wait.c \
	src/wrap/thread_attr.c \
	src/wrap/thread_c11.c \
	src/wrap/thread_cancel.c \
	src/wrap/thread_create.c \
	src/wrap/thread_dlopen.c \
	src/wrap/thread_join.c \
	src/wrap/thread_sched.c src/wrap/thread_sched.h \
	src/wrap/thread_yield.c \
	src/wrap/unwind.c \
	src/wrap/wrap.h

if HOST_X86_64
libzagshim_la_SOURCES += src/arch/x86_64/jump.S
endif
if HOST_AARCH64
libzagshim_la_SOURCES += src/arch/aarch64/jump.S
endif
