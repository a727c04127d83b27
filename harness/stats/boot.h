/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * boot - an interval for any number that is made of several samples, such as the geometric mean of
 * the ratios of many metrics, by the bootstrap.  Conventions are those of stats.h.
 */
#ifndef WRINGER_STATS_BOOT_H
#define WRINGER_STATS_BOOT_H

#include <stddef.h>

struct stats_sample {
	const double *x;
	size_t n;
};

/* The number in question; NAN where it cannot be told of these samples. */
typedef double stats_number_fn(const struct stats_sample *s, size_t nr, const void *arg);

struct stats_boot {
	double value;	/* of the samples as they are */
	double lo, hi;
	size_t lost;	/* resamplings whose number was NAN: they are left out */
};

/*
 * stats_boot - value and BCa interval of confidence conf, by `reps` resamplings of s[0..nr-1].
 *
 * Each sample is drawn from itself, with replacement and to its own size; drawings are always the same
 * ones.  The interval's ends are the quantiles of the resamplings' numbers at
 *	Phi(z0 + (z0 +- z) / (1 - a (z0 +- z))),	z = z((1 + conf) / 2),
 * z0 being where the value itself is among them, and a, the acceleration, from the influence that
 * leaving out each value has (Efron, "Better Bootstrap Confidence Intervals", J. of the American
 * Statistical Association 82(397), 1987; several samples: Davison & Hinkley, "Bootstrap Methods and
 * their Application", 1997, section 5.3.2).  With samples of less than ten it covers less than it says.
 *
 * A value that no resampling differs from is its own interval.
 * -EINVAL when nr or a sample's size is 0, a value is not usable, conf is outside (0, 1), reps is below
 * 100 or above a million; -EDOM when the number is NAN of the samples as they are, or of half of the
 * resamplings; -ENOMEM.
 */
int stats_boot(stats_number_fn *number, const void *arg, const struct stats_sample *s, size_t nr,
	       double conf, size_t reps, struct stats_boot *out);

/*
 * stats_geomean_ratio - a stats_number_fn: the geometric mean, over pairs of samples, of the median
 * of the second over that of the first.  nr is even; NAN where a median is not above 0.
 */
stats_number_fn stats_geomean_ratio;

#endif /* WRINGER_STATS_BOOT_H */
