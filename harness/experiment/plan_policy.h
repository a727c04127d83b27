/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan's lines that attach a policy's BPF objects, and record what it counts; a part of plan.c. */
#ifndef EXPERIMENT_PLAN_POLICY_H
#define EXPERIMENT_PLAN_POLICY_H

#include "base/buf.h"
#include "base/err.h"
#include "experiment/policy.h"
#include "experiment/scenario.h"

/* How many objects may be attached, each for one cgroup. */
#define PLAN_OBJECTS_MAX 32

/* -EINVAL where the scenario has no cgroup of that name, or none at all. */
int plan_policy_check(const struct policy *policy, const struct scenario *scenario,
		      struct err *err);
/* An object that is for each of the scenario's cgroups is "NAME@CGROUP" in each. */
void plan_policy(const struct policy *policy, const struct scenario *scenario, struct buf *out);

#endif
