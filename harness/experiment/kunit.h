/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel's own unit tests (KUnit): built in, they run when it boots and say on the console how that
 * went, in KTAP.
 */
#ifndef EXPERIMENT_KUNIT_H
#define EXPERIMENT_KUNIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct kunit_opts {
	const char *filter; /* suites, or suite.test, with * and ?; NULL = all */
	int64_t limit_ms;   /* wall clock; 0 = none */
	void (*say)(const char *line);
};

struct kunit {
	json_t *tests;   /* owned: [{test, outcome, reason}] */
	uint64_t nr[4];  /* passed, failed, skipped, expected to fail */
	uint64_t missing; /* planned, and never reported */
	char error[160]; /* the output makes no sense from some point on; or "" */
};

/*
 * Boots a kernel, as kernel_resolve() finds it, and reads what its tests said.  User-Mode Linux is
 * run as what it is, others by the fast engine.  -ENODATA when there were no tests, with the reason
 * as far as the console tells it.
 */
int kunit_run(const char *kernel, const struct kunit_opts *opts, struct kunit *out, struct err *err);
void kunit_release(struct kunit *kunit);

#endif
