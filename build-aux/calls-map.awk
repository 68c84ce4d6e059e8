# SPDX-License-Identifier: BSD-2-Clause
# Writes the version script of libzagshim.so from src/base/calls.def: one
# anonymous node, so that a symbol of ours stands for every version of libc's.
BEGIN { FS = "[(,]"; print "{\n\tglobal:" }
/^ZAG_CALL\(/ {
	gsub(/[ \t]/, "")
	if ($4 !~ /^(PARKS|OFFLOADS|THREAD)$/)
		next
	print "\t\t" $3 ";"
	n++
}
END {
	if (!n)
		print "\t\tzag_version;"
	print "\tlocal:\n\t\t*;\n};"
}
