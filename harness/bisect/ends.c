// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/ends.h"

#include <math.h>

#define CONFIDENCE 0.95

/*
 * Standard deviation inside the sides.  Of shares that are all 0 or all 1 it is that of one more
 * observation that is not (Laplace's rule), or nothing would ever be too few.
 */
static double spread_inside(const struct question *q, const double *a, size_t na, const double *b,
			    size_t nb)
{
	double n = (double)(na + nb), rate;

	if (q->model == MODEL_LEVEL)
		return na + nb > 2 ? sqrt((stats_squares(a, na) + stats_squares(b, nb)) / (n - 2)) : 0;
	rate = (stats_mean(a, na) * (double)na + stats_mean(b, nb) * (double)nb + 1) / (n + 2);
	return sqrt(rate * (1 - rate));
}

static enum ends_verdict verdict_on_rates(double difference, double p, double alpha)
{
	if (p >= alpha || difference == 0)
		return ENDS_UNDECIDED;
	return difference > 0 ? ENDS_DIFFER : ENDS_REVERSED;
}

static enum ends_verdict verdict_on_levels(const struct question *q, double alpha, double p,
					   double good, const struct stats_shift *shift)
{
	struct stats_gate gate = {q->min_rel, q->min_abs, alpha};
	enum stats_direction better = q->better;

	if (better == STATS_DIR_NONE)
		better = shift->shift > 0 ? STATS_DIR_LOWER : STATS_DIR_HIGHER;
	switch (stats_judge(better, good, shift, p, &gate)) {
	case STATS_WORSE:
		return ENDS_DIFFER;
	case STATS_BETTER:
		return ENDS_REVERSED;
	case STATS_SAME:
		return ENDS_SAME;
	default:
		return ENDS_UNDECIDED;
	}
}

int ends_judge(const struct question *q, double alpha, const double *good, size_t nr_good,
	       const double *bad, size_t nr_bad, struct ends *out)
{
	struct stats_shift shift;
	struct stats_mwu mwu;
	double sd, difference;
	int ret = stats_mwu(good, nr_good, bad, nr_bad, &mwu);

	if (!ret)
		ret = stats_shift(good, nr_good, bad, nr_bad, CONFIDENCE, &shift);
	if (ret)
		return ret;
	*out = (struct ends){.nr_good = nr_good, .nr_bad = nr_bad, .p = mwu.p};
	sd = spread_inside(q, good, nr_good, bad, nr_bad);
	if (q->model == MODEL_RATE) {
		out->good = stats_mean(good, nr_good);
		out->bad = stats_mean(bad, nr_bad);
		difference = out->bad - out->good;
		out->verdict = verdict_on_rates(difference, mwu.p, alpha);
	} else {
		out->good = stats_median(good, nr_good);
		out->bad = stats_median(bad, nr_bad);
		difference = shift.shift;
		out->verdict = verdict_on_levels(q, alpha, mwu.p, out->good, &shift);
	}
	out->visible = stats_change_for_n(sd, nr_good < nr_bad ? nr_good : nr_bad, alpha,
					  ENDS_POWER);
	out->needed = stats_n_for_change(sd, fabs(difference), alpha, ENDS_POWER);
	return 0;
}
