#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# check-apps.sh ZAGRUN DIR [OPTION|CASE]... - the drivers of DIR/run-all.sh,
# natively and then under zagrun, ROUNDS times (2) with each of PROCESSORS
# ("2 4").  Prints a row for each case: result, most tasks and CPU seconds of
# each run.  Fails if a case that passes natively does not pass under zagrun,
# or one of tier 1 takes no fewer tasks.
set -u
zagrun=$1 dir=$2
shift 2
work=$(mktemp -d "${TMPDIR:-/tmp}/zag-apps.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# one NAME WRAP ARG...: a run; its results in $work/NAME.
one() {
	local name=$1 wrap=$2
	shift 2
	echo "check-apps: $name" >&2
	WRAP=$wrap bash "$dir/run-all.sh" -o "$work/$name" "$@"
	names+=("$name")
}

names=()
one native '' "$@"
for round in $(seq "${ROUNDS:-2}"); do
	for p in ${PROCESSORS:-2 4}; do
		ZAG_PROCESSORS=$p one "p$p.$round" "$zagrun" "$@"
	done
done

cd "$work" || exit 99
awk -F '\t' -v tiers="$dir/tiers.txt" '
BEGIN {
	while ((getline line < tiers) > 0) {
		split(line, word, " ")
		tier[word[2]] = word[1]
	}
	for (i = 1; i < ARGC; i++)
		head = head sprintf(" %-19s", ARGV[i])
	printf "%-18s%s\n%-18s", "", head, "case"
	for (i = 1; i < ARGC; i++)
		printf " %-5s %5s %6s ", "", "tasks", "CPU s"
	print ""
}
FNR == 1 { run++ }
run == 1 { order[++n] = $1; native[$1] = $2; tasks[$1] = $4 }
{
	row[$1] = row[$1] sprintf(" %-5s %5d %6.2f ", $2, $4, $6)
	if (run > 1 && native[$1] == "PASS" && $2 != "PASS")
		bad[$1] = bad[$1] " " FILENAME ": " $7
	else if (run > 1 && tier[$1] == 1 && $2 == "PASS" &&
		 tasks[$1] > 1 && $4 >= tasks[$1]) # else the sampler missed it
		bad[$1] = bad[$1] " " FILENAME ": no fewer tasks"
}
END {
	for (i = 1; i <= n; i++)
		printf "%-18s%s\n", order[i], row[order[i]]
	for (i = 1; i <= n; i++)
		if (order[i] in bad) {
			print order[i] ":" bad[order[i]]
			fails++
		}
	printf "%d cases, %d of them worse than natively\n", n, fails
	exit fails > 0
}' "${names[@]}"
