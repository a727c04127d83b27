/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats - the statistics behind a comparison of two arms.
 *
 * An experiment runs a baseline arm "a" and a candidate arm "b" a handful of times each and asks,
 * for every metric, whether b is better, worse, the same, or whether nobody can tell. The
 * samples are few, skewed and full of ties, so everything here works on ranks and medians and is
 * exact where exact is affordable; no normal distribution is assumed of the data.
 *
 * Conventions of the whole header:
 *
 *  - Units are the caller's: results named min, median, shift, lo, hi are in the unit of the
 *    samples, everything else is a pure number.
 *  - A "usable" value is finite and at most DBL_MAX / 2 in magnitude, so that a difference of two
 *    is finite too. Functions that return int answer -EINVAL to any other value; functions that
 *    return double answer NAN.
 *  - Nothing is kept: inputs are read only, outputs are the caller's, no state lives between
 *    calls, so all functions may be called from several threads.
 *  - On error an output is left untouched.
 */
#ifndef WRINGER_STATS_H
#define WRINGER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest na + nb for which the null distribution of the rank sum is computed exactly. */
#define STATS_EXACT_MAX	200

/*
 * ---- Order statistics (dist.c) ----
 */

/* Five-number summary: the extremes, the quartiles (type 7, see stats_quantile) and the median. */
struct stats_summary {
	size_t n;
	double min;
	double q1;
	double median;
	double q3;
	double max;
};

/*
 * stats_median - the middle value of x[0..n-1], the mean of the two middle ones when n is even.
 *
 * x need not be sorted and is not modified. No memory is allocated. NAN when n is 0 or a value is
 * not usable.
 */
double stats_median(const double *x, size_t n);

/* stats_mean - the mean of x[0..n-1], n above 0: nothing is checked. */
double stats_mean(const double *x, size_t n);

/* stats_squares - the sum of the squared distances from the mean, as stats_mean. */
double stats_squares(const double *x, size_t n);

/*
 * stats_quantile - the q-quantile of x[0..n-1] for q in [0, 1].
 *
 * Linear interpolation between the order statistics around position (n - 1) q, counted from 0:
 * definition 7 of Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50(4), 1996. NAN when n is 0, q is outside [0, 1] or a value is not usable.
 */
double stats_quantile(const double *x, size_t n, double q);

/* stats_summarise - fill *out from x[0..n-1]. -EINVAL when n is 0 or a value is not usable. */
int stats_summarise(const double *x, size_t n, struct stats_summary *out);

/*
 * ---- Two arms by ranks (ranktest.c) ----
 */

/* What stats_mwu finds. */
struct stats_mwu {
	double u;	/* pairs with b > a plus half the pairs with b == a; 0 .. na * nb */
	double p;	/* two-sided: twice the smaller tail, each tail with u itself; at most 1 */
	double a12;	/* u / (na * nb): the chance that a random b exceeds a random a; 0 .. 1 */
	double p_min;	/* the smallest p any data of these sizes can give */
	bool exact;	/* p comes from the exact distribution, not from the normal curve */
};

/*
 * stats_mwu - two-sided Mann-Whitney test of a[0..na-1] against b[0..nb-1].
 *
 * Mann & Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than
 * the Other", Annals of Mathematical Statistics 18(1), 1947. Up to na + nb = STATS_EXACT_MAX p is
 * the permutation probability given the ties actually present: every choice of nb among the
 * na + nb midranks is equally likely, and all of them are counted. Beyond, p is the normal
 * approximation with the tie-corrected variance
 *	na nb / 12 (N + 1 - sum(t^3 - t) / (N (N - 1))),	N = na + nb, t = size of a tie group
 * and a continuity correction of 1/2 (Lehmann, "Nonparametrics", 1975, section 1.2).
 *
 * a12 is the effect size of Vargha & Delaney, "A Critique and Improvement of the CL Common
 * Language Effect Size Statistics", J. of Educational and Behavioral Statistics 25(2), 2000.
 * p_min is 2 / C(na + nb, na), at most 1: what two arms that do not overlap give. Ties across
 * the arms can put it out of reach.
 *
 * Two arms that are one and the same constant give u = na nb / 2 and p = 1.
 *
 * Needs up to 16 MB while it runs (two arms of 100); a few kB for arms of ten.
 * -EINVAL when an arm is empty or a value is not usable, -EOVERFLOW when the pairs cannot be
 * counted, -ENOMEM.
 */
int stats_mwu(const double *a, size_t na, const double *b, size_t nb, struct stats_mwu *out);

/* What stats_shift finds. */
struct stats_shift {
	double shift;		/* how much b exceeds a; negative when b is the smaller */
	double lo;		/* confidence interval of the shift, both ends included */
	double hi;
	double coverage;	/* confidence [lo, hi] really has, at least the one asked for */
	bool bounded;		/* false: the arms are too small, [lo, hi] is everything */
	bool exact;		/* coverage comes from the exact distribution */
};

/*
 * stats_shift - Hodges-Lehmann estimate of the shift from a to b, with a confidence interval.
 *
 * shift is the median of the na * nb differences b[j] - a[i]: Hodges & Lehmann, "Estimates of
 * Location Based on Rank Tests", Annals of Mathematical Statistics 34(2), 1963. With D(1) <= ...
 * <= D(M) the sorted differences, the interval is [D(c), D(M + 1 - c)] for the largest c with
 * P(U <= c - 1) <= (1 - conf) / 2, and its coverage is 1 - 2 P(U <= c - 1) (Lehmann 1975, section
 * 2.6). U has the Mann-Whitney null distribution without ties: exact up to na + nb =
 * STATS_EXACT_MAX, else normal with continuity correction. Tied data are covered at least as
 * often as stated, because the interval is closed.
 *
 * conf lies in (0, 1). When even c = 1 is too much to ask, bounded is false, lo = -INFINITY,
 * hi = INFINITY and coverage = 1; shift is valid all the same. Two constant arms give the point
 * interval [d, d] when they are large enough to bound anything.
 *
 * Takes O((na + nb) log(na + nb)) time and memory in proportion to na + nb besides that of the
 * distribution; the differences are never stored.
 * -EINVAL when an arm is empty, conf is out of range or a value is not usable, -EOVERFLOW when
 * the pairs cannot be counted, -ENOMEM.
 */
int stats_shift(const double *a, size_t na, const double *b, size_t nb, double conf,
		struct stats_shift *out);

/*
 * stats_n_needed - how many runs per arm before anything can become significant.
 *
 * The smallest n for which two arms of n runs that do not overlap at all satisfy
 * tests * 2 / C(2n, n) < p_alpha, that is, for which the smallest of `tests` p-values can survive
 * stats_holm at p_alpha. 0 when p_alpha is not above 0, tests is 0, or no n up to
 * STATS_EXACT_MAX / 2 is enough.
 */
size_t stats_n_needed(double p_alpha, size_t tests);

/*
 * ---- Many numbers together (labels.c) ----
 *
 * Thousands of counters at many points of time are seen in the same few runs, and depend on each
 * other in ways nobody knows.  What is known is that, if the arms do not differ, the runs' labels
 * "a" and "b" could be any others: so the largest distance that is found anywhere is compared with
 * the largest under every other labelling of the same runs. Whatever is above the others' 95th
 * percentile is so with a chance of 5 % for even one false alarm among all numbers, whatever their
 * dependence: the single-step maxT procedure of Westfall & Young, "Resampling-Based Multiple
 * Testing", 1993, section 2.3.
 */

/*
 * Labellings of the same runs; the first is the true one, and mirror images are left out. Paired: run i
 * of either arm has the same seed, so only the two of a pair change places.
 */
struct stats_labels {
	size_t na, nb;
	bool paired;
	bool all;	/* all there are, not a sample */
	size_t nr;	/* so no p is below 1 / nr */
	size_t n;	/* weights of each labelling: na + nb, or pairs */
	double *w;	/* n rows of nr weights; owned */
	double *sum;	/* nr, for the functions below; owned */
};

/*
 * stats_labels_make - all labellings, or where there are more than `most` the true one and most - 1 that
 * are drawn at random, always the same (that the true one is among them makes p exact: Phipson &
 * Smyth, "Permutation P-values Should Never Be Zero", Statistical Applications in Genetics and
 * Molecular Biology 9(1), 2010). -EINVAL when an arm is empty, na + nb is above STATS_EXACT_MAX, most
 * is 0, or pairs do not come out even; -ENOMEM.
 */
int stats_labels_make(size_t na, size_t nb, bool paired, size_t most, struct stats_labels *out);
void stats_labels_release(struct stats_labels *l);

/*
 * stats_labels_distance - how far apart the arms of x[0..na+nb-1] are, those of arm a first.
 *
 * The difference of the means over (the standard deviation inside the arms + floor); negative when b
 * is the smaller. Paired, the deviation is that of the pairs' differences over sqrt(2), which is the
 * same where pairs have nothing in common. floor, above 0, is in the unit of x: it keeps counters
 * that take two or three values from being infinitely far apart (the fudge factor of Tusher,
 * Tibshirani & Chu, PNAS 98(9), 2001). best[0..nr-1] are raised to the distance under each labelling;
 * they start at 0. na + nb must be above 2, paired na above 1.
 */
double stats_labels_distance(const struct stats_labels *l, const double *x, double floor,
			     double *best);
/* stats_labels_p - of x alone: the share of labellings whose means are as far apart. */
double stats_labels_p(const struct stats_labels *l, const double *x);
/* stats_labels_p_of - of a distance, for all numbers that went into best together. */
double stats_labels_p_of(const struct stats_labels *l, const double *best, double d);

/*
 * ---- How much one arm scatters, and what seeing a change then costs (spread.c) ----
 */

/* How values of one kind differ among themselves. */
struct stats_spread {
	size_t n;
	double min;
	double median;
	double max;
	double mean;
	double sd;		/* of the sample, with n - 1; NAN for n = 1 */
	double cv;		/* sd / |mean|; NAN where the mean is 0 or n = 1 */
	double robust_cv;	/* 1.4826 MAD / |median|; NAN where the median is 0 or n = 1 */
};

/*
 * stats_spread - fill *out from x[0..n-1].
 *
 * MAD is the median of the distances from the median; 1.4826 = 1 / z(3/4) of them estimate the standard
 * deviation where the data are normal (Hampel, "The Influence Curve and its Role in Robust
 * Estimation", J. of the American Statistical Association 69(346), 1974). Half of the values may be
 * anything without moving it far, so a robust_cv well below cv says that few values make the cv.
 * -EINVAL when n is 0 or a value is not usable, -ENOMEM.
 */
int stats_spread(const double *x, size_t n, struct stats_spread *out);

/*
 * stats_n_for_change - how many runs per arm show a change of that size.
 *
 * change and cv are fractions of the same median; power is the chance in (0, 1) that the two-sided
 * Mann-Whitney test of two arms of n normal samples with that cv, shifted by change, gives
 * p < p_alpha:
 *	n = 2 (z(1 - p_alpha / 2) + z(power))^2 (cv / change)^2 / (3 / pi) + z(1 - p_alpha / 2)^2 / 4
 * rounded up. The first term is the number for a test on means with known variance, divided by the
 * rank test's efficiency for normal data (Lehmann, "Nonparametrics", 1975, sections 2.2 and 2.4; for
 * a small shift the same as Noether, "Sample Size Determination for Some Common Nonparametric
 * Tests", J. of the American Statistical Association 82(398), 1987). The second is for the variance
 * not being known (Guenther, "Sample Size Formulas for Normal Theory t Tests", The American
 * Statistician 35(4), 1981). It is never below stats_n_needed(p_alpha, 1): with fewer runs no data
 * can be significant, however far apart.
 *
 * 0 when cv is negative or not finite, change or p_alpha is not above 0, power or p_alpha is not
 * below 1, or n would be above a billion.
 */
size_t stats_n_for_change(double cv, double change, double p_alpha, double power);

/*
 * stats_change_for_n - the smallest change that n runs per arm show.
 *
 * The inverse of stats_n_for_change, in the unit of cv.  INFINITY when no change is large
 * enough for so few runs, NAN where stats_n_for_change has no answer for any change.
 */
double stats_change_for_n(double cv, size_t n, double p_alpha, double power);

/*
 * stats_n_for_verdict - how many runs per arm show a change of that size to a gate with a floor.
 *
 * As stats_n_for_change, and enough for the estimated shift to be at least floor, which
 * stats_judge asks for too.  Its standard deviation is cv sqrt(2 / n / (3 / pi)), so that takes
 *	n = 2 (z(power) cv / (change - floor))^2 / (3 / pi)
 * rounded up.  floor is a fraction as change is, at least 0; 0 runs when it is not below change.
 */
size_t stats_n_for_verdict(double cv, double change, double floor, double p_alpha, double power);

/* What is to be seen: change and floor are fractions of the median, as for stats_n_for_verdict. */
struct stats_aim {
	double change;
	double floor;
	double p_alpha;
	double power;
};

/* Fewer values say too little of their distribution to draw from them. */
#define STATS_PILOT_MIN	8

/*
 * stats_n_for_values - how many runs per arm show a change of that size, by values that were seen.
 *
 * The formula of stats_n_for_verdict is for normal data, and promises too much where values lie in
 * heaps or are far apart from the others, above all for few runs.  So of that many and more, up to
 * 64, arms are drawn from x with putting back, each value of one is moved by the change of itself, and the first number
 * is taken that sees it in as large a share of the draws as asked for (Collings & Hamilton, "Estimating
 * the Power of the Two-Sample Wilcoxon Test for Location Shift", Biometrics 44(3), 1988), with a chance of
 * 1 in 20 that it is short of that.  The draws are the same each time.  With fewer than STATS_PILOT_MIN values
 * the formula stands.
 *
 * *out is 0 where stats_n_for_verdict has no answer. -EINVAL when nx is 0 or a value is not usable,
 * -ENOMEM.
 */
int stats_n_for_values(const double *x, size_t nx, const struct stats_aim *aim, size_t *out);
/* Its inverse, as stats_change_for_n; NAN too when floor is not at least 0. */
double stats_change_for_verdict(double cv, size_t n, double floor, double p_alpha, double power);

/*
 * stats_normal_quantile - the value below which a standard normal variable lies with probability p.
 *
 * p in (0, 1); the error is that of erfc(), and the answer within (-40, 40).
 */
double stats_normal_quantile(double p);

/*
 * ---- Shares, and Student's t (beta.c) ----
 */

/*
 * stats_beta - the regularised incomplete beta function I_x(a, b): P(beta variable <= x).
 *
 * a and b above 0, x in [0, 1]; NAN otherwise.  Relative error about 1e-12 up to a million.
 */
double stats_beta(double x, double a, double b);

/* Largest n of stats_share. */
#define STATS_SHARE_MAX	1000000000

/* A share of trials, with an interval for what it would be of infinitely many. */
struct stats_share {
	double share;
	double lo;
	double hi;
};

/*
 * stats_share - k of n, with its exact interval of confidence conf.
 *
 * Clopper & Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
 * Binomial", Biometrika 26(4), 1934: each end is missed with a chance of (1 - conf) / 2 at most,
 * whatever the share.
 * -EINVAL when n is 0 or above STATS_SHARE_MAX, k is above n or conf is outside (0, 1).
 */
int stats_share(size_t k, size_t n, double conf, struct stats_share *out);

/*
 * stats_t_quantile - the p-quantile of Student's t with df degrees of freedom.
 *
 * p in (0, 1), df at least 1 and finite; NAN otherwise.
 */
double stats_t_quantile(double p, double df);

/*
 * ---- From numbers to a verdict (verdict.c) ----
 */

/*
 * stats_holm - Holm's step-down adjustment of p[0..n-1] into adj[0..n-1], same order.
 *
 * Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
 * Statistics 6(2), 1979. With the p-values in ascending order, the i-th (from 1) adjusted value is
 * the largest of min(1, (n - j + 1) p_j) over j <= i. Comparing adj with alpha holds the chance of
 * even one false rejection in the family to alpha, whatever the dependence between the tests.
 *
 * p and adj must not overlap. n = 0 is an empty family and succeeds. O(n^2), no allocation.
 * -EINVAL when a p-value is not in [0, 1].
 */
int stats_holm(const double *p, size_t n, double *adj);

/*
 * stats_bh - Benjamini & Hochberg's step-up adjustment of p[0..n-1] into adj[0..n-1], same order.
 *
 * Benjamini & Hochberg, "Controlling the False Discovery Rate: a Practical and Powerful Approach to
 * Multiple Testing", J. of the Royal Statistical Society B 57(1), 1995. With the p-values in ascending
 * order, the i-th (from 1) adjusted value is the smallest of min(1, n p_j / j) over j >= i. Of those
 * whose adj is at most q, a share of q at most is expected to be false, for tests that are independent
 * or depend on each other positively: for what is looked at for reasons, never for a verdict.
 *
 * Conditions and errors as stats_holm.
 */
int stats_bh(const double *p, size_t n, double *adj);

/* Which way a metric is good. */
enum stats_direction {
	STATS_DIR_NONE,		/* neither: shown, never judged */
	STATS_DIR_LOWER,
	STATS_DIR_HIGHER,
};

/* What can be said of b against a. */
enum stats_verdict {
	STATS_NONE,		/* the metric has no good direction */
	STATS_BETTER,
	STATS_WORSE,
	STATS_SAME,		/* shown to differ by no more than the margin */
	STATS_UNDECIDED,	/* neither a difference nor sameness was shown */
};

/*
 * The thresholds of a verdict. A difference smaller than the margin,
 *	max(min_rel * |median of the baseline|, min_abs),
 * does not matter to anybody, however certain it may be.
 */
struct stats_gate {
	double min_rel;		/* fraction of the baseline median, >= 0 */
	double min_abs;		/* in the unit of the metric, >= 0 */
	double alpha;		/* significance level the adjusted p must be below */
};

/*
 * stats_judge - the verdict on one metric. In this order:
 *
 *  1. NONE when dir is STATS_DIR_NONE.
 *  2. BETTER or WORSE, by dir and the sign of the shift, when p_adj < gate->alpha, the shift is
 *     not 0 and |shift| >= margin.
 *  3. SAME when the interval is bounded and lies inside (-margin, margin), or is [0, 0]:
 *     equivalence by confidence interval (Schuirmann, J. of Pharmacokinetics and
 *     Biopharmaceutics 15(6), 1987). So a shift that is certain but smaller than the margin is
 *     SAME, provided the interval rules out that it is as large. An interval of confidence 1 - 2x
 *     makes this a test of level x, that of two one-sided rank tests against a shift of the
 *     margin. An end that is the margin itself is not inside, or with ties the level would not
 *     hold: it is the closed interval that covers as often as stated. The level is not adjusted
 *     for the number of metrics.
 *  4. UNDECIDED otherwise. Little data always ends here, never in SAME.
 *
 * base_median is the median of arm a. shift is from stats_shift, p_adj from stats_mwu by way of
 * stats_holm. A margin that is not finite or is negative, or a missing shift or gate, is
 * UNDECIDED; a p_adj of NAN counts as not significant.
 */
enum stats_verdict stats_judge(enum stats_direction dir, double base_median,
			       const struct stats_shift *shift, double p_adj,
			       const struct stats_gate *gate);

/*
 * stats_verdict_name - "none", "better", "worse", "same", "undecided"; "invalid" for any other
 * value. The string is static.
 */
const char *stats_verdict_name(enum stats_verdict v);

/*
 * ---- Histograms (hist.c) ----
 */

/* One bucket: count events, none of them above upper, all above the previous bucket's upper. */
struct stats_bucket {
	uint64_t upper;
	uint64_t count;
};

/* stats_hist_total - number of events in b[0..n-1]. The sum must fit in 64 bits. */
uint64_t stats_hist_total(const struct stats_bucket *b, size_t n);

/*
 * stats_hist_quantile - upper bound of the bucket that holds the q-quantile, q in (0, 1].
 *
 * b[0..n-1] is sorted by upper; empty buckets are allowed. The quantile is the event of rank
 * ceil(q * total), counted from 1 (definition 1 of Hyndman & Fan 1996): an event that happened,
 * not an interpolation. The true value is at most the answer, and above the upper bound of the
 * bucket before, so the error is the width of one bucket, always on the pessimistic side.
 *
 * 0 when there are no events or q is outside (0, 1]. Ranks are exact up to 2^50 events.
 */
uint64_t stats_hist_quantile(const struct stats_bucket *b, size_t n, double q);

#endif /* WRINGER_STATS_H */
