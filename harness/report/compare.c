// SPDX-License-Identifier: GPL-2.0-only
#include "report/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 256

/* Finding the first difference between two JSON values that is not allowed. */
struct diff {
	char *const *allow; /* NULL-terminated, or NULL */
	enum axis axis;
	const char *plan;   /* of one arm: says which file a state key is */
	const json_t *policy[2];
	struct err *err;
};

static bool covers(const char *key, const char *path)
{
	size_t len = strlen(key);

	return !strncmp(key, path, len) && (!path[len] || path[len] == '.' || path[len] == '[');
}

/*
 * What a difference along the axis brings with it: another kernel needs other modules, another
 * guest another command line and other stores.
 */
static bool follows_from(enum axis axis, const char *path)
{
	static const char *const keys[AXIS_NR][6] = {
		/*
		 * Computed by the kernel from the memory that it leaves free, that memory, what it
		 * makes of the HMAT, and the events that it has.
		 */
		[AXIS_KERNEL] = {"kernel", "image", "state.vm.min_free_kbytes", "state.node",
				 "state.memory.tiers", "state.trace"},
		[AXIS_GUEST] = {"guest", "engine.args", "image", "state"},
		[AXIS_POLICY] = {"policy"},
		[AXIS_SCENARIO] = {"scenario", "image", "engine.args"},
		[AXIS_ENGINE] = {"engine.name", "engine.args", "programs.plugin"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys[axis]) && keys[axis][i]; i++)
		if (covers(keys[axis][i], path))
			return true;
	return false;
}

static bool policy_sets(const json_t *policy, const char *file, size_t len)
{
	json_t *set = json_object_get(json_object_get(policy, "conf"), "set"), *value;
	const char *key;

	json_object_foreach(set, key, value)
		if (strlen(key) == len && !memcmp(key, file, len))
			return true;
	return false;
}

/* A knob that one of two compared policies sets may differ: the plan says which file a key is. */
static bool set_by_policy(const struct diff *d, const char *path)
{
	cleanup_free char *line = NULL;
	const char *at;
	size_t len;

	if (d->axis != AXIS_POLICY || strncmp(path, "state.", 6))
		return false;
	line = xasprintf("\nstate %s ", path + 6);
	at = strstr(d->plan, line);
	if (!at)
		return false;
	at += strlen(line);
	len = strcspn(at, "\n");
	return policy_sets(d->policy[0], at, len) || policy_sets(d->policy[1], at, len);
}

static bool allowed(const struct diff *d, const char *path)
{
	size_t i;

	for (i = 0; d->allow && d->allow[i]; i++)
		if (covers(d->allow[i], path))
			return true;
	return follows_from(d->axis, path) || set_by_policy(d, path);
}

static int differs(const struct diff *d, const json_t *a, const json_t *b, const char *path);

static int differs_object(const struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	char sub[PATH_SIZE];
	const char *key;
	json_t *value;
	int ret = 0;

	json_object_foreach((json_t *)a, key, value) {
		snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", key);
		ret = differs(d, value, json_object_get(b, key), sub);
		if (ret)
			return ret;
	}
	json_object_foreach((json_t *)b, key, value) {
		snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", key);
		if (!json_object_get(a, key))
			ret = differs(d, NULL, value, sub);
		if (ret)
			return ret;
	}
	return 0;
}

static int complain(const struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	char *x = a ? json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	char *y = b ? json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	int ret = err_set(d->err, -EXDEV,
			  "not comparable: the arms differ in %s too: %.200s against %.200s "
			  "(--allow %s accepts it)",
			  path, x ? x : "nothing", y ? y : "nothing", path);

	free(x);
	free(y);
	return ret;
}

static int differs(const struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	if (allowed(d, path))
		return 0;
	if (json_is_object(a) && json_is_object(b))
		return differs_object(d, a, b, path);
	return a && b && json_equal(a, b) ? 0 : complain(d, a, b, path);
}

static int check_specs(struct diff *d, const struct arm *base, const struct arm *other)
{
	json_t *a = json_copy(base->member[0].r.spec), *b = json_copy(other->member[0].r.spec);
	int ret;

	json_object_del(a, "seed");
	json_object_del(a, "setup");
	json_object_del(a, "plan");
	json_object_del(b, "seed");
	json_object_del(b, "setup");
	json_object_del(b, "plan");
	ret = differs(d, a, b, "");
	json_decref(a);
	json_decref(b);
	return ret;
}

static const struct member *first_done(const struct arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		if (arm->member[i].status == STATUS_DONE)
			return &arm->member[i];
	return NULL;
}

static int check_states(struct diff *d, const struct member *first, const struct arm *arm)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < arm->nr; i++)
		if (arm->member[i].status == STATUS_DONE)
			ret = differs(d, json_object_get(first->r.result, "state"),
				      json_object_get(arm->member[i].r.result, "state"), "state");
	return ret;
}

static int check_comparable(const struct arm *base, const struct arm *other, enum axis axis,
			    char *const *allow, struct err *err)
{
	const struct member *first = first_done(base);
	struct diff d = {
		.allow = allow, .axis = axis, .err = err,
		.plan = json_string_value(json_object_get(base->member[0].r.spec, "plan")),
		.policy = {json_object_get(base->member[0].r.spec, "policy"),
			   json_object_get(other->member[0].r.spec, "policy")},
	};
	int ret;

	if (!first || !first_done(other))
		return err_set(err, -ENODATA, "no experiment of arm %s is done",
			       (first ? other : base)->label[axis]);
	if (!d.plan)
		return err_set(err, -EBADMSG, "%s/spec.json has no plan", base->member[0].id);
	ret = check_specs(&d, base, other);
	if (!ret)
		ret = check_states(&d, first, base);
	return ret ? ret : check_states(&d, first, other);
}

static const json_t *find_metric(const struct member *m, const char *name)
{
	json_t *list = json_object_get(m->r.result, "metrics"), *metric;
	size_t i;

	json_array_foreach(list, i, metric) {
		const char *s = json_string_value(json_object_get(metric, "name"));

		if (s && !strcmp(s, name))
			return metric;
	}
	return NULL;
}

/* The values of an arm's members; *why is set when one has none. */
static size_t values(const struct arm *arm, const char *name, double *out, const char **why,
		     const char **meaning)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++) {
		const json_t *metric;
		json_t *value;

		if (arm->member[i].status != STATUS_DONE)
			continue;
		metric = find_metric(&arm->member[i], name);
		value = json_object_get(metric, "value");
		*meaning = json_string_value(json_object_get(metric, "meaning"));
		if (value)
			out[n++] = (double)json_integer_value(value);
		else
			*why = json_string_value(json_object_get(metric, "absent"));
	}
	return n;
}

static const char *text_of(const json_t *metric, const char *key)
{
	const char *s = json_string_value(json_object_get(metric, key));

	return s ? s : "";
}

static enum metric_class class_find(const char *name)
{
	return !strcmp(name, "primary") ? METRIC_PRIMARY :
	       !strcmp(name, "secondary") ? METRIC_SECONDARY : METRIC_DIAGNOSTIC;
}

/*
 * A metric that has one value everywhere can never be rejected, so it is no member of the family
 * that Holm's correction is over (R. E. Tarone, Biometrics 46, 1990).
 */
static bool is_constant(const double *a, size_t na, const double *b, size_t nb)
{
	size_t i;

	for (i = 0; i < na; i++)
		if (a[i] != a[0])
			return false;
	for (i = 0; i < nb; i++)
		if (b[i] != a[0])
			return false;
	return true;
}

static int fill_row(struct comparison_row *row, const struct comparison *c, struct err *err)
{
	double *a = xcalloc(c->base->nr, sizeof(*a)), *b = xcalloc(c->other->nr, sizeof(*b));
	const char *ma = NULL, *mb = NULL;
	struct stats_mwu mwu;
	int ret = 0;

	row->nr_base = values(c->base, row->name, a, &row->absent, &ma);
	row->nr_other = values(c->other, row->name, b, &row->absent, &mb);
	row->meaning_differs = ma && mb && strcmp(ma, mb);
	if (!row->nr_base || !row->nr_other) {
		row->absent = row->absent ? row->absent : "no value";
	} else {
		row->base = stats_median(a, row->nr_base);
		row->other = stats_median(b, row->nr_other);
		ret = stats_shift(a, row->nr_base, b, row->nr_other, COMPARE_CONFIDENCE,
				  &row->shift);
		if (!ret)
			ret = stats_mwu(a, row->nr_base, b, row->nr_other, &mwu);
		row->p = ret ? 1 : mwu.p;
		row->p_adjusted = 1;
		row->constant = is_constant(a, row->nr_base, b, row->nr_other);
	}
	free(a);
	free(b);
	return ret ? err_sys(err, ret, "cannot compare %s", row->name) : 0;
}

/* Primary by the scenario's own list, or, without one, by the registry. */
static enum metric_class row_class(const char *list, const char *name, const json_t *metric)
{
	enum metric_class class = class_find(text_of(metric, "class"));
	size_t len = strlen(name);
	const char *at = list;

	if (!*list)
		return class;
	while ((at = strstr(at, name))) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return METRIC_PRIMARY;
		at += len;
	}
	return class == METRIC_PRIMARY ? METRIC_SECONDARY : class;
}

static const char *primary_list(const struct arm *arm)
{
	json_t *conf = json_object_get(json_object_get(arm->member[0].r.spec, "scenario"), "conf");

	return text_of(json_object_get(conf, "scenario"), "primary");
}

static int add_rows(struct comparison *c, struct err *err)
{
	json_t *list = json_object_get(first_done(c->base)->r.result, "metrics"), *metric;
	const char *primary = primary_list(c->base);
	size_t i;
	int ret = 0;

	c->row = xcalloc(json_array_size(list), sizeof(*c->row));
	json_array_foreach(list, i, metric) {
		struct comparison_row *row = &c->row[c->nr];

		row->order = c->nr++;
		row->name = xstrdup(text_of(metric, "name"));
		row->unit = text_of(metric, "unit");
		row->better = metric_better_find(text_of(metric, "better"));
		row->class = row_class(primary, row->name, metric);
		ret = fill_row(row, c, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_primary(const struct comparison *c, struct err *err)
{
	cleanup_free char *copy = xstrdup(primary_list(c->base));
	char *rest = copy, *name;

	while ((name = strsep(&rest, " ")))
		if (*name && !find_metric(first_done(c->base), name))
			return err_set(err, -EINVAL,
				       "scenario %s names the primary metric '%s', which its "
				       "results do not have",
				       c->base->label[AXIS_SCENARIO], name);
	return 0;
}

static bool is_judged(const struct comparison_row *row)
{
	return !row->absent && !row->meaning_differs && row->better != STATS_DIR_NONE;
}

static void judge_row(struct comparison_row *row)
{
	const struct metric *m = metric_find(row->name);
	/* A workload's own metric is not in the registry: a fiftieth of it matters. */
	struct stats_gate gate = {m ? m->min_rel : 0.02, m ? m->min_abs : 1, COMPARE_ALPHA};

	row->verdict = stats_judge(row->better, row->base, &row->shift, row->p_adjusted, &gate);
}

/*
 * Each class is a family of its own: asking about more diagnostics must not weaken the primaries.
 */
static int judge_class(struct comparison *c, enum metric_class class, struct err *err)
{
	double *p = xcalloc(c->nr, sizeof(*p)), *adjusted = xcalloc(c->nr, sizeof(*adjusted));
	size_t i, n = 0;
	int ret;

	for (i = 0; i < c->nr; i++)
		if (c->row[i].class == class && is_judged(&c->row[i]) && !c->row[i].constant)
			p[n++] = c->row[i].p;
	c->nr_tests[class] = n;
	ret = n ? stats_holm(p, n, adjusted) : 0;
	for (i = 0, n = 0; !ret && i < c->nr; i++) {
		struct comparison_row *row = &c->row[i];

		if (row->class != class || !is_judged(row))
			continue;
		if (!row->constant)
			row->p_adjusted = adjusted[n++];
		judge_row(row);
	}
	free(p);
	free(adjusted);
	return ret ? err_sys(err, ret, "cannot correct p-values") : 0;
}

static int by_class(const void *a, const void *b)
{
	const struct comparison_row *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t count_failed(const struct arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++)
		n += arm->member[i].status != STATUS_DONE;
	return n;
}

int compare_arms(const struct arm *base, const struct arm *other, enum axis axis,
		 char *const *allow, struct comparison *c, struct err *err)
{
	unsigned int class;
	int ret;

	*c = (struct comparison){.base = base,
				 .other = other,
				 .axis = axis,
				 .failed_base = count_failed(base),
				 .failed_other = count_failed(other)};
	ret = check_comparable(base, other, axis, allow, err);
	if (!ret)
		ret = check_primary(c, err);
	if (!ret)
		ret = add_rows(c, err);
	for (class = METRIC_PRIMARY; !ret && class <= METRIC_DIAGNOSTIC; class++)
		ret = judge_class(c, (enum metric_class)class, err);
	if (ret)
		comparison_release(c);
	else if (c->nr)
		qsort(c->row, c->nr, sizeof(*c->row), by_class);
	return ret;
}

void comparison_release(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		free(c->row[i].name);
	free(c->row);
	memset(c, 0, sizeof(*c));
}
