/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up, in order.  This is the only constructor, and the only destructor.
 *
 * Before it has run, every interposer passes straight through by raw system
 * call.  After it, nothing is running: the runtime boots when the program creates
 * its first thread.
 */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/raw.h"
#include "ctl/fork.h"
#include "fiber/tcb.h"
#include "loop/poller.h"
#include "obs/control.h"
#include "obs/grace.h"
#include "obs/helper.h"
#include "obs/report.h"
#include "obs/trace.h"
#include "wait/shared.h"
#include "wait/thread.h"
#include "wrap/boot.h"
#include "wrap/real.h"
#include "wrap/redirect.h"

extern char **environ;

static void warn(const char *line)
{
	zag_log(ZAG_LOG_WARN, "%s", line);
}

/* Messages go where the options say. */
static void open_log(void)
{
	long fd;

	zag_log_level = zag_opt.quiet ? ZAG_LOG_ERROR : zag_opt.log.level;
	if (zag_opt.name[0])
		zag_log_name = zag_opt.name;
	if (!zag_opt.log.file[0])
		return;
	fd = zag_raw(SYS_openat, AT_FDCWD, zag_opt.log.file,
		     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0)
		zag_log_fd = (int)fd;
}

/* What keeps this process from having fibers; NULL: nothing. */
static const char *obstacle(void)
{
	if (zag_opt.disable)
		return "";
	return zag_tcb_start(); /* booting finds out the rest */
}

static void start_up(void)
{
	static bool begun;

	if (begun || !environ)
		return; /* before libc's own constructor there is none */
	begun = true;
	zag_opt_load(environ, warn);
	open_log();
	zag_real_init(); /* from here on ZAG_REAL(x) is libc's x */
	zag_helper_init();
	zag_control_init(secure_getenv("XDG_RUNTIME_DIR"));
	zag_poller_install();
	zag_thread_install();
	zag_fork_on_child = zag_boot_again;
	zag_fork_watch(ZAG_REAL(__register_atfork));
	zag_boot_obstacle = obstacle(); /* may boot from here on */
}

void (*const zag_boot_start_up)(void) = start_up;

__attribute__((constructor)) static void init(void)
{
	start_up();
}

/* exit(3) writes what is buffered after us, and then calls our _exit, if libc's
 * own calls reach us. */
static void leave(void)
{
	int (*flush)(void *) = (int (*)(void *))dlsym(RTLD_DEFAULT, "fflush");

	if (flush)
		flush(NULL);
	zag_grace_leave();
}

__attribute__((destructor)) static void done(void)
{
	zag_trace_end();
	zag_report_end();
	zag_control_close();
	if (zag_redirected)
		return;
	if (zag_grace_running())
		leave();
	zag_shared_settle();
}
