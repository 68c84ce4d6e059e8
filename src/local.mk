# SPDX-License-Identifier: BSD-2-Clause
# Floors 0 to 7.  Append every .c and .h of src/{base,arch,fiber,sched,wait,
# loop,ctl,obs} to libzagcore_la_SOURCES; .def tables go to EXTRA_DIST.
libzagcore_la_SOURCES += \
	src/base/nearest.c src/base/nearest.h \
	src/base/opt.c src/base/opt.h
EXTRA_DIST += src/base/calls.def src/base/opt.def

# One .S file per CPU: append it to libzagcore_la_SOURCES inside these.
if HOST_X86_64
endif
if HOST_AARCH64
endif
