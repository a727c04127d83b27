// SPDX-License-Identifier: GPL-2.0-only
#include "nightly/nightly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "nightly/internal.h"
#include "report/values.h"
#include "result/store.h"

#define KNOWN_FILE "known.json"
/* Of a key, behind the name of the cells and between its other parts. */
#define CELLS_END '|'
/* Of a single comparison with fresh seeds. */
#define CONFIRM_ALPHA 0.05

const char *night_kind_name(enum night_kind kind)
{
	static const char *const names[] = {"new", "known", "gone", "moved"};

	return names[kind];
}

static char *key_of(const struct suite_contest *c, size_t arm, const char *metric)
{
	cleanup_buf struct buf out = {0};
	unsigned int axis;

	buf_printf(&out, "%s%c%s", c->cells, CELLS_END, axis_name(c->by));
	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != AXIS_KERNEL)
			buf_printf(&out, "%c%s", CELLS_END, c->label[axis] ? c->label[axis] : c->arm[arm].label);
	buf_printf(&out, "%c%s", CELLS_END, metric);
	return xstrdup(buf_str(&out));
}

static struct night_finding *add(struct night *n, size_t contest, size_t arm, const char *metric)
{
	struct night_finding *f;

	n->finding = xrealloc(n->finding, n->nr + 1, sizeof(*n->finding));
	f = &n->finding[n->nr++];
	*f = (struct night_finding){.contest = contest, .arm = arm,
				    .key = key_of(&n->plan->contest[contest], arm, metric)};
	return f;
}

static void add_pair(struct night *n, size_t contest, size_t arm)
{
	const struct suite_pair *pair = &n->s.of[contest].pair[arm - 1];
	size_t i;

	if (pair->why)
		add(n, contest, arm, "comparable")->what = xasprintf("cannot be compared: %s", pair->why);
	for (i = 0; i < pair->nr; i++)
		if (pair->row[i].finding)
			add(n, contest, arm, pair->row[i].r.name)->row = &pair->row[i];
}

static void gather(struct night *n)
{
	size_t i, k;

	for (i = 0; i < n->plan->nr_contests; i++) {
		const struct suite_contest *c = &n->plan->contest[i];

		for (k = 1; k < c->nr_arms; k++)
			add_pair(n, i, k);
		if (n->s.of[i].failed && c->expect != SUITE_ANY)
			add(n, i, c->nr_arms - 1, "status")->what =
				xasprintf("%zu experiments did not end well, or not as expected", n->s.of[i].failed);
	}
}

/* "reclaim.scan.direct" as "reclaim.scan.kswapd"; NULL when it is of no kind of reclaim. */
static char *sibling(const char *name, const char *kind)
{
	size_t i;

	for (i = 0; i < NR_RECLAIM_KINDS; i++) {
		const char *at = strstr(name, reclaim_kinds[i]);

		if (at && at > name && (at[-1] == '.' || at[-1] == '_'))
			return xasprintf("%.*s%s%s", (int)(at - name), name, kind, at + strlen(reclaim_kinds[i]));
	}
	return NULL;
}

const char *const reclaim_kinds[NR_RECLAIM_KINDS] = {"kswapd", "direct", "khugepaged", "proactive"};

/* Each member's sum over all kinds of reclaim that it has; 0 when the metric is not of one. */
static size_t family_sums(const struct arm *arm, const char *name, double *sum)
{
	cleanup_free double *x = xcalloc(arm->nr, sizeof(*x));
	size_t i, k, n, nr = 0;

	for (k = 0; k < NR_RECLAIM_KINDS; k++) {
		cleanup_free char *other = sibling(name, reclaim_kinds[k]);
		const char *why = NULL, *meaning = NULL;

		n = other ? arm_values(arm, other, 0, x, &why, &meaning) : 0;
		if (!n || (nr && n != nr))
			continue;
		nr = n;
		for (i = 0; i < n; i++)
			sum[i] += x[i];
	}
	return nr;
}

int night_moved(const struct arm *base, const struct arm *other, const struct comparison_row *row, bool *moved)
{
	cleanup_free double *a = xcalloc(base->nr + 1, sizeof(*a)), *b = xcalloc(other->nr + 1, sizeof(*b));
	size_t na = family_sums(base, row->name, a), nb = family_sums(other, row->name, b);
	struct stats_gate gate = comparison_gate(row);
	struct stats_shift shift;
	int ret;

	*moved = false;
	if (!na || !nb)
		return 0;
	ret = stats_shift(a, na, b, nb, COMPARE_CONFIDENCE, &shift);
	if (!ret)
		*moved = stats_judge(row->better, stats_median(a, na), &shift, 0, &gate) == STATS_SAME;
	return ret;
}

/* The cells of the confirmation, of both arms. */
static void reserve_cells(const struct suite_contest *c, size_t arm, bool *in)
{
	const size_t arms[] = {0, arm};
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(arms); k++)
		for (i = 0; i < c->arm[arms[k]].nr; i++) {
			const struct suite_member *m = &c->arm[arms[k]].member[i];

			if (m->look == c->nr_looks)
				in[m->cell] = true;
		}
}

/* That the time is over is no error. */
static int without_time(int ret, const struct night_opts *opts)
{
	return ret == -EINTR && opts->over && *opts->over ? 0 : ret;
}

static int run_reserve(struct night *n, const struct night_opts *opts, struct err *err)
{
	struct suite_plan *plan = n->plan;
	struct experiments exps = {.exp = xcalloc(plan->nr, sizeof(*exps.exp)), .qemu = plan->exps.qemu};
	cleanup_free bool *in = xcalloc(plan->nr, sizeof(*in));
	size_t i;
	int ret = 0;

	for (i = 0; i < n->nr; i++)
		if (n->finding[i].row && n->finding[i].kind == NIGHT_NEW)
			reserve_cells(&plan->contest[n->finding[i].contest], n->finding[i].arm, in);
	for (i = 0; i < plan->nr; i++)
		if (in[i] && !store_has(plan->cell[i].id))
			exps.exp[exps.nr++] = plan->exps.exp[i];
	if (exps.nr)
		ret = without_time(opts->run.farm->run(&exps, &opts->run.opts, err), opts);
	for (i = 0; i < exps.nr; i++)
		free(exps.exp[i].reason);
	free(exps.exp);
	return ret;
}

static void take_fresh(struct night_finding *f, const struct comparison *c)
{
	struct stats_gate gate;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		if (strcmp(c->row[i].name, f->row->r.name) || c->row[i].absent)
			continue;
		f->tried = true;
		f->fresh = c->row[i];
		f->fresh.name = f->row->r.name;
		f->fresh.unit = f->row->r.unit;
		gate = comparison_gate(&f->fresh);
		gate.alpha = CONFIRM_ALPHA;
		f->fresh.p_adjusted = f->fresh.p;
		f->fresh.verdict = stats_judge(f->fresh.better, f->fresh.base, &f->fresh.shift, f->fresh.p, &gate);
		if (f->fresh.verdict != f->row->r.verdict)
			f->kind = NIGHT_GONE;
	}
}

bool night_load(const struct night *n, const struct night_finding *f, size_t from, size_t to, struct arm *base,
		      struct arm *other)
{
	const struct suite_contest *c = &n->plan->contest[f->contest];

	if (suite_load_arm(n->plan, &c->arm[0], from, to, base, NULL))
		return false;
	if (!suite_load_arm(n->plan, &c->arm[f->arm], from, to, other, NULL))
		return true;
	arm_release(base);
	return false;
}

static void confirm(struct night *n, struct night_finding *f)
{
	const struct suite_contest *c = &n->plan->contest[f->contest];
	struct comparison comparison;
	struct arm base, other;

	if (!night_load(n, f, c->nr_looks, c->nr_looks + 1, &base, &other))
		return;
	if (!compare_arms(&base, &other, c->by, NULL, &comparison, NULL)) {
		take_fresh(f, &comparison);
		comparison_release(&comparison);
	}
	arm_release(&base);
	arm_release(&other);
}

static int check_moved(struct night *n, struct night_finding *f, struct err *err)
{
	struct arm base, other;
	bool moved = false;
	int ret;

	if (!night_load(n, f, 0, n->s.of[f->contest].looks, &base, &other))
		return 0;
	ret = night_moved(&base, &other, &f->row->r, &moved);
	if (moved)
		f->kind = NIGHT_MOVED;
	arm_release(&base);
	arm_release(&other);
	return ret ? err_sys(err, ret, "cannot add up kinds of reclaim") : 0;
}

static json_t *load_known(const struct suite *suite)
{
	cleanup_free char *path = suite_file(suite, KNOWN_FILE);
	json_t *known = json_load_file(path, 0, NULL);

	if (json_is_object(known))
		return known;
	json_decref(known);
	return json_object();
}

static void mark_known(struct night *n, const json_t *known)
{
	size_t i;

	for (i = 0; i < n->nr; i++) {
		const char *since = json_string_value(json_object_get(known, n->finding[i].key));

		if (!since)
			continue;
		n->finding[i].kind = NIGHT_KNOWN;
		n->finding[i].since = xstrdup(since);
	}
}

/* What a night that was stopped did not look at may still be there. */
static int save_known(const struct suite *suite, const struct night *n, const json_t *old, struct err *err)
{
	cleanup_free char *path = suite_file(suite, KNOWN_FILE);
	json_t *known = n->complete ? json_object() : json_deep_copy(old);
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < n->nr; i++) {
		const struct night_finding *f = &n->finding[i];

		if (f->kind == NIGHT_NEW || f->kind == NIGHT_KNOWN)
			json_object_set_new(known, f->key, json_string(f->since ? f->since : n->kernel));
	}
	json_canonical(known, &text);
	json_decref(known);
	return file_write(path, text.data, text.len, err);
}

static int by_kind(const void *a, const void *b)
{
	const struct night_finding *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void count_kinds(struct night *n)
{
	size_t i;

	if (n->nr)
		qsort(n->finding, n->nr, sizeof(*n->finding), by_kind);
	for (i = 0; i < n->nr; i++)
		n->count[n->finding[i].kind]++;
	n->good = n->complete && !n->count[NIGHT_NEW] && !n->count[NIGHT_KNOWN];
}

/* What several cells found is told as new once: by the first of them. */
static void mark_twins(struct night *n)
{
	size_t i, k;

	for (i = 0; i < n->nr; i++)
		for (k = 0; k < i && n->finding[i].kind == NIGHT_NEW; k++) {
			if (n->finding[k].kind != NIGHT_NEW ||
			    strcmp(strchr(n->finding[k].key, CELLS_END), strchr(n->finding[i].key, CELLS_END)))
				continue;
			n->finding[i].kind = NIGHT_KNOWN;
			n->finding[i].since = xstrdup(n->kernel);
		}
}

static int sort_out(struct night *n, const struct night_opts *opts, const json_t *known, struct err *err)
{
	size_t i;
	int ret;

	gather(n);
	mark_known(n, known);
	ret = run_reserve(n, opts, err);
	for (i = 0; !ret && i < n->nr; i++) {
		if (n->finding[i].row && n->finding[i].kind == NIGHT_NEW)
			confirm(n, &n->finding[i]);
		if (n->finding[i].row && n->finding[i].kind == NIGHT_NEW)
			ret = check_moved(n, &n->finding[i], err);
	}
	mark_twins(n);
	count_kinds(n);
	return ret;
}

bool night_is_void(const struct night *n)
{
	size_t i;

	for (i = 0; i < n->plan->nr_contests; i++)
		if (n->s.of[i].looks)
			return false;
	return true;
}

static int remember(const struct suite *suite, const struct night *n, const json_t *known, struct err *err)
{
	int ret = save_known(suite, n, known, err);

	if (!ret && !night_is_void(n))
		ret = suite_remember(suite, "last-night", n->kernel, err);
	if (!ret && n->good)
		ret = suite_remember(suite, "last-good", n->kernel, err);
	return ret;
}

/* Whether more time would have told more. */
static bool is_complete(const struct suite_standings *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (!s->of[i].settled && !s->of[i].broke)
			return false;
	return true;
}

/* Some of the time is kept for what confirms findings. */
#define SUITE_SHARE 0.85

static int run_suite(struct suite_plan *plan, const struct night_opts *opts, struct night *n, struct err *err)
{
	struct suite_run run = opts->run;

	run.seconds *= SUITE_SHARE;
	return without_time(suite_run(plan, &run, &n->s, err), opts);
}

int night_run(const struct suite *suite, struct suite_plan *plan, const struct night_opts *opts, struct night *n,
	      struct err *err)
{
	json_t *known = load_known(suite);
	int ret;

	*n = (struct night){.plan = plan, .kernel = xstrdup(opts->kernel)};
	ret = suite_plan_save(suite, plan, err);
	if (!ret)
		ret = run_suite(plan, opts, n, err);
	n->complete = !ret && is_complete(&n->s);
	if (!ret)
		ret = sort_out(n, opts, known, err);
	if (!ret)
		ret = remember(suite, n, known, err);
	json_decref(known);
	if (ret)
		night_release(n);
	return ret;
}

void night_release(struct night *n)
{
	size_t i;

	for (i = 0; i < n->nr; i++) {
		free(n->finding[i].key);
		free(n->finding[i].what);
		free(n->finding[i].since);
		free(n->finding[i].search);
	}
	free(n->finding);
	free(n->kernel);
	suite_standings_release(n->plan, &n->s);
	memset(n, 0, sizeof(*n));
}

static bool is_remembered(const struct suite_kernel *k)
{
	return !strncmp(k->rule, "last-", strlen("last-"));
}

/* What -k takes. */
static const char *tonight(const struct suite *suite)
{
	const char *word = NULL;
	size_t i;

	for (i = 0; i < suite->nr_kernels; i++)
		if (suite->kernel[i].is.nr && !strcmp(suite->kernel[i].name, "tonight"))
			return suite->kernel[i].is.name[0];
	for (i = 0; i < suite->nr_kernels && !word; i++)
		if (suite->kernel[i].is.nr && !is_remembered(&suite->kernel[i]))
			word = suite->kernel[i].is.name[0];
	return word || !suite->nr_cells ? word : suite->cells[0].word[AXIS_KERNEL].name[0];
}

int night_kernel(const struct suite *suite, char **out, struct err *err)
{
	const char *word = tonight(suite);
	struct kernel kernel;
	int ret;

	if (!word)
		return err_set(err, -EINVAL, "suite %s names no kernel of tonight", suite->name);
	ret = kernel_resolve(word, NULL, &kernel, err);
	if (ret)
		return ret;
	*out = xstrdup(kernel.version);
	kernel_release(&kernel);
	return 0;
}
