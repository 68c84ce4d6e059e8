/* SPDX-License-Identifier: BSD-2-Clause */
/* The valid name nearest to a misspelt one. */
#ifndef ZAG_BASE_NEAREST_H
#define ZAG_BASE_NEAREST_H

/* Longer names are compared by their first so many characters. */
#define ZAG_NEAREST_MAX 63

/*
 * The number of letters to insert, delete, replace or swap to get from one
 * name to the other (case does not count, nor '-' against '_').
 * Context: any thread; no memory is allocated.
 */
unsigned int zag_distance(const char *a, const char *b);

/* Whether a name that far from `name` is worth suggesting. */
int zag_distance_is_near(const char *name, unsigned int distance);

#endif
