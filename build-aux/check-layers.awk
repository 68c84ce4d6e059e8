# SPDX-License-Identifier: BSD-2-Clause
# Names every #include of a higher floor: awk -f check-layers.awk src/*/*.[chS]
BEGIN {
	n = split("base arch fiber sched wait loop ctl obs wrap api", names, " ")
	for (i = 1; i <= n; i++)
		floor[names[i]] = i
	# The two kinds of interposed code stand beside each other.
	floor["api"] = floor["wrap"]
}
FNR == 1 {
	own = FILENAME
	sub(/.*src\//, "", own)
	sub(/\/.*/, "", own)
}
/^[ \t]*#[ \t]*include[ \t]*"[a-z]+\// {
	split($0, quoted, "\"")
	split(quoted[2], path, "/")
	if (!(path[1] in floor)) {
		print FILENAME ":" FNR ": " quoted[2] " is on no floor"
		bad = 1
	} else if ((own in floor) && floor[path[1]] > floor[own]) {
		print FILENAME ":" FNR ": " own "/ includes " quoted[2] \
			", a higher floor"
		bad = 1
	}
}
END { exit bad }
