#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What a test of make check-conformance runs in: name spaces of its own, with
# an empty /tmp and /dev/shm, queues of up to 64 messages, and a clock that it
# cannot set.  Nothing it does or leaves behind is seen outside.
#
#	unshare -impf --mount-proc isolate KEEP COMMAND [ARG...]
#
# KEEP is a folder to keep where it is, even below /tmp.
set -eu
keep=$1
shift
here=$PWD
mount --bind "$keep" /mnt
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir -p "$keep"
mount --move /mnt "$keep"
cd "$here"
{ echo 64 >/proc/sys/fs/mqueue/msg_max; } 2>/dev/null || :
exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time -- "$@"
