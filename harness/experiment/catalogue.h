/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenarios by name: those that come with the program, and how a user names one. */
#ifndef EXPERIMENT_CATALOGUE_H
#define EXPERIMENT_CATALOGUE_H

#include <stddef.h>

#include "experiment/scenario.h"

/* A list of strings, owned, NULL-terminated. */
struct names {
	char **name;
	size_t nr;
};

void names_add(struct names *names, const char *name);
void names_release(struct names *names);

/*
 * Loads what a user calls NAME or PATH, with values set behind colons: "kv-scan:limit=32M:window=2s".
 * -ENOENT when there is none of that name.
 */
int catalogue_load(const char *word, struct scenario *scenario, struct err *err);

/*
 * Adds the scenarios that the words name: "@GROUP" stands for all of that group, "all" for all that
 * come with the program; any other word for itself.  What is there already is not added again.
 * -ENOENT for a group that there is not.
 */
int catalogue_expand(char *const *words, struct names *out, struct err *err);

#endif
