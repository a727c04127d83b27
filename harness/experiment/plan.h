/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: the text that tells the guest's agent, step by step, what to do.  It is a function of
 * guest, policy, scenario and seed, part of the spec, and the only place where the four meet.
 */
#ifndef EXPERIMENT_PLAN_H
#define EXPERIMENT_PLAN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "experiment/guest.h"
#include "experiment/policy.h"
#include "experiment/scenario.h"

/* What the image and the machine must have for this guest and scenario. */
#define PLAN_MODULES_MAX 32
struct plan_needs {
	const char *module[PLAN_MODULES_MAX + 1]; /* NULL-terminated */
	uint64_t fs_size; /* bytes of the data device's file system; 0 = none */
	struct machine machine;
};

/* -EINVAL when the scenario asks for what the guest does not have. */
int plan_needs(const struct guest *guest, const struct scenario *scenario, struct plan_needs *needs,
	       struct err *err);

/* modules: what image_build() says must be loaded, in that order. */
void plan_write(const struct guest *guest, const struct policy *policy,
		const struct scenario *scenario, uint64_t seed, char *const *modules,
		struct buf *out);

#endif
