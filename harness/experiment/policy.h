/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy: what reclaims, from policies/NAME.conf, or policies/bpf/NAME.conf for "bpf:NAME".
 *
 *	[policy]	title
 *	[set]		PATH = TEXT, written in order after the devices are there and before any
 *			workload starts
 *	[expect]	PATH = TEXT, read back afterwards; anything else ends the experiment
 *	[count]		NAME = PATH, a number there that is recorded with the samples
 *	[bpf NAME]	a BPF object that is attached then; NAME.bpf.o beside the file, if object does not
 *			say otherwise
 */
#ifndef EXPERIMENT_POLICY_H
#define EXPERIMENT_POLICY_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

/* In [count]. */
#define POLICY_COUNTS_MAX 32

/* A section [bpf NAME]. */
struct policy_object {
	const char *name; /* in conf */
	char *object;     /* what the file is called, without .bpf.o */
	char *cgroup;     /* "" = the whole machine, "*" = each of the scenario's */
	struct buf vars;  /* " VARIABLE=VALUE" for each that is set */
	struct buf data;  /* the object */
};

struct policy {
	char *name;
	char *title;
	struct conf conf; /* [set], [expect] and [count] are taken from here */
	struct policy_object *object;
	size_t nr_objects;
};

/* It is called by its file, and one with BPF objects bpf:NAME. */
int policy_load(struct policy *policy, const char *path, struct err *err);
void policy_release(struct policy *policy);
/* The path of the policy that a user's word means, a heap string. */
char *policy_path(const char *word);

/* Checks a section of PATH = TEXT, as [set] and [expect] are, and marks it used; fine if absent. */
int knobs_check(struct conf *conf, const char *section, struct err *err);

#endif
