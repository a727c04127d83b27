// SPDX-License-Identifier: GPL-2.0-only
#include "suite/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/values.h"
#include "result/metrics.h"
#include "result/store.h"

/* What an experiment is taken to cost before anything like it was run, CPU seconds. */
#define DEFAULT_COST 12.0

/* The words of an axis in the suite's file, rules replaced by what they mean; the base first. */
static void add_words(const struct suite *suite, enum axis axis, const char *word, struct names *out)
{
	size_t i, k;

	for (i = 0; axis == AXIS_KERNEL && i < suite->nr_kernels; i++) {
		if (strcmp(suite->kernel[i].name, word))
			continue;
		for (k = 0; k < suite->kernel[i].is.nr; k++)
			names_add(out, suite->kernel[i].is.name[k]);
		return;
	}
	names_add(out, word);
}

static void take_words(const struct suite *suite, const struct suite_cells *c, enum axis axis,
		       struct names *out)
{
	const struct names *words = &c->word[axis];
	size_t i;

	if (c->by == axis && c->base)
		add_words(suite, axis, c->base, out);
	for (i = 0; i < words->nr; i++)
		if (c->by != axis || !c->base || strcmp(words->name[i], c->base))
			add_words(suite, axis, words->name[i], out);
}

static enum axis choose_axis(const struct suite_cells *c, const struct names *words)
{
	static const enum axis order[] = {AXIS_POLICY, AXIS_KERNEL, AXIS_GUEST};
	size_t i;

	for (i = 0; c->by == AXIS_NR && i < ARRAY_SIZE(order); i++)
		if (words[order[i]].nr > 1)
			return order[i];
	return c->by;
}

static size_t count_words(const char *s)
{
	size_t n = 0;

	for (s += strspn(s, " "); *s; s += strspn(s, " "), n++)
		s += strcspn(s, " ");
	return n;
}

/* Of a scenario that leaves it to the registry, as many as that could be. */
static size_t count_primary(const json_t *spec)
{
	const json_t *conf = json_object_get(json_object_get(spec, "scenario"), "conf");
	size_t count = count_words(text_of(json_object_get(conf, "scenario"), "primary")), i;

	for (i = 0; !count && i < nr_metrics; i++)
		count += metrics[i].class == METRIC_PRIMARY;
	return count ? count : 1;
}

static bool is_of(const struct suite_contest *c, const struct suite_cells *cells, enum axis by,
		  const json_t *spec)
{
	unsigned int axis;

	if (strcmp(c->cells, cells->name))
		return false;
	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != by && strcmp(c->label[axis], spec_label(spec, (enum axis)axis)))
			return false;
	return true;
}

static size_t contest_of(struct suite_plan *plan, const struct suite_cells *cells, enum axis by,
			 const json_t *spec)
{
	struct suite_contest *c;
	unsigned int axis;
	size_t i;

	/* Neighbours are of one contest as a rule. */
	for (i = plan->nr_contests; i-- > 0;)
		if (is_of(&plan->contest[i], cells, by, spec))
			return i;
	plan->contest = xrealloc(plan->contest, plan->nr_contests + 1, sizeof(*plan->contest));
	c = &plan->contest[plan->nr_contests];
	*c = (struct suite_contest){.cells = xstrdup(cells->name), .by = by, .expect = cells->expect,
				    .priority = cells->priority, .budget = (double)cells->budget_ns / 1e9,
				    .nr_looks = cells->nr_looks, .nr_metrics = count_primary(spec)};
	memcpy(c->look, cells->look, sizeof(c->look));
	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != by)
			c->label[axis] = xstrdup(spec_label(spec, (enum axis)axis));
	return plan->nr_contests++;
}

static size_t arm_of(struct suite_contest *c, const json_t *spec)
{
	const char *label = c->by == AXIS_NR ? "" : spec_label(spec, c->by);
	size_t i;

	for (i = 0; i < c->nr_arms; i++)
		if (!strcmp(c->arm[i].label, label))
			return i;
	c->arm = xrealloc(c->arm, c->nr_arms + 1, sizeof(*c->arm));
	c->arm[i] = (struct suite_arm){.label = xstrdup(label)};
	return c->nr_arms++;
}

/* Seeds of the confirmation are of a look behind the last. */
static size_t look_of(const struct suite_cells *c, uint64_t seed)
{
	size_t place = 0, look = 0;

	while (place + 1 < c->nr_seeds + c->confirm && c->seed[place] != seed)
		place++;
	while (look < c->nr_looks && place >= c->look[look])
		look++;
	return look;
}

static size_t cell_of(const struct suite_plan *plan, const char *id)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (!memcmp(plan->cell[i].id, id, 16) && !strcmp(plan->cell[i].id, id))
			break;
	return i;
}

static void add_member(struct suite_plan *plan, const struct suite_cells *cells, enum axis by,
		       const struct experiment *exp, size_t cell)
{
	size_t contest = contest_of(plan, cells, by, exp->spec);
	size_t arm = arm_of(&plan->contest[contest], exp->spec);
	struct suite_arm *a = &plan->contest[contest].arm[arm];
	uint64_t seed = (uint64_t)json_integer_value(json_object_get(exp->spec, "seed"));
	size_t i;

	if (cell == plan->nr) {
		plan->cell = xrealloc(plan->cell, plan->nr + 1, sizeof(*plan->cell));
		plan->cell[plan->nr] = (struct suite_cell){.contest = contest, .arm = arm, .seed = seed};
		memcpy(plan->cell[plan->nr++].id, exp->id, SHA256_HEX);
	}
	for (i = 0; i < a->nr; i++)
		if (a->member[i].cell == cell)
			return;
	a->member = xrealloc(a->member, a->nr + 1, sizeof(*a->member));
	a->member[a->nr++] = (struct suite_member){.cell = cell, .look = look_of(cells, seed)};
}

/* The experiments move into the plan, but for those that are there already. */
static void take_experiments(struct suite_plan *plan, const struct suite_cells *cells, enum axis by,
			     struct experiments *from)
{
	struct experiments *to = &plan->exps;
	size_t i, cell, left = 0;

	to->exp = xrealloc(to->exp, to->nr + from->nr, sizeof(*to->exp));
	for (i = 0; i < from->nr; i++) {
		cell = cell_of(plan, from->exp[i].id);
		add_member(plan, cells, by, &from->exp[i], cell);
		if (cell < to->nr)
			from->exp[left++] = from->exp[i];
		else
			to->exp[to->nr++] = from->exp[i];
	}
	from->nr = left;
	if (!to->qemu.version) {
		to->qemu = from->qemu;
		memset(&from->qemu, 0, sizeof(from->qemu));
	}
	experiments_release(from);
}

static int plan_words(struct suite_plan *plan, const struct suite *suite, struct suite_cells *c,
		      struct names *words, void (*say)(const char *line), struct err *err)
{
	struct names scenarios = {0};
	struct axes axes = {.engine = words[AXIS_ENGINE].name, .kernel = words[AXIS_KERNEL].name,
			    .guest = words[AXIS_GUEST].name, .policy = words[AXIS_POLICY].name,
			    .seed = c->seed, .nr_seeds = c->nr_seeds + c->confirm};
	struct experiments exps;
	int ret = catalogue_expand(words[AXIS_SCENARIO].name, &scenarios, err);

	axes.scenario = scenarios.name;
	if (!ret)
		ret = experiments_plan(&axes, say, &exps, err);
	names_release(&scenarios);
	if (ret)
		return err_prefix(err, ret, "%s, [cells %s]", suite->conf.name, c->name);
	take_experiments(plan, c, choose_axis(c, words), &exps);
	return 0;
}

static int plan_cells(struct suite_plan *plan, const struct suite *suite, struct suite_cells *c,
		      void (*say)(const char *line), struct err *err)
{
	struct names words[AXIS_NR] = {{0}};
	unsigned int axis;
	int ret = 0;

	for (axis = 0; axis < AXIS_NR; axis++)
		take_words(suite, c, (enum axis)axis, &words[axis]);
	if (words[AXIS_KERNEL].nr)
		ret = plan_words(plan, suite, c, words, say, err);
	for (axis = 0; axis < AXIS_NR; axis++)
		names_release(&words[axis]);
	return ret;
}

/*
 * Blocks of one seed of each arm, in an order that only what is in them decides; which arm of a block
 * is first is a matter of its ids, so of chance.
 */
struct place {
	size_t cell;
	uint64_t priority;
	size_t look;
	char key[2 * SHA256_HEX]; /* the block, the id */
};

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (x->look != y->look)
		return x->look < y->look ? -1 : 1;
	return memcmp(x->key, y->key, sizeof(x->key));
}

static void block_of(const struct suite_contest *c, uint64_t seed, char *hex)
{
	cleanup_buf struct buf text = {0};
	unsigned int axis;

	buf_printf(&text, "%s\n%llu\n", c->cells, (unsigned long long)seed);
	for (axis = 0; axis < AXIS_NR; axis++)
		buf_printf(&text, "%s\n", c->label[axis] ? c->label[axis] : "");
	sha256_buf(text.data, text.len, hex);
}

/* Where a cell comes first, of all contests that have it. */
static void find_place(const struct suite_plan *plan, const struct suite_contest *c, const struct suite_arm *arm,
		       struct place *place)
{
	struct place at;
	size_t i;

	for (i = 0; i < arm->nr; i++) {
		const struct suite_cell *cell = &plan->cell[arm->member[i].cell];
		struct place *old = &place[arm->member[i].cell];

		at = (struct place){.cell = arm->member[i].cell, .look = arm->member[i].look,
				    .priority = c->priority};
		block_of(c, cell->seed, at.key);
		memcpy(at.key + SHA256_HEX, cell->id, SHA256_HEX);
		if (!*old->key || by_place(&at, old) < 0)
			*old = at;
	}
}

/* to[i] is where cell i is now. */
static void move_members(struct suite_plan *plan, const size_t *to)
{
	size_t i, k, n;

	for (i = 0; i < plan->nr_contests; i++)
		for (k = 0; k < plan->contest[i].nr_arms; k++)
			for (n = 0; n < plan->contest[i].arm[k].nr; n++)
				plan->contest[i].arm[k].member[n].cell =
					to[plan->contest[i].arm[k].member[n].cell];
}

static void put_in_order(struct suite_plan *plan)
{
	struct place *place = xcalloc(plan->nr, sizeof(*place));
	struct suite_cell *cell = xcalloc(plan->nr, sizeof(*cell));
	struct experiment *exp = xcalloc(plan->nr, sizeof(*exp));
	cleanup_free size_t *to = xcalloc(plan->nr, sizeof(*to));
	size_t i, k;

	for (i = 0; i < plan->nr_contests; i++)
		for (k = 0; k < plan->contest[i].nr_arms; k++)
			find_place(plan, &plan->contest[i], &plan->contest[i].arm[k], place);
	qsort(place, plan->nr, sizeof(*place), by_place);
	for (i = 0; i < plan->nr; i++) {
		cell[i] = plan->cell[place[i].cell];
		exp[i] = plan->exps.exp[place[i].cell];
		to[place[i].cell] = i;
	}
	move_members(plan, to);
	free(place);
	free(plan->cell);
	free(plan->exps.exp);
	plan->cell = cell;
	plan->exps.exp = exp;
}

void suite_plan_count(struct suite_plan *plan)
{
	size_t i, k, n;

	for (i = 0; i < plan->nr; i++)
		plan->cell[i].reserve = true;
	plan->nr_tests = plan->nr_wanted = 0;
	for (i = 0; i < plan->nr_contests; i++) {
		const struct suite_contest *c = &plan->contest[i];

		plan->nr_tests += (c->nr_arms - 1) * c->nr_metrics;
		for (k = 0; k < c->nr_arms; k++)
			for (n = 0; n < c->arm[k].nr; n++)
				if (c->arm[k].member[n].look < c->nr_looks)
					plan->cell[c->arm[k].member[n].cell].reserve = false;
	}
	for (i = 0; i < plan->nr; i++)
		plan->nr_wanted += !plan->cell[i].reserve;
}

int suite_plan_make(struct suite *suite, void (*say)(const char *line), struct suite_plan *plan,
		    struct err *err)
{
	size_t i;
	int ret = suite_kernels(suite, say, err);

	*plan = (struct suite_plan){.suite = xstrdup(suite->name), .alpha = (double)suite->alpha / 1e6,
				    .spending = suite->spending};
	for (i = 0; !ret && i < suite->nr_cells; i++)
		ret = plan_cells(plan, suite, &suite->cells[i], say, err);
	if (!ret && !plan->nr)
		ret = err_set(err, -ENODATA, "%s: there is nothing to run, as no kernel is there yet",
			      suite->conf.name);
	if (ret) {
		suite_plan_release(plan);
		return ret;
	}
	put_in_order(plan);
	suite_plan_count(plan);
	return 0;
}

static void contest_release(struct suite_contest *c)
{
	unsigned int axis;
	size_t i;

	for (i = 0; i < c->nr_arms; i++) {
		free(c->arm[i].label);
		free(c->arm[i].member);
	}
	free(c->arm);
	free(c->cells);
	for (axis = 0; axis < AXIS_NR; axis++)
		free(c->label[axis]);
}

void suite_plan_release(struct suite_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr_contests; i++)
		contest_release(&plan->contest[i]);
	free(plan->contest);
	free(plan->cell);
	free(plan->suite);
	experiments_release(&plan->exps);
	memset(plan, 0, sizeof(*plan));
}

/* How much two cells are alike; what is most alike says most of the cost. */
static int likeness(const struct suite_plan *a, const struct suite_cell *x, const struct suite_plan *b,
		    const struct suite_cell *y)
{
	const struct suite_contest *c = &a->contest[x->contest], *d = &b->contest[y->contest];
	const char *s = c->label[AXIS_SCENARIO], *t = d->label[AXIS_SCENARIO];
	const char *g = c->label[AXIS_GUEST], *h = d->label[AXIS_GUEST];

	if (!s || !t || strcmp(s, t))
		return 1;
	if (!g || !h || strcmp(g, h))
		return 2;
	return strcmp(c->arm[x->arm].label, d->arm[y->arm].label) ? 3 : 4;
}

/* The mean of those that are most alike. */
struct guess {
	int likeness;
	double sum;
	size_t nr;
};

static void look_at(struct guess *g, const struct suite_plan *plan, const struct suite_cell *cell,
		    const struct suite_plan *of)
{
	size_t i;

	for (i = 0; i < of->nr; i++) {
		int l = of->cell[i].measured ? likeness(plan, cell, of, &of->cell[i]) : 0;

		if (l > g->likeness)
			*g = (struct guess){.likeness = l};
		if (l && l == g->likeness) {
			g->sum += of->cell[i].cost;
			g->nr++;
		}
	}
}

void suite_plan_costs(struct suite_plan *plan, const struct suite_plan *old)
{
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		struct suite_cell *cell = &plan->cell[i];

		if (!cell->measured && store_has(cell->id)) {
			cell->cost = store_cost(cell->id);
			cell->measured = cell->cost > 0;
		}
	}
	for (i = 0; i < plan->nr; i++) {
		struct guess g = {0};

		if (plan->cell[i].measured)
			continue;
		look_at(&g, plan, &plan->cell[i], plan);
		if (old)
			look_at(&g, plan, &plan->cell[i], old);
		plan->cell[i].cost = g.nr ? g.sum / (double)g.nr : DEFAULT_COST;
	}
}
