# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034,SC2154
# Sourced by the tests of zagctl: programs under zagrun that wait to be seen.
. "${SRCDIR:-.}/tests/cli/tap.sh"
zagctl=$BUILDDIR/zagctl
here=$BUILDDIR/tests/obs
[ -x "$zagctl" ] || skip_all 'zagctl is not built'
XDG_RUNTIME_DIR=$T/run
ZAGCTL_PATH=$XDG_RUNTIME_DIR/zag
export XDG_RUNTIME_DIR ZAGCTL_PATH
mkdir -m 700 "$XDG_RUNTIME_DIR"
started=

# start COMMAND...: under zagrun, its standard input held open; sets pid when
# it has said its first line, which is left in $T/said.
start() {
	stop
	rm -f "$T/in" "$T/said"
	mkfifo "$T/in"
	"$ZAGRUN" "$@" <"$T/in" >"$T/said" 2>"$T/err" &
	pid=$!
	started=$pid
	exec 9>"$T/in"
	tries=0
	until [ -s "$T/said" ] || [ $tries -ge 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
}

# Ends what was started: by the end of its input, or by a signal.
stop() {
	[ -n "$started" ] || return 0
	exec 9>&-
	tries=0
	while kill -0 "$started" 2>/dev/null && [ $tries -lt 40 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	kill -KILL "$started" 2>/dev/null
	wait "$started" 2>/dev/null
	started=
}
trap 'stop; rm -rf "$T"' EXIT

# says NAME PATTERN COMMAND...: succeeds and prints a line like that.
says() {
	what=$1 pattern=$2
	shift 2
	run "$@"
	if [ "$status" -eq 0 ] && grep -qE -- "$pattern" "$T/out"; then
		ok "$what"
	else
		not_ok "$what"
		echo "# status $status, wanted $pattern: $*"
	fi
}

# core_of_abort COMMAND...: sets core to the core file of it, or to nothing if
# the kernel writes none that can be found.
core_of_abort() {
	pattern=$(cat /proc/sys/kernel/core_pattern)
	core=
	case $pattern in
	\|*) return ;;
	/*) ;;
	*) pattern=$PWD/$pattern ;;
	esac
	# shellcheck disable=SC3045 # where it is not known, there is no core
	ulimit -c unlimited 2>/dev/null || return 0
	start "$@"
	core=$(echo "$pattern" | sed "s/%p/$pid/g")
	kill -ABRT "$pid"
	wait "$pid" 2>/dev/null
	started=
	[ -s "$core" ] || core=
}
