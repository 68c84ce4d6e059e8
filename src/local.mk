# SPDX-License-Identifier: BSD-2-Clause
# Floors 0 to 7.  Append every .c and .h of src/{base,arch,fiber,sched,wait,
# loop,ctl,obs} to libzagcore_la_SOURCES; .def tables go to EXTRA_DIST.
libzagcore_la_SOURCES += \
	src/base/atomic.h src/base/compiler.h src/base/futex.h \
	src/base/lock.c src/base/lock.h \
	src/base/log.c src/base/log.h \
	src/base/nearest.c src/base/nearest.h \
	src/base/opt.c src/base/opt.h src/base/optenv.c \
	src/base/ownfd.c src/base/ownfd.h \
	src/base/page.c src/base/page.h src/base/peek.h \
	src/base/probe.h \
	src/base/procdir.c src/base/procdir.h \
	src/base/queue.h \
	src/base/raw.h src/base/sigmask.h \
	src/base/section.c src/base/section.h \
	src/base/symtab.c src/base/symtab.h \
	src/arch/arch.h src/arch/jump.h \
	src/fiber/fiber.c src/fiber/fiber.h \
	src/fiber/robust.c src/fiber/robust.h \
	src/fiber/sigmask.c src/fiber/sigmask.h \
	src/fiber/stack.c src/fiber/stack.h \
	src/fiber/tcb.c src/fiber/tcb.h \
	src/fiber/tcb_cancel.c src/fiber/tcb_cancel.h \
	src/fiber/tcb_cache.c \
	src/fiber/tcb_end.c src/fiber/tcb_glibc.h \
	src/fiber/tcb_modules.c \
	src/fiber/why.c src/fiber/why.h \
	src/sched/boot.c \
	src/sched/carrier.c src/sched/carrier.h \
	src/sched/clock.c src/sched/clock.h \
	src/sched/cputime.c src/sched/cputime.h \
	src/sched/kthread.c src/sched/kthread.h \
	src/sched/monitor.c src/sched/monitor.h \
	src/sched/offload.c src/sched/offload.h \
	src/sched/runq.c src/sched/runq.h \
	src/sched/sched.c src/sched/sched.h \
	src/sched/slot.c \
	src/sched/spare.c src/sched/spare.h \
	src/sched/way.c src/sched/way.h \
	src/wait/blocking.c src/wait/blocking.h \
	src/wait/deadline.c src/wait/deadline.h \
	src/wait/lot.c src/wait/lot.h \
	src/wait/ownstack.c src/wait/ownstack.h \
	src/wait/shared.c src/wait/shared.h \
	src/wait/spawning.c src/wait/spawning.h \
	src/wait/thread.c src/wait/thread.h \
	src/wait/turn.c src/wait/turn.h \
	src/wait/wait.c src/wait/wait.h \
	src/loop/ev.c src/loop/ev.h \
	src/loop/fdentry.h src/loop/fdhint.c src/loop/fdmany.c \
	src/loop/fdwait.c src/loop/fdwait.h \
	src/loop/poller.c src/loop/poller.h \
	src/ctl/cancel.c src/ctl/cancel.h \
	src/ctl/children.c src/ctl/children.h \
	src/ctl/disposition.h \
	src/ctl/fork.c src/ctl/fork.h \
	src/ctl/setxid.c src/ctl/setxid.h \
	src/ctl/sig.h \
	src/ctl/sigaction.c \
	src/ctl/sigarrive.c \
	src/ctl/sigdeliver.c \
	src/ctl/signal.c src/ctl/signal.h \
	src/ctl/sigqueue.c src/ctl/sigqueue.h \
	src/ctl/sigsend.c \
	src/ctl/sigwait.c \
	src/obs/answer.c src/obs/answer.h \
	src/obs/cancel.c \
	src/obs/callname.c src/obs/callname.h \
	src/obs/command.h \
	src/obs/control.c src/obs/control.h \
	src/obs/deadlock.c src/obs/deadlock.h \
	src/obs/debug.c src/obs/debug.h \
	src/obs/describe.c src/obs/describe.h \
	src/obs/ehframe.c src/obs/ehframe.h \
	src/obs/grace.c src/obs/grace.h \
	src/obs/helper.c src/obs/helper.h \
	src/obs/hot.c src/obs/hot.h \
	src/obs/json.c src/obs/json.h \
	src/obs/look.c src/obs/look.h \
	src/obs/measure.c \
	src/obs/peer.c \
	src/obs/ps.c \
	src/obs/report.c src/obs/report.h \
	src/obs/stat.c \
	src/obs/trace.c src/obs/trace.h \
	src/obs/unwind.c src/obs/unwind.h
EXTRA_DIST += src/base/calls.def src/base/opt.def

# One .S file per CPU: append it to libzagcore_la_SOURCES inside these.
if HOST_X86_64
libzagcore_la_SOURCES += src/arch/x86_64/cpu.c src/arch/x86_64/switch.S \
	src/arch/x86_64/sigframe.c src/arch/x86_64/signal.S \
	src/arch/x86_64/syscall.S
endif
if HOST_AARCH64
libzagcore_la_SOURCES += src/arch/aarch64/cpu.c \
	src/arch/aarch64/notes.h src/arch/aarch64/switch.S \
	src/arch/aarch64/sigframe.c src/arch/aarch64/signal.S \
	src/arch/aarch64/syscall.S
endif
