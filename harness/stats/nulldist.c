// SPDX-License-Identifier: GPL-2.0-only
/* The exact distribution of a rank sum when every split into two arms is equally likely. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/stats.h"

double stats_choose(size_t n, size_t k)
{
	double c = 1;

	if (k > n - k)
		k = n - k;
	/* After step i, c is C(n - k + i, i): always whole, so the division is exact. */
	for (size_t i = 1; i <= k; i++)
		c = c * (double)(n - k + i) / (double)i;
	return c;
}

/*
 * Row j of the table counts the j-subsets of the ranks seen so far, by how much their sum exceeds
 * that of the j smallest ranks. Taking rank r as j-th member raises the sum by r and the baseline
 * by rank[j - 1], hence the step. reach[j] is the last used column of row j: without it most of the
 * time would go into adding zeros. Rows are done from the top so that row j - 1 is still the one
 * without r.
 */
static void take_rank(double *table, size_t width, size_t *reach, const size_t *rank, size_t r,
		      size_t rows)
{
	for (size_t j = rows; j > 0; j--) {
		size_t step = r - rank[j - 1];
		const double *from = table + (j - 1) * width;
		double *to = table + j * width + step;

		for (size_t s = 0; s <= reach[j - 1]; s++)
			to[s] += from[s];
		reach[j] = reach[j - 1] + step;
	}
}

int stats_null_counts(const size_t *rank, size_t n, size_t k, double **counts, size_t *width)
{
	size_t reach[STATS_EXACT_MAX / 2 + 1] = { 0 };
	size_t w = 1;
	double *table;

	if (n > STATS_EXACT_MAX || k > n / 2)
		return -EINVAL;
	/* From the k smallest to the k largest; fewer members spread less, so all rows fit. */
	for (size_t i = 0; i < k; i++)
		w += rank[n - 1 - i] - rank[i];
	table = calloc((k + 1) * w, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table[0] = 1;
	for (size_t i = 0; i < n; i++)
		take_rank(table, w, reach, rank, rank[i], i < k ? i + 1 : k);
	memmove(table, table + k * w, w * sizeof(*table));
	*counts = table;
	*width = w;
	return 0;
}
