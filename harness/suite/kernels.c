// SPDX-License-Identifier: GPL-2.0-only
/* Kernels by rule: what is the newest of each branch, a tree's head, the last good one, today? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/build.h"
#include "suite/suite.h"

/* "6.12" of "6.12.107", "7.3" of "7.3~rc7". */
static size_t branch_len(const char *version)
{
	size_t major = strcspn(version, ".");

	return version[major] ? major + 1 + strspn(version + major + 1, "0123456789") : major;
}

static bool same_branch(const char *a, const char *b)
{
	size_t len = branch_len(a);

	return len == branch_len(b) && !strncmp(a, b, len);
}

/* Below both ends, a branch named as an end belongs to it whatever is behind the dot. */
static bool in_range(const char *version, const char *from, const char *to)
{
	if (kernel_version_cmp(version, from) < 0 && !same_branch(version, from))
		return false;
	return !*to || kernel_version_cmp(version, to) <= 0 || same_branch(version, to);
}

/* Rungs come oldest first, so a branch's newest is that which no later one of it follows. */
static bool newest_of_branch(const struct ladder *l, size_t at)
{
	size_t i;

	if (strchr(l->rung[at].version, '~'))
		return false;
	for (i = at + 1; i < l->nr; i++)
		if (same_branch(l->rung[i].version, l->rung[at].version) &&
		    !strchr(l->rung[i].version, '~'))
			return false;
	return true;
}

static int rule_each(struct suite *suite, struct suite_kernel *k, const char *range, struct err *err)
{
	cleanup_free char *from = xstrdup(range);
	char *dots = strstr(from, ".."), *to = dots ? dots + 2 : from + strlen(from);
	struct ladder ladder;
	size_t i;
	int ret = ladder_load(&ladder, false, err);

	if (ret)
		return ret;
	if (dots)
		*dots = '\0';
	for (i = 0; i < ladder.nr; i++)
		if (newest_of_branch(&ladder, i) && in_range(ladder.rung[i].version, from, to))
			names_add(&k->is, ladder.rung[i].version);
	ladder_release(&ladder);
	return k->is.nr ? 0 : conf_complain(&suite->conf, k->line, err, "no prebuilt kernel is of %s", range);
}

/* "TREE config=a,b patches=DIR toolchain=SUITE" */
struct build_rule {
	char *text; /* the rule, cut into words */
	struct build build;
	struct names fragments;
};

static int take_word(struct build_rule *r, char *word)
{
	char *value = strchr(word, '='), *rest;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(word, "patches"))
		r->build.patches = value;
	else if (!strcmp(word, "toolchain"))
		r->build.toolchain = value;
	else if (strcmp(word, "config"))
		return -EINVAL;
	for (rest = strcmp(word, "config") ? NULL : value; rest;)
		names_add(&r->fragments, strsep(&rest, ","));
	return r->fragments.nr > FRAGMENTS_MAX ? -EINVAL : 0;
}

static int rule_build(struct suite *suite, struct suite_kernel *k, const char *words,
		      void (*say)(const char *line), struct err *err)
{
	struct build_rule r = {.text = xstrdup(words),
			       .build = {.nr_patches = BUILD_ALL, .toolchain = "auto", .say = say}};
	char *rest = r.text, *word;
	struct built built;
	int ret = 0;

	r.build.tree = strsep(&rest, " ");
	while (!ret && (word = strsep(&rest, " ")))
		ret = *word ? take_word(&r, word) : 0;
	if (!r.fragments.nr)
		names_add(&r.fragments, "base");
	r.build.fragments = r.fragments.name;
	if (ret || !*r.build.tree)
		ret = conf_complain(&suite->conf, k->line, err,
				    "%s: written build TREE config=LIST patches=DIR toolchain=SUITE", k->name);
	else
		ret = build_kernel(&r.build, &built, err);
	if (!ret) {
		names_add(&k->is, built.name);
		built_release(&built);
	}
	names_release(&r.fragments);
	free(r.text);
	return ret;
}

static int rule_last(struct suite *suite, struct suite_kernel *k, void (*say)(const char *line))
{
	cleanup_free char *word = suite_recall(suite, k->rule);
	char line[160];

	if (word) {
		names_add(&k->is, word);
	} else if (say) {
		snprintf(line, sizeof(line), "kernel %.40s: there is no %.20s yet", k->name, k->rule);
		say(line);
	}
	return 0;
}

static int resolve(struct suite *suite, struct suite_kernel *k, void (*say)(const char *line),
		   struct err *err)
{
	if (!strncmp(k->rule, "each ", 5))
		return rule_each(suite, k, k->rule + 5, err);
	if (!strncmp(k->rule, "build ", 6))
		return rule_build(suite, k, k->rule + 6, say, err);
	if (!strcmp(k->rule, "last-good") || !strcmp(k->rule, "last-night"))
		return rule_last(suite, k, say);
	if (!*k->rule || strchr(k->rule, ' '))
		return conf_complain(&suite->conf, k->line, err,
				     "%s: a kernel as after -k, each FROM..TO, build TREE ..., last-good or "
				     "last-night", k->name);
	names_add(&k->is, k->rule);
	return 0;
}

/* What no cells name is not built. */
static bool is_used(const struct suite *suite, const char *name)
{
	size_t i, k;

	for (i = 0; i < suite->nr_cells; i++)
		for (k = 0; k < suite->cells[i].word[AXIS_KERNEL].nr; k++)
			if (!strcmp(suite->cells[i].word[AXIS_KERNEL].name[k], name))
				return true;
	return false;
}

int suite_kernels(struct suite *suite, void (*say)(const char *line), struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < suite->nr_kernels; i++)
		if (!suite->kernel[i].is.nr && is_used(suite, suite->kernel[i].name))
			ret = resolve(suite, &suite->kernel[i], say, err);
	return ret;
}
