# SPDX-License-Identifier: BSD-2-Clause
# Copies a manual page, with each line "@CALLS VERDICT@" replaced by the calls
# of that verdict: awk -v calls=calls.def -f calls-mdoc.awk zagshim.7.in
function print_calls(verdict,    i, any) {
	for (i = 1; i <= count; i++) {
		if (verdicts[i] != verdict)
			continue
		if (!any++)
			print ".Bl -tag -width 28n -compact"
		print ".It Fn " names[i]
		if (notes[i] != "")
			print notes[i]
	}
	print any ? ".El" : "None."
}
BEGIN {
	while ((getline line < calls) > 0) {
		if (line !~ /^ZAG_CALL\(/)
			continue
		note = line
		sub(/^[^"]*"/, "", note)
		sub(/"[^"]*$/, "", note)
		sub(/".*/, "", line)
		sub(/^ZAG_CALL\(/, "", line)
		split(line, field, /[ ,]+/)
		names[++count] = field[2]
		verdicts[count] = field[3]
		notes[count] = note
	}
	if (!count) {
		print "calls-mdoc.awk: no calls in " calls | "cat >&2"
		exit 1
	}
}
/^@CALLS [A-Z]+@$/ {
	gsub(/@CALLS |@/, "")
	print_calls($0)
	next
}
{ print }
