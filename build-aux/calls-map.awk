# SPDX-License-Identifier: BSD-2-Clause
# Writes the version script of libzagshim.so from src/base/calls.def: one
# anonymous node, so that a symbol of ours stands for every version of libc's.
# And what debuggers look for.
BEGIN { FS = "[(,]"; print "{\n\tglobal:\n\t\tzag_debug;\n\t\tzag_hooks;" }
/^ZAG_CALL\(/ {
	gsub(/[ \t]/, "")
	if ($4 !~ /^(PARKS|OFFLOADS|THREAD)$/)
		next
	print "\t\t" $3 ";"
}
END {
	print "\tlocal:\n\t\t*;\n};"
}
