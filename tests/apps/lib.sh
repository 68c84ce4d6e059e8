# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Sourced by the tests of real servers: TAP, starting, stopping, cleaning up.
#
# A test defines one function, serve, that starts its server by `start`, works
# it, and ends with `stop`; then it calls run_tests, which runs serve with 1, 2
# and 4 processors.  Without ZAGRUN in the environment all runs natively, which
# shows that the test itself is right.

LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH
ZAGRUN=${ZAGRUN-}
APPS=$(cd "$(dirname "$0")" && pwd)
BUILDDIR=${BUILDDIR:-.}
if [ -x /usr/bin/python3 ]; then PY=/usr/bin/python3; else PY=python3; fi
T=$(mktemp -d) || exit 1
PROCESSORS=
PID=

# Whatever the current round started is in $T/pids, and nothing else is.
kill_all() {
	[ -f "$T/pids" ] || return 0
	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null
	done <"$T/pids"
	rm -f "$T/pids"
}
trap 'kill_all; rm -rf "$T"' EXIT
trap 'exit 1' HUP INT PIPE TERM

skip_all() { echo "1..0 # SKIP $*"; exit 0; }

# need PROGRAM...: skip the whole test unless all of them are installed.
need() {
	for program; do
		command -v "$program" >/dev/null ||
			skip_all "$program is not installed"
	done
	command -v "$PY" >/dev/null || skip_all "python3 is not installed"
}

fail() { echo "$*"; exit 1; }

net() { "$PY" -B "$APPS/net.py" "$@"; }

# start CMD...: the program under test, in the background; its pid in $PID.
start() {
	if [ -n "$ZAGRUN" ]; then
		# shellcheck disable=SC2086 # ZAGRUN may have arguments
		set -- $ZAGRUN -p "$PROCESSORS" -- "$@"
	fi
	"$@" >"$T/log" 2>&1 &
	PID=$!
	echo "$PID" >>"$T/pids"
}

# helper CMD...: something native, in the background.
helper() {
	"$@" >"$T/helper.log" 2>&1 &
	echo "$!" >>"$T/pids"
}

running() {
	[ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}
gone() { ! running "$1"; }

# wait_for SECONDS CMD...: until CMD succeeds.
wait_for() {
	tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "waited in vain for: $*"
		sleep 0.05
	done
}

listening() {
	awk -v p="$(printf ':%04X' "$1")" '
		$4 == "0A" && substr($2, length($2) - 4) == p { found = 1 }
		END { exit !found }' /proc/net/tcp
}

up_or_gone() { listening "$1" || gone "$PID"; }

# up PORT: wait until the program under test listens there, or has ended.
up() {
	wait_for 20 up_or_gone "$1"
	running "$PID" || fail "the server ended before it was up"
}

# crowd ARG...: 200 clients by net.py, while the server must stay alive.
crowd() {
	net "$@" || fail "the clients failed"
	running "$PID" || fail "the server died"
}

# stop: SIGTERM; the server must end with status 0.
stop() {
	kill -TERM "$PID"
	wait_for 10 gone "$PID"
	status=0
	wait "$PID" || status=$?
	grep -vx "$PID" "$T/pids" >"$T/pids.left"
	mv "$T/pids.left" "$T/pids"
	[ $status -eq 0 ] || fail "status $status after SIGTERM"
}

# blob FILE: make it 1 MiB of random bytes, and print its sum.
blob() {
	head -c 1048576 /dev/urandom >"$1"
	sha256sum "$1" | cut -d' ' -f1
}

run_tests() {
	n=0
	echo 1..3
	for PROCESSORS in 1 2 4; do
		n=$((n + 1))
		: >"$T/log"
		if ( serve ) >"$T/out" 2>&1; then
			echo "ok $n - with $PROCESSORS processors"
			sed 's/^/# /' "$T/out"
		else
			echo "not ok $n - with $PROCESSORS processors"
			sed 's/^/# /' "$T/out"
			tail -n 10 "$T/log" | sed 's/^/# log: /'
		fi
		kill_all
	done
}
