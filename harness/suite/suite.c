// SPDX-License-Identifier: GPL-2.0-only
#include "suite/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "stats/stats.h"

static const char *const spendings[] = {
	[STATS_POCOCK] = "pocock", [STATS_OBRIEN] = "obrien", NULL,
};
static const char *const expects[] = {
	[SUITE_ANY] = "any", [SUITE_NOT_WORSE] = "not-worse", [SUITE_SAME] = "same",
	[SUITE_BETTER] = "better", NULL,
};

/* A section's lists, before they are split. */
struct cells_text {
	char *axis[AXIS_NR];
	char *seeds, *looks, *by;
};

static void cells_text_release(struct cells_text *t)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		free(t->axis[axis]);
	free(t->seeds);
	free(t->looks);
	free(t->by);
}

static void split(const char *text, struct names *out)
{
	cleanup_free char *copy = xstrdup(text ? text : "");
	char *rest = copy, *word;

	while ((word = strsep(&rest, ", ")))
		if (*word)
			names_add(out, word);
}

/* Commas and blanks part them, as in all lists of the file. */
static int numbers(const char *text, size_t max, uint64_t **out, size_t *nr)
{
	struct names words = {0};
	size_t i;
	int ret = 0;

	split(text, &words);
	for (i = 0; !ret && i < words.nr; i++)
		ret = parse_numbers(words.name[i], max, out, nr);
	names_release(&words);
	return ret;
}

static int take_seeds(const struct suite *suite, struct suite_cells *c, const char *text, struct err *err)
{
	int ret = numbers(text ? text : "1-8", SUITE_SEEDS_MAX, &c->seed, &c->nr_seeds);

	if (ret)
		return conf_complain(&suite->conf, c->line, err,
				     "seeds = %s: at most %d, as in 1-8,12", text, SUITE_SEEDS_MAX);
	return 0;
}

/* Of all seeds, in the order in which they are named, the first so many are there at each look. */
static int take_looks(const struct suite *suite, struct suite_cells *c, const char *text, struct err *err)
{
	cleanup_free uint64_t *look = NULL;
	size_t nr = 0, i;

	if (numbers(text, SUITE_LOOKS_MAX, &look, &nr))
		return conf_complain(&suite->conf, c->line, err,
				     "looks = %s: at most %d numbers of seeds, as in 8,12,16", text,
				     SUITE_LOOKS_MAX);
	for (i = 0; i < nr; i++) {
		if (look[i] < 2 || look[i] > c->nr_seeds || (i && look[i] <= look[i - 1]))
			return conf_complain(&suite->conf, c->line, err,
					     "looks = %s: each has more seeds than the one before, 2 to %zu",
					     text, c->nr_seeds);
		c->look[c->nr_looks++] = look[i];
	}
	if (c->nr_looks == SUITE_LOOKS_MAX && c->look[c->nr_looks - 1] != c->nr_seeds)
		return conf_complain(&suite->conf, c->line, err, "looks = %s: the last one has all %zu seeds",
				     text, c->nr_seeds);
	if (!c->nr_looks || c->look[c->nr_looks - 1] != c->nr_seeds)
		c->look[c->nr_looks++] = c->nr_seeds;
	return 0;
}

static int take_by(const struct suite *suite, struct suite_cells *c, const char *by, struct err *err)
{
	c->by = by ? axis_find(by) : AXIS_NR;
	if (by && (c->by == AXIS_NR || c->by == AXIS_SCENARIO))
		return conf_complain(&suite->conf, c->line, err,
				     "compare = %s: one of kernel, guest, policy and engine", by);
	return 0;
}

#define LIST(key, field, must, what)                                                                   \
	{.name = (key), .type = CONF_STR, .offset = offsetof(struct cells_text, field),                \
	 .help = (what), .required = (must)}

static const struct conf_key cells_lists[] = {
	LIST("kernel", axis[AXIS_KERNEL], true, "kernels"),
	LIST("guest", axis[AXIS_GUEST], false, "guests"),
	LIST("policy", axis[AXIS_POLICY], true, "policies"),
	LIST("scenario", axis[AXIS_SCENARIO], true, "scenarios"),
	LIST("engine", axis[AXIS_ENGINE], false, "engines"),
	LIST("seeds", seeds, false, "seeds"),
	LIST("looks", looks, false, "when to look"),
	LIST("compare", by, false, "the axis that is compared"),
};

#define KEY(field, key, kind, ...)                                                                     \
	{.name = (key), .type = (kind), .offset = offsetof(struct suite_cells, field), __VA_ARGS__}

static const struct conf_key cells_keys[] = {
	KEY(base, "base", CONF_STR, .help = "what others are compared with"),
	KEY(priority, "priority", CONF_U64, .help = "higher first", .max = SUITE_PRIORITY_MAX),
	KEY(budget_ns, "budget", CONF_TIME, .help = "CPU time of an arm"),
	KEY(confirm, "confirm", CONF_U64, .help = "fresh seeds for findings", .max = 64),
	KEY(expect, "expect", CONF_CHOICE, .help = "what is no finding", .choices = expects),
};

static int bind_text(struct suite *suite, struct conf_section *sec, struct suite_cells *c,
		     struct cells_text *t, struct err *err)
{
	int ret = conf_bind(&suite->conf, sec, cells_lists, ARRAY_SIZE(cells_lists), t, err);

	return ret ? ret : conf_bind(&suite->conf, sec, cells_keys, ARRAY_SIZE(cells_keys), c, err);
}

/* Behind the seeds of the looks come those of the confirmation: numbers that none of them has. */
static void add_reserve(struct suite_cells *c)
{
	uint64_t last = 0;
	size_t i;

	for (i = 0; i < c->nr_seeds; i++)
		if (c->seed[i] > last)
			last = c->seed[i];
	c->seed = xrealloc(c->seed, c->nr_seeds + c->confirm, sizeof(*c->seed));
	for (i = 0; i < c->confirm; i++)
		c->seed[c->nr_seeds + i] = last + 1 + i;
}

static int bind_cells(struct suite *suite, struct conf_section *sec, struct err *err)
{
	struct suite_cells *c;
	struct cells_text t = {0};
	unsigned int axis;
	int ret;

	suite->cells = xrealloc(suite->cells, suite->nr_cells + 1, sizeof(*suite->cells));
	c = &suite->cells[suite->nr_cells++];
	*c = (struct suite_cells){.name = sec->arg, .priority = 5, .confirm = 6, .line = sec->line,
				  .expect = SUITE_NOT_WORSE};
	sec->used = true;
	if (!*sec->arg)
		return conf_complain(&suite->conf, sec->line, err, "cells have a name: [cells NAME]");
	ret = bind_text(suite, sec, c, &t, err);
	for (axis = 0; !ret && axis < AXIS_NR; axis++)
		split(t.axis[axis], &c->word[axis]);
	if (!ret)
		ret = take_seeds(suite, c, t.seeds, err);
	if (!ret)
		ret = take_looks(suite, c, t.looks, err);
	if (!ret)
		ret = take_by(suite, c, t.by, err);
	if (!ret)
		add_reserve(c);
	cells_text_release(&t);
	return ret;
}

static void bind_kernels(struct suite *suite)
{
	struct conf_section *sec = conf_section(&suite->conf, "kernels", "");
	size_t i;

	suite->kernel = xcalloc(sec ? sec->nr_entries + 1 : 1, sizeof(*suite->kernel));
	for (i = 0; sec && i < sec->nr_entries; i++) {
		sec->entry[i].used = true;
		suite->kernel[suite->nr_kernels++] = (struct suite_kernel){
			.name = sec->entry[i].key, .rule = sec->entry[i].value, .line = sec->entry[i].line};
	}
}

static int bind_suite(struct suite *suite, struct err *err)
{
	static const struct conf_key keys[] = {
		{"title", CONF_STR, offsetof(struct suite, title), "one line", .required = true},
		{"timeout", CONF_TIME, offsetof(struct suite, timeout_ns), "wall-clock limit of a machine",
		 .min = 1000000},
		{"alpha", CONF_MILLIONTHS, offsetof(struct suite, alpha), "chance of a false alarm", .min = 1,
		 .max = 500000},
		{"spending", CONF_CHOICE, offsetof(struct suite, spending), "how looks share it",
		 .choices = spendings},
	};
	struct conf *conf = &suite->conf;
	struct conf_section *sec = conf_section(conf, "suite", "");
	size_t i;
	int ret;

	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [suite] section", conf->name);
	ret = conf_bind(conf, sec, keys, ARRAY_SIZE(keys), suite, err);
	bind_kernels(suite);
	for (i = 0; !ret && i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cells"))
			ret = bind_cells(suite, &conf->section[i], err);
	if (!ret && !suite->nr_cells)
		ret = err_set(err, -EINVAL, "%s: there is nothing to run: no [cells NAME]", conf->name);
	return ret ? ret : conf_unused(conf, err);
}

static char *path_of(const char *word)
{
	return strchr(word, '/') ? xstrdup(word) : xasprintf("%s/suites/%s.conf", path_data(), word);
}

int suite_load(const char *word, struct suite *suite, struct err *err)
{
	cleanup_free char *path = path_of(word);
	int ret;

	*suite = (struct suite){.timeout_ns = 600000000000, .alpha = 50000};
	if (!file_exists(path))
		return err_set(err, -ENOENT, "there is no suite %s%s", word,
			       strchr(word, '/') ? "" : " ('wringer show suites' lists them)");
	ret = conf_load(&suite->conf, path, NULL, err);
	if (ret)
		return ret;
	suite->name = conf_name(path);
	ret = bind_suite(suite, err);
	if (ret)
		suite_release(suite);
	return ret;
}

static void cells_release(struct suite_cells *c)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		names_release(&c->word[axis]);
	free(c->seed);
	free(c->base);
}

void suite_release(struct suite *suite)
{
	size_t i;

	for (i = 0; i < suite->nr_cells; i++)
		cells_release(&suite->cells[i]);
	for (i = 0; i < suite->nr_kernels; i++)
		names_release(&suite->kernel[i].is);
	free(suite->cells);
	free(suite->kernel);
	free(suite->name);
	free(suite->title);
	conf_release(&suite->conf);
	memset(suite, 0, sizeof(*suite));
}

char *suite_file(const struct suite *suite, const char *file)
{
	return xasprintf("%s/.suite/%s/%s", path_results(), suite->name, file);
}

char *suite_recall(const struct suite *suite, const char *what)
{
	cleanup_free char *path = suite_file(suite, what);
	cleanup_buf struct buf text = {0};

	if (!file_exists(path) || file_read(path, &text, NULL) || !text.len)
		return NULL;
	text.data[strcspn(buf_str(&text), "\n")] = '\0';
	return *text.data ? xstrdup(text.data) : NULL;
}

int suite_remember(const struct suite *suite, const char *what, const char *word, struct err *err)
{
	cleanup_free char *dir = suite_file(suite, "");
	cleanup_free char *path = suite_file(suite, what);
	cleanup_free char *line = xasprintf("%s\n", word);
	int ret = dir_make(dir, err);

	return ret ? ret : file_write(path, line, strlen(line), err);
}
