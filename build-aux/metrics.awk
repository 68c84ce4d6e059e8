# SPDX-License-Identifier: BSD-2-Clause
# Lengths of functions, from `ctags -x --_xformat="%N %F %n %{end}"`: how many,
# median, 90th percentile, longest, and the longest ten by name.
NF == 4 && $4 ~ /^[0-9]+$/ {
	n++
	len[n] = $4 - $3 + 1
	name[n] = $1 " (" $2 ":" $3 ")"
	over50 += len[n] > 50
	over100 += len[n] > 100
}
END {
	if (!n)
		exit
	# Shell sort, longest first: awk has none of its own.
	for (gap = int(n / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= n; i++)
			for (j = i - gap; j > 0 && len[j] < len[j + gap];
			    j -= gap) {
				t = len[j]; len[j] = len[j + gap]
				len[j + gap] = t
				t = name[j]; name[j] = name[j + gap]
				name[j + gap] = t
			}
	printf "functions: %d, median %d, p90 %d, longest %d lines", n,
		len[int((n + 1) / 2)], len[int(n / 10) + 1], len[1]
	printf "; %d over 50, %d over 100\n", over50, over100
	for (i = 1; i <= 10 && i <= n; i++)
		printf "  %4d %s\n", len[i], name[i]
}
