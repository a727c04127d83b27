/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy: what reclaims, from policies/NAME.conf.
 *
 *	[policy]	title
 *	[set]		PATH = TEXT, written in order after the devices are there and before any
 *			workload starts
 *	[expect]	PATH = TEXT, read back afterwards; anything else ends the experiment
 */
#ifndef EXPERIMENT_POLICY_H
#define EXPERIMENT_POLICY_H

#include "base/conf.h"
#include "base/err.h"

struct policy {
	char *name;
	char *title;
	struct conf conf; /* [set] and [expect] are taken from here */
};

int policy_load(struct policy *policy, const char *path, struct err *err);
void policy_release(struct policy *policy);

/* Checks a section of PATH = TEXT, as [set] and [expect] are, and marks it used; fine if absent. */
int knobs_check(struct conf *conf, const char *section, struct err *err);

#endif
