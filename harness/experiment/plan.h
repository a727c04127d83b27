/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: the text that tells the guest's agent, step by step, what to do.  It is a function of
 * guest, policy, scenario and seed, part of the spec, and the only place where the four meet.  It
 * has two parts: between them is the fork point, where a machine can be saved as a template.
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
	const char *fs;   /* the data device's file system, NULL = none */
	uint64_t fs_size; /* its bytes */
	/* A module to load if the kernel came with any: one without may have it built in. */
	const char *module_if_any;
	struct machine machine;
};

/* -EINVAL when the scenario asks for what the guest does not have. */
int plan_needs(const struct guest *guest, const struct scenario *scenario, struct plan_needs *needs,
	       struct err *err);

/* What must be known of a kernel to say what it makes of a machine. */
struct plan_kernel {
	bool numa;  /* it knows of nodes */
	bool kasan; /* which has a share of all memory for itself */
};

/*
 * What is done before the fork point: the machine is checked and its devices and file systems are
 * made.  A function of the guest (and of the devices of a scenario that brings its own).
 * modules: what image_build() says must be loaded, in that order.
 */
void plan_setup(const struct guest *guest, const struct scenario *scenario, char *const *modules,
		const struct plan_kernel *kernel, struct buf *out);

/*
 * What drivers that are built in must be told on the kernel's command line; modules as for
 * plan_setup().
 */
void plan_params(const struct guest *guest, const struct scenario *scenario,
		 const struct plan_needs *needs, char *const *modules, struct buf *out);

/*
 * What is done after it.  thp: the kernel can have huge pages; of one that cannot, a scenario may ask
 * that there are none.
 */
void plan_write(const struct guest *guest, const struct policy *policy,
		const struct scenario *scenario, bool thp, uint64_t seed, struct buf *out);

#endif
