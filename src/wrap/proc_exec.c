/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other programs: exec, posix_spawn, system, popen; and our own's end.
 *
 * A program that is started has its starter's signal mask: the fiber's, not
 * the carrier's.
 */
#include "config.h"

#include "wrap/real.h"

#include <alloca.h>

#include "base/atomic.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"
#include "obs/grace.h"
#include "sched/carrier.h"
#include "sched/kthread.h"
#include "wait/shared.h"
#include "wait/spawning.h"
#include "wrap/redirect.h"

/* call, on a fiber, with the kernel's mask the fiber's. */
#define WITH_MASK(type, call)                                             \
	({                                                                \
		uint64_t kernel_;                                         \
		type result_;                                             \
                                                                          \
		zag_signal_native_enter(&kernel_);                        \
		result_ = (call);                                         \
		zag_signal_native_leave(&kernel_);                        \
		result_;                                                  \
	})

/* Others go on while the child is on its way to its program. */
#define SPAWN(name, params, ...)                                          \
	ZAG_EXPORT int name params                                        \
	{                                                                 \
		bool begun_;                                              \
		int result_;                                              \
                                                                          \
		if (!zag_on_fiber())                                      \
			return ZAG_REAL(name)(__VA_ARGS__);               \
		begun_ = zag_spawning_begin();                            \
		result_ = WITH_MASK(int, ZAG_REAL(name)(__VA_ARGS__));    \
		zag_spawning_end(begun_);                                 \
		return result_;                                           \
	}

/* A child that clone(2) has made in our memory calls: the fiber is its
 * parent's, which goes on with it. */
static bool is_borrowed(void)
{
	return zag_raw(SYS_gettid) != (long)zag_carrier_self()->tid;
}

/* As the fiber's, but the child's own. */
static void set_mask(uint64_t *kernel)
{
	zag_sigmask_set(zag_load_rlx(&zag_fiber_self()->sigmask), kernel);
}

/* What is pending stays so for the new program. */
#define EXEC(name, params, ...)                                           \
	ZAG_EXPORT int name params                                        \
	{                                                                 \
		uint64_t kernel_;                                         \
		int result_;                                              \
                                                                          \
		if (!zag_on_fiber())                                      \
			return ZAG_REAL(name)(__VA_ARGS__);               \
		if (is_borrowed()) {                                      \
			set_mask(&kernel_);                               \
			result_ = ZAG_REAL(name)(__VA_ARGS__);            \
			zag_sigmask_restore(&kernel_);                    \
			return result_;                                   \
		}                                                         \
		zag_signal_native_enter(&kernel_);                        \
		zag_signal_native_pending();                              \
		zag_shared_settle();                                      \
		zag_add(&zag_kthread_execs, 1);                           \
		result_ = ZAG_REAL(name)(__VA_ARGS__);                    \
		zag_sub(&zag_kthread_execs, 1);                           \
		zag_signal_native_return();                               \
		zag_signal_native_leave(&kernel_);                        \
		return result_;                                           \
	}

EXEC(execve, (const char *p, char *const a[], char *const e[]), p, a, e)
EXEC(execv, (const char *p, char *const a[]), p, a)
EXEC(execvp, (const char *p, char *const a[]), p, a)
EXEC(execvpe, (const char *p, char *const a[], char *const e[]), p, a, e)
EXEC(execveat,
     (int d, const char *p, char *const a[], char *const e[], int flags),
     d, p, a, e, flags)
EXEC(fexecve, (int fd, char *const a[], char *const e[]), fd, a, e)
SPAWN(posix_spawn,
      (pid_t *pid, const char *p, const posix_spawn_file_actions_t *fa,
       const posix_spawnattr_t *at, char *const a[], char *const e[]),
      pid, p, fa, at, a, e)
SPAWN(posix_spawnp,
      (pid_t *pid, const char *p, const posix_spawn_file_actions_t *fa,
       const posix_spawnattr_t *at, char *const a[], char *const e[]),
      pid, p, fa, at, a, e)

/* libc's own call posix_spawn, and what else they need, if redirected. */
#define COMPOSED(type, name, params, ...)                                 \
	ZAG_EXPORT type name params                                       \
	{                                                                 \
		if (!zag_on_fiber() || zag_redirected)                    \
			return ZAG_REAL(name)(__VA_ARGS__);               \
		return WITH_MASK(type, ZAG_REAL(name)(__VA_ARGS__));      \
	}

COMPOSED(int, system, (const char *command), command)
COMPOSED(FILE *, popen, (const char *command, const char *mode), command, mode)

ZAG_ALIAS(_IO_popen, popen);

/* The arguments of execl and its kin, after the first, as a vector. */
static int count_args(va_list ap)
{
	va_list copy;
	int n = 1;

	va_copy(copy, ap);
	while (va_arg(copy, char *))
		n++;
	va_end(copy);
	return n;
}

#define COLLECT(argv, first)                                              \
	do {                                                              \
		int n_;                                                   \
		va_list ap_;                                              \
                                                                          \
		va_start(ap_, first);                                     \
		n_ = count_args(ap_);                       \
		argv = alloca(((size_t)n_ + 2) * sizeof(char *));         \
		argv[0] = (char *)(first);                                \
		for (int i_ = 1; i_ <= n_; i_++)                          \
			argv[i_] = va_arg(ap_, char *);                   \
		envp = va_arg(ap_, char *const *);                        \
		va_end(ap_);                                              \
	} while (0)

ZAG_EXPORT int execl(const char *path, const char *arg, ...)
{
	char **argv;
	char *const *envp;

	COLLECT(argv, arg);
	(void)envp;
	return execv(path, argv);
}

ZAG_EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv;
	char *const *envp;

	COLLECT(argv, arg);
	(void)envp;
	return execvp(file, argv);
}

ZAG_EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv;
	char *const *envp;

	COLLECT(argv, arg);
	return execve(path, argv, envp);
}

/* While the operator ends the process, it does not leave its children behind. */
ZAG_EXPORT void _exit(int status)
{
	zag_grace_leave();
	zag_shared_settle();
	for (;;)
		zag_raw(SYS_exit_group, status);
}

ZAG_ALIAS(_Exit, _exit);
