# SPDX-License-Identifier: BSD-2-Clause
# Ordinary pthread programs.  Append `tests/prog/NAME` to prog_programs: it is
# built from tests/prog/NAME.c (for C++ set tests_prog_NAME_SOURCES =
# tests/prog/NAME.cc), and run natively and under zagrun by tests/run.  An
# optional tests/prog/NAME.args (arguments, one line) goes to EXTRA_DIST.
prog_programs += \
	tests/prog/batch-fgets \
	tests/prog/batch-flockfile \
	tests/prog/batch-futex \
	tests/prog/batch-plugin \
	tests/prog/batch-popen \
	tests/prog/batch-resolve \
	tests/prog/batch-syslog \
	tests/prog/batch-system
prog_programs += \
	tests/prog/cancel-async \
	tests/prog/cancel-cleanup \
	tests/prog/cancel-cleanup-eh \
	tests/prog/cancel-cond \
	tests/prog/cancel-cxx \
	tests/prog/cancel-join \
	tests/prog/cancel-libc \
	tests/prog/cancel-many \
	tests/prog/cancel-points \
	tests/prog/cancel-read \
	tests/prog/cancel-standing \
	tests/prog/cancel-state \
	tests/prog/cancel-who
prog_programs += \
	tests/prog/cond-basic \
	tests/prog/cond-broadcast-many \
	tests/prog/cond-destroy \
	tests/prog/cond-errorcheck \
	tests/prog/cond-handlers \
	tests/prog/cond-million \
	tests/prog/cond-ping-pong \
	tests/prog/cond-queue \
	tests/prog/cond-shared \
	tests/prog/cond-timed
prog_programs += \
	tests/prog/cxx-threads
prog_programs += \
	tests/prog/epoll-nested \
	tests/prog/epoll-wait
prog_programs += \
	tests/prog/exec-signals
prog_programs += \
	tests/prog/fd-close-all \
	tests/prog/fd-lowest \
	tests/prog/fd-stale \
	tests/prog/file-sync
prog_programs += \
	tests/prog/fork-atfork \
	tests/prog/fork-before \
	tests/prog/fork-ends \
	tests/prog/fork-many \
	tests/prog/fork-parent-ends \
	tests/prog/fork-raw \
	tests/prog/fork-threads \
	tests/prog/fork-vfork
prog_programs += \
	tests/prog/fortify-calls
prog_programs += \
	tests/prog/futex-calls \
	tests/prog/futex-processes \
	tests/prog/futex-cxx \
	tests/prog/futex-glib \
	tests/prog/futex-mixed \
	tests/prog/futex-urcu
prog_programs += \
	tests/prog/gc-libgc \
	tests/prog/gc-threads
prog_programs += \
	tests/prog/ids-fsuid \
	tests/prog/ids-threads
prog_programs += \
	tests/prog/io-accept-many \
	tests/prog/io-bad-arguments \
	tests/prog/io-close-other \
	tests/prog/io-close-parked \
	tests/prog/io-close-waited \
	tests/prog/io-connect-errors \
	tests/prog/io-connect-unix \
	tests/prog/io-cut-off \
	tests/prog/io-devices \
	tests/prog/io-dup \
	tests/prog/io-event \
	tests/prog/io-exhausted \
	tests/prog/io-file \
	tests/prog/io-hangup \
	tests/prog/io-messages \
	tests/prog/io-mmsg-ends \
	tests/prog/io-nonblock \
	tests/prog/io-nonblock-hidden \
	tests/prog/io-oob \
	tests/prog/io-pipe \
	tests/prog/io-readers \
	tests/prog/io-ready-waits \
	tests/prog/io-recv-flags \
	tests/prog/io-reuse \
	tests/prog/io-reuse-netlink \
	tests/prog/io-reuse-stdio \
	tests/prog/io-rights \
	tests/prog/io-shut-down \
	tests/prog/io-sigpipe \
	tests/prog/io-socketpair \
	tests/prog/io-splice \
	tests/prog/io-tcp \
	tests/prog/io-timeouts \
	tests/prog/io-udp \
	tests/prog/io-vectors \
	tests/prog/io-write-atomic \
	tests/prog/io-write-whole \
	tests/prog/io-wrong-end
prog_programs += \
	tests/prog/ipc-mq \
	tests/prog/ipc-sysv
prog_programs += \
	tests/prog/key-destructor \
	tests/prog/key-many \
	tests/prog/key-threads
prog_programs += \
	tests/prog/leak-flags \
	tests/prog/libc-calls \
	tests/prog/libc-locks \
	tests/prog/libc-thread
prog_programs += \
	tests/prog/liveness \
	tests/prog/liveness-blocked \
	tests/prog/liveness-raw-futex \
	tests/prog/liveness-sem \
	tests/prog/liveness-spawn
prog_programs += \
	tests/prog/lock-chain \
	tests/prog/lock-file \
	tests/prog/lock-gvl
prog_programs += \
	tests/prog/mutex-count \
	tests/prog/mutex-destroy \
	tests/prog/mutex-errorcheck \
	tests/prog/mutex-inherit \
	tests/prog/mutex-normal \
	tests/prog/mutex-recursive \
	tests/prog/mutex-robust \
	tests/prog/mutex-shared \
	tests/prog/mutex-timed
prog_programs += \
	tests/prog/no-memory
prog_programs += \
	tests/prog/old-names \
	tests/prog/once-throws
prog_programs += \
	tests/prog/open-fifo \
	tests/prog/open-lease
prog_programs += \
	tests/prog/poll-basic \
	tests/prog/poll-many \
	tests/prog/poll-rdhup \
	tests/prog/poll-urgent
prog_programs += \
	tests/prog/select-basic
prog_programs += \
	tests/prog/shared-barrier \
	tests/prog/shared-cond \
	tests/prog/shared-exit \
	tests/prog/shared-mutex \
	tests/prog/shared-robust \
	tests/prog/shared-rwlock \
	tests/prog/shared-sem
prog_programs += \
	tests/prog/signal-altstack \
	tests/prog/signal-context \
	tests/prog/signal-eintr \
	tests/prog/signal-eintr-early \
	tests/prog/signal-fd \
	tests/prog/signal-group \
	tests/prog/signal-jump \
	tests/prog/signal-jump-waits \
	tests/prog/signal-leave \
	tests/prog/signal-many \
	tests/prog/signal-no-room \
	tests/prog/signal-no-wait \
	tests/prog/signal-old \
	tests/prog/signal-outside \
	tests/prog/signal-pending-main \
	tests/prog/signal-queued \
	tests/prog/signal-spin \
	tests/prog/signal-stop \
	tests/prog/signal-storm \
	tests/prog/signal-suspend \
	tests/prog/signal-target \
	tests/prog/signal-timers \
	tests/prog/signal-wait \
	tests/prog/signal-xfsz
prog_programs += \
	tests/prog/sleepers-100k
prog_programs += \
	tests/prog/spawn-stuck
prog_programs += \
	tests/prog/stdio-lock \
	tests/prog/stdio-shared \
	tests/prog/stdio-socket \
	tests/prog/stdio-turns
prog_programs += \
	tests/prog/syscall-calls
prog_programs += \
	tests/prog/thrd-basic \
	tests/prog/thrd-sync
prog_programs += \
	tests/prog/thread-attr \
	tests/prog/thread-attr-affinity \
	tests/prog/thread-attr-default \
	tests/prog/thread-attr-sigmask \
	tests/prog/thread-attr-stack \
	tests/prog/thread-create-errors \
	tests/prog/thread-create-join \
	tests/prog/thread-create-limit \
	tests/prog/thread-detach \
	tests/prog/thread-exit-nested \
	tests/prog/thread-exit-process \
	tests/prog/thread-foreign \
	tests/prog/thread-getattr-np \
	tests/prog/thread-getattr-other \
	tests/prog/thread-join-errors \
	tests/prog/thread-main-exit \
	tests/prog/thread-main-return \
	tests/prog/thread-name \
	tests/prog/thread-once \
	tests/prog/thread-once-exit \
	tests/prog/thread-sched \
	tests/prog/thread-sched-info \
	tests/prog/thread-self \
	tests/prog/thread-stack-align \
	tests/prog/thread-stack-depth \
	tests/prog/thread-stack-exec \
	tests/prog/thread-stack-small \
	tests/prog/thread-timedjoin \
	tests/prog/thread-yield
prog_programs += \
	tests/prog/time-cputime \
	tests/prog/time-cputimer \
	tests/prog/time-order \
	tests/prog/time-sleep \
	tests/prog/time-sleepers
prog_programs += \
	tests/prog/tls-cxx \
	tests/prog/tls-dlopen \
	tests/prog/tls-errno \
	tests/prog/tls-fenv \
	tests/prog/tls-guards \
	tests/prog/tls-locale \
	tests/prog/tls-malloc \
	tests/prog/tls-malloc-ends \
	tests/prog/tls-migrate \
	tests/prog/tls-resolver \
	tests/prog/tls-strerror \
	tests/prog/tls-thread-local
prog_programs += \
	tests/prog/tty-job
prog_programs += \
	tests/prog/wait-any \
	tests/prog/wait-child \
	tests/prog/wait-events \
	tests/prog/wait-many

# Run by tests/preload/stack-overflow.test: it dies by SIGSEGV.
check_PROGRAMS += tests/prog/stack-overflow

tests_prog_cancel_cxx_SOURCES = tests/prog/cancel-cxx.cc
tests_prog_cancel_points_LDADD = -lrt
tests_prog_cxx_threads_SOURCES = tests/prog/cxx-threads.cc
tests_prog_cxx_threads_CXXFLAGS = $(AM_CXXFLAGS) -std=c++20
tests_prog_futex_cxx_SOURCES = tests/prog/futex-cxx.cc
tests_prog_futex_cxx_CXXFLAGS = $(AM_CXXFLAGS) -std=c++20
tests_prog_once_throws_SOURCES = tests/prog/once-throws.cc
tests_prog_tls_cxx_SOURCES = tests/prog/tls-cxx.cc
tests_prog_cancel_cleanup_eh_SOURCES = tests/prog/cancel-cleanup.c
tests_prog_cancel_cleanup_eh_CFLAGS = $(AM_CFLAGS) -fexceptions
tests_prog_thread_stack_exec_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,execstack
tests_prog_tls_fenv_LDADD = -lm
tests_prog_tls_resolver_LDADD = -lresolv
tests_prog_fortify_calls_CPPFLAGS = $(AM_CPPFLAGS) -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2
tests_prog_fortify_calls_CFLAGS = $(AM_CFLAGS) -O2

EXTRA_DIST += \
	tests/prog/batch.h \
	tests/prog/check.h \
	tests/prog/io-net.h \
	tests/prog/liveness.h \
	tests/prog/peer.h
