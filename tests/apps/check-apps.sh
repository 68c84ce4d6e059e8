#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# check-apps.sh ZAGRUN DIR [OPTION|CASE]... - the drivers of DIR/run-all.sh,
# natively and then under zagrun with each of PROCESSORS ("2 4"), ROUNDS times
# (2) in turns.  Prints a row for each case: for each way the most tasks, the
# median of the CPU seconds, and how much of the native ones that is.  Fails if
# a case that passes natively does not pass under zagrun, or one of tier 1 takes
# no fewer tasks.
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
for round in $(seq "${ROUNDS:-2}"); do
	one "native.$round" '' "$@"
	for p in ${PROCESSORS:-2 4}; do
		ZAG_PROCESSORS=$p one "p$p.$round" "$zagrun" "$@"
	done
done

cd "$work" || exit 99
awk -F '\t' -v tiers="$dir/tiers.txt" '
function median(way, name, n, v, i, k, x) {
	n = runs[way, name]
	for (i = 1; i <= n; i++) {
		x = cpu[way, name, i]
		for (k = i - 1; k && v[k] > x; k--)
			v[k + 1] = v[k]
		v[k + 1] = x
	}
	return n ? (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2 : 0
}
BEGIN {
	while ((getline line < tiers) > 0) {
		split(line, word, " ")
		tier[word[2]] = word[1]
	}
}
FNR == 1 {
	way = FILENAME
	sub(/\..*/, "", way)
	if (!(way in known)) {
		known[way]
		ways[++m] = way
	}
}
!($1 in cases) { cases[$1]; order[++n] = $1 }
{
	if ($4 > tasks[way, $1])
		tasks[way, $1] = $4
	cpu[way, $1, ++runs[way, $1]] = $6
	if (way == "native")
		native[$1] = $2
	else if (native[$1] == "PASS" && $2 != "PASS")
		bad[$1] = bad[$1] " " FILENAME ": " $7
}
END {
	printf "%-18s", ""
	for (k = 1; k <= m; k++)
		printf k == 1 ? "  %-12s" : "  %-19s", ways[k]
	printf "\n%-18s", "case"
	for (k = 1; k <= m; k++)
		printf "  %5s %6s%s", "tasks", "CPU s",
			k == 1 ? "" : " ratio "
	print ""
	for (i = 1; i <= n; i++) {
		name = order[i]
		base = median("native", name)
		printf "%-18s", name
		for (k = 1; k <= m; k++) {
			printf "  %5d %6.2f", tasks[ways[k], name],
				median(ways[k], name)
			if (k == 1)
				continue
			printf base ? " %5.2f " : "     - ",
				median(ways[k], name) / (base ? base : 1)
			if (tier[name] == 1 && native[name] == "PASS" &&
			    tasks["native", name] > 1 && # the sampler saw it
			    tasks[ways[k], name] >= tasks["native", name])
				bad[name] = bad[name] " " ways[k] \
					": no fewer tasks"
		}
		print ""
	}
	for (i = 1; i <= n; i++)
		if (order[i] in bad) {
			print order[i] ":" bad[order[i]]
			fails++
		}
	printf "%d cases, %d of them worse than natively\n", n, fails
	exit fails > 0
}' "${names[@]}"
