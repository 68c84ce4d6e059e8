/* SPDX-License-Identifier: BSD-2-Clause */
/* Edit distance between short names (Levenshtein's, with swaps). */
#include "config.h"

#include "base/nearest.h"

#include <string.h>

static unsigned char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c - 'A' + 'a');
	return c == '_' ? '-' : (unsigned char)c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

unsigned int zag_distance(const char *a, const char *b)
{
	/* Row i-2, i-1 and i of the table, reused in turn. */
	unsigned char row[3][ZAG_NEAREST_MAX + 1];
	size_t na = strnlen(a, ZAG_NEAREST_MAX);
	size_t nb = strnlen(b, ZAG_NEAREST_MAX);
	size_t i, j;

	for (j = 0; j <= nb; j++)
		row[0][j] = (unsigned char)j;
	for (i = 1; i <= na; i++) {
		unsigned char *now = row[i % 3], *up = row[(i + 2) % 3];
		unsigned char *up2 = row[(i + 1) % 3];

		now[0] = (unsigned char)i;
		for (j = 1; j <= nb; j++) {
			int differ = fold(a[i - 1]) != fold(b[j - 1]);
			unsigned int d = min3(up[j] + 1U, now[j - 1] + 1U,
					      up[j - 1] + (differ ? 1U : 0U));

			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2])
			    && fold(a[i - 2]) == fold(b[j - 1]))
				d = min3(d, up2[j - 2] + 1U, d);
			now[j] = (unsigned char)d;
		}
	}
	return row[na % 3][nb];
}

int zag_distance_is_near(const char *name, unsigned int distance)
{
	return distance <= (strnlen(name, ZAG_NEAREST_MAX) + 1) / 3;
}
