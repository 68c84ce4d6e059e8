# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Sourced by the shell tests: TAP, a scratch folder, programs to try.
LC_ALL=C
export LC_ALL
# No option of the caller's.
# shellcheck disable=SC2046 # names
unset LD_LIBRARY_PATH $(env | sed -n 's/^\(ZAG_[A-Z_]*\)=.*/\1/p')
: "${CC:=cc}" "${AWK:=awk}" "${NM:=nm}"
: "${BUILDDIR:=$PWD}"
: "${ZAGRUN:=$BUILDDIR/zagrun}"
count=0
T=$(mktemp -d "${TMPDIR:-/tmp}/zag-cli.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$T"

ok() {
	count=$((count + 1))
	echo "ok $count - $*"
}

# not_ok NAME: $T/out and $T/err say more.
not_ok() {
	count=$((count + 1))
	echo "not ok $count - $*"
	for file in "$T/out" "$T/err"; do
		[ ! -f "$file" ] || sed -e 's/^/# /' -e 30q "$file"
	done
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

finish() {
	echo "1..$count"
}

# run COMMAND...: sets status, leaves $T/out and $T/err.
run() {
	status=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

# refuses STATUS TEXT COMMAND...: ends so, with one line that holds TEXT.
refuses() {
	want=$1 text=$2
	shift 2
	run "$@"
	if [ "$status" -eq "$want" ] && [ ! -s "$T/out" ] && one_line "$text"
	then
		ok "$text"
	else
		not_ok "$text"
		echo "# status $status, not $want: $*"
	fi
}

# prints TEXT COMMAND...: succeeds, with TEXT on its output and no message.
prints() {
	text=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ] && [ ! -s "$T/err" ] &&
		grep -qF -- "$text" "$T/out"
	then
		ok "$text"
	else
		not_ok "$text"
		echo "# status $status: $*"
	fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
	what=$1
	shift
	if "$@"; then
		ok "$what"
	else
		not_ok "$what"
	fi
}

# lacks NAME TEXT FILE: the text is not there.
lacks() {
	if grep -qF -- "$2" "$3"; then
		not_ok "$1"
	else
		ok "$1"
	fi
}

# one_line TEXT: the last command gave one message, with that text in it.
one_line() {
	[ "$(wc -l <"$T/err")" -eq 1 ] && grep -qF -- "$1" "$T/err"
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		echo "# got: $2"
		echo "# not: $3"
	fi
}

# build NAME [FLAG...]: compiles $T/NAME from a program given on stdin.
build() {
	name=$1
	shift
	cat >"$T/$name.c"
	# shellcheck disable=SC2086 # CC may be a command and its flags
	$CC -o "$T/$name" "$T/$name.c" "$@" 2>"$T/cc.err"
}

# hello NAME [FLAG...]: a program that says hello.
hello() {
	printf '%s\n' '#include <stdio.h>' \
		'int main(void) { return puts("hello") < 0; }' |
		build "$@"
}
