// SPDX-License-Identifier: GPL-2.0-only
/* Which kernel did it: a bisection between the two that differ. */
#include <stdlib.h>
#include <string.h>

#include "bisect/bisect.h"
#include "nightly/nightly.h"

/* Seeds that a point of the line may have. */
#define SEEDS 24
/* CPU seconds of an experiment, where nothing is known. */
#define COST 12.0

/* As the suite calls the scenario: one that does not come with the program is a path. */
static const char *scenario_word(const struct suite *suite, const struct suite_contest *c)
{
	const char *label = c->label[AXIS_SCENARIO];
	cleanup_free char *end = xasprintf("/%s.conf", label);
	size_t i, k;

	for (i = 0; i < suite->nr_cells; i++)
		for (k = 0; k < suite->cells[i].word[AXIS_SCENARIO].nr; k++) {
			const char *word = suite->cells[i].word[AXIS_SCENARIO].name[k];

			if (strlen(word) >= strlen(end) && !strcmp(word + strlen(word) - strlen(end), end))
				return word;
		}
	return label;
}

static json_t *ask_of(const struct suite *suite, const struct night *n, const struct night_finding *f, size_t limit)
{
	const struct suite_contest *c = &n->plan->contest[f->contest];
	json_t *seeds = json_array();
	int i;

	for (i = 1; i <= SEEDS; i++)
		json_array_append_new(seeds, json_integer(i));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:b}", "good", c->arm[0].label, "bad",
			 c->arm[f->arm].label, "scenario", scenario_word(suite, c), "policy",
			 c->label[AXIS_POLICY], "guest", c->label[AXIS_GUEST], "engine", c->label[AXIS_ENGINE],
			 "metric", f->row->r.name, "seeds", seeds, "limit", (json_int_t)limit, "every", false,
			 "first_parent", false);
}

static void search_one(struct night_finding *f, json_t *ask, const struct night_opts *opts)
{
	struct bisect_run run = {.say = opts->say, .run = opts->run.opts.run};
	cleanup_buf struct buf text = {0};
	struct err why = {""};
	struct bisect b;
	int ret = bisect_open(ask, false, opts->say, &b, &why);

	if (!ret) {
		ret = bisect_go(&b, &run, &why);
		if (!ret)
			bisect_text(&b, &text);
		bisect_close(&b);
	}
	/* What cannot be searched, or not to its end, is a line of the report, and no reason to have none. */
	if (ret) {
		buf_printf(&text, "%s; to search by hand:\n", why.msg);
		bisect_command(ask, &text);
		buf_adds(&text, "\n");
	}
	f->search = xstrdup(buf_str(&text));
}

static bool can_search(const struct night *n, const struct night_finding *f)
{
	return f->kind == NIGHT_NEW && f->row && n->plan->contest[f->contest].by == AXIS_KERNEL;
}

static double mean_cost(const struct suite_plan *plan)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < plan->nr; i++)
		sum += plan->cell[i].cost;
	return plan->nr && sum > 0 ? sum / (double)plan->nr : COST;
}

void night_search(const struct suite *suite, struct night *n, const struct night_opts *opts)
{
	double budget = opts->search_seconds * opts->run.opts.run.jobs;
	size_t i, nr = 0, limit;

	for (i = 0; i < n->nr; i++)
		nr += can_search(n, &n->finding[i]);
	if (!nr || budget <= 0)
		return;
	limit = (size_t)(budget / (double)nr / mean_cost(n->plan));
	for (i = 0; i < n->nr; i++) {
		json_t *ask;

		if (!can_search(n, &n->finding[i]))
			continue;
		ask = ask_of(suite, n, &n->finding[i], limit ? limit : 1);
		search_one(&n->finding[i], ask, opts);
		json_decref(ask);
	}
}
