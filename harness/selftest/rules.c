// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/rules.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "stats/stats.h"

/* Of LKP. */
#define LEAST  3
#define MARGIN 3
#define RATIO  1.01
#define GAP    2

const char *rule_name(enum rule rule)
{
	static const char *const names[] = {"LKP", "LKP gap", "mmtests", "SQUAD"};

	return names[rule];
}

/* What LKP goes by; "mean" is its word for the middle element. */
struct range {
	double min, mean, max;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct range range_of(const double *x, size_t n)
{
	cleanup_free double *sorted = xcalloc(n, sizeof(*sorted));
	size_t cut = n / 32 < MARGIN ? n / 32 : MARGIN;

	memcpy(sorted, x, n * sizeof(*x));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return (struct range){sorted[cut], sorted[cut + (n - 2 * cut) / 2], sorted[n - 1 - cut]};
}

static bool is_above(const struct range *low, const struct range *high, bool gap)
{
	if (gap)
		return high->min > low->max &&
		       high->min - low->max > (high->mean - low->mean) / GAP;
	return high->min > low->mean && high->mean > low->max;
}

/* Where the lower is 0 or below there is no ratio, and any will do. */
static bool is_large(const struct range *low, const struct range *high)
{
	return !(low->mean > 0) || high->mean / low->mean > RATIO;
}

static int lkp(const double *a, size_t na, const double *b, size_t nb, bool gap)
{
	struct range ra = range_of(a, na), rb = range_of(b, nb);

	if (na < LEAST && nb < LEAST)
		return 0;
	if (is_above(&ra, &rb, gap))
		return is_large(&ra, &rb);
	if (is_above(&rb, &ra, gap))
		return -is_large(&rb, &ra);
	return 0;
}

/* Half the width of the interval around the mean, but for the quantile. */
static double error_of(const double *x, size_t n)
{
	return sqrt(stats_squares(x, n) / (double)(n - 1) / (double)n);
}

static int sign_of(double v)
{
	return (v > 0) - (v < 0);
}

static int mmtests(const double *a, size_t na, const double *b, size_t nb)
{
	double difference = stats_mean(b, nb) - stats_mean(a, na), ta, tb;

	if (na < 2 || nb < 2)
		return 0;
	ta = stats_t_quantile(0.975, (double)(na - 1));
	tb = nb == na ? ta : stats_t_quantile(0.975, (double)(nb - 1));
	if (!(fabs(difference) > ta * error_of(a, na) + tb * error_of(b, nb)))
		return 0;
	return sign_of(difference);
}

int rule_says(enum rule rule, const double *a, size_t na, const double *b, size_t nb)
{
	switch (rule) {
	case RULE_LKP:
	case RULE_LKP_GAP:
		return lkp(a, na, b, nb, rule == RULE_LKP_GAP);
	case RULE_MMTESTS:
		return mmtests(a, na, b, nb);
	default:
		return sign_of(stats_mean(b, nb) - stats_mean(a, na));
	}
}
