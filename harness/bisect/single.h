/* SPDX-License-Identifier: GPL-2.0-only */
/* One kernel judged against what is known: for other people's git bisect run. */
#ifndef BISECT_SINGLE_H
#define BISECT_SINGLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bisect/ends.h"
#include "bisect/measure.h"

/* So sure which of two ends it is like: a bisection asks it a dozen times. */
#define SINGLE_SURE 0.99

enum single_verdict { SINGLE_GOOD, SINGLE_BAD, SINGLE_UNTESTABLE };

struct single_ask {
	const struct measure *measure;
	struct question question;
	const char *kernel;
	const char *base;       /* bad is to be worse than this one; or NULL */
	const char *good, *bad; /* it is to be told which it is like; or both NULL */
	const uint64_t *seed;   /* in their order, as many as it takes */
	size_t nr_seeds;
};

struct single {
	enum single_verdict verdict;
	size_t nr;     /* experiments of the kernel */
	char why[512]; /* a sentence */
};

/*
 * Without base and ends it is bad as soon as one experiment fails.  An error is none of the kernel's:
 * what is wrong with it makes it SINGLE_UNTESTABLE.
 */
int single_judge(const struct single_ask *ask, struct single *out, struct err *err);

#endif
