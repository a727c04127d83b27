// SPDX-License-Identifier: GPL-2.0-only
/* An explanation for people, and as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "report/format.h"
#include "report/values.h"

/* Unless everything is asked for. */
#define GROUPS_SHOWN   8
#define STARTS_SHOWN   6
#define COUNTERS_SHOWN 3
#define COUNTS_SHOWN   14
#define NAMES_SHOWN    4
#define STEPS_SHOWN    4
#define MEANINGS_SHOWN 4

#define NAME_WIDTH  24
#define SIDE_WIDTH  19
#define COUNT_WIDTH 36

json_t *explain_meanings(const struct arm *arm)
{
	const struct member *m = arm_first(arm);
	json_t *out = json_object(), *metric;
	size_t i;

	json_array_foreach(json_object_get(m ? m->r.result : NULL, "metrics"), i, metric) {
		json_t *meaning = json_object_get(metric, "meaning");

		if (meaning)
			json_object_set(out, text_of(metric, "name"), meaning);
	}
	return out;
}

static bool is_traced(const struct explain_report *r)
{
	size_t i;

	for (i = 0; i < r->data->na + r->data->nb; i++)
		if (!r->data->run[i].traced)
			return false;
	return true;
}

static bool meaning_differs(const struct explain_report *r, const char *name)
{
	json_t *a = json_object_get(r->meaning[0], name), *b = json_object_get(r->meaning[1], name);

	return a && b && !json_equal(a, b);
}

/*
 * ---- What parts ----
 */

static void side_text(const struct explain_side *s, char *out, size_t size)
{
	char median[16], lo[16], hi[16];

	format_si(s->median, median, sizeof(median));
	format_si(s->min, lo, sizeof(lo));
	format_si(s->max, hi, sizeof(hi));
	if (s->min == s->max)
		snprintf(out, size, "%s", median);
	else
		snprintf(out, size, "%s [%s,%s]", median, lo, hi);
}

static void distance_text(const struct explain_report *r, double d, char *out, size_t size)
{
	if (!r->e->tested)
		snprintf(out, size, "%+.0f%%", d * 100);
	else if (fabs(d) > 99)
		snprintf(out, size, "%s", d < 0 ? "<-99" : ">+99");
	else
		snprintf(out, size, "%+.*f", fabs(d) < 9.95 ? 1 : 0, d);
}

/* What a side takes beyond its column is taken from the name's, which can have a line for itself. */
static int beyond(const char *side)
{
	int n = (int)strlen(side) - SIDE_WIDTH;

	return n > 0 ? n : 0;
}

static void finding_text(const struct explain_report *r, const struct explain_finding *f,
			 struct buf *out)
{
	cleanup_free char *name = xasprintf("%s%s", f->series->name,
					    meaning_differs(r, f->series->name) ? "*" : "");
	char a[64], b[64], d[16];

	side_text(&f->a, a, sizeof(a));
	side_text(&f->b, b, sizeof(b));
	distance_text(r, f->distance, d, sizeof(d));
	buf_adds(out, "  ");
	format_column(out, 2, name, NAME_WIDTH - beyond(a) - beyond(b));
	buf_printf(out, " %*s %*s %5s\n", SIDE_WIDTH, a, SIDE_WIDTH, b, d);
}

/* The farthest apart, then the farthest of each other scope: system, node, cgroup, ... */
static size_t choose(const struct explain_group *g, size_t most,
		     const struct explain_finding *out[COUNTERS_SHOWN])
{
	char scope[COUNTERS_SHOWN][96], here[96];
	size_t i, k, n = 0;

	for (i = 0; i < g->nr && n < most; i++) {
		explain_scope(g->finding[i]->series->name, here, sizeof(here));
		for (k = 0; k < n; k++)
			if (!strncmp(scope[k], here, strcspn(here, " ")))
				break;
		if (k < n)
			continue;
		snprintf(scope[n], sizeof(scope[n]), "%s", here);
		out[n++] = g->finding[i];
	}
	return n;
}

static void name_more(const struct explain_group *g, const struct explain_finding *const *shown,
		      size_t n, struct buf *out)
{
	cleanup_buf struct buf names = {0};
	size_t i, k, named = 0;

	for (i = 0; i < g->nr && named < NAMES_SHOWN; i++) {
		for (k = 0; k < n; k++)
			if (shown[k] == g->finding[i])
				break;
		if (k < n)
			continue;
		buf_printf(&names, "%s%s", named++ ? ", " : "", g->finding[i]->series->name);
	}
	if (g->nr - n > named)
		buf_printf(&names, " and %zu more", g->nr - n - named);
	if (named)
		format_wrap(out, "    also ", "    ", buf_str(&names));
}

static void group_text(const struct explain_report *r, const struct explain_group *g, size_t most,
		       struct buf *out)
{
	const struct explain_finding *shown[COUNTERS_SHOWN];
	size_t i, n;

	buf_printf(out, "%s +%.3f s, %s: %zu counter%s\n", explain_phase_name(g->phase), g->hi / 1e9,
		   g->family, g->nr, g->nr == 1 ? "" : "s");
	if (r->whole) {
		for (i = 0; i < g->nr; i++)
			finding_text(r, g->finding[i], out);
		return;
	}
	n = choose(g, most, shown);
	for (i = 0; i < n; i++)
		finding_text(r, shown[i], out);
	name_more(g, shown, n, out);
}

static void groups_text(const struct explain_report *r, bool start, enum explain_phase phase,
			struct buf *out)
{
	size_t i, n = 0, shown = 0, most = start ? STARTS_SHOWN : GROUPS_SHOWN;

	for (i = 0; i < r->groups->nr; i++) {
		const struct explain_group *g = &r->groups->group[i];

		if (g->start != start || g->phase != phase)
			continue;
		if (n++ >= most && !r->whole)
			continue;
		group_text(r, g, start ? 1 : COUNTERS_SHOWN, out);
		shown++;
	}
	if (n > shown)
		buf_printf(out, "and %zu more group%s %s (--all)\n", n - shown, n - shown > 1 ? "s" : "",
			   start ? "apart at that moment" : "later");
}

static bool any_group(const struct explain_report *r, bool start, enum explain_phase phase)
{
	size_t i;

	for (i = 0; i < r->groups->nr; i++)
		if (r->groups->group[i].start == start && r->groups->group[i].phase == phase)
			return true;
	return false;
}

static void findings_text(const struct explain_report *r, struct buf *out)
{
	static const char *const began[] = {"Apart at the gate already:\n",
					    "Apart at the opening of the window already:\n"};
	unsigned int phase;

	buf_printf(out, "\n%-26s %19s %19s %5s\n", "", "A [range]", "B [range]", "size");
	for (phase = 0; phase < EXPLAIN_PHASES; phase++) {
		if (any_group(r, true, (enum explain_phase)phase)) {
			buf_adds(out, began[phase]);
			groups_text(r, true, (enum explain_phase)phase, out);
		}
		if (any_group(r, false, (enum explain_phase)phase)) {
			buf_printf(out, "Parts in the %s (changes since it began):\n",
				   explain_phase_name((enum explain_phase)phase));
			groups_text(r, false, (enum explain_phase)phase, out);
		}
	}
}

/*
 * ---- The trace there ----
 */

static double median_of(const double *x, size_t n)
{
	return n ? stats_quantile(x, n, 0.5) : 0;
}

struct row {
	const struct explain_count *c;
	double a[2], b[2]; /* before, after */
	double change;     /* how much the arms differ behind the moment, for the order */
};

static void row_of(const struct explain_report *r, const struct explain_count *c, struct row *out)
{
	size_t na = r->data->na, nb = r->data->nb;

	*out = (struct row){
		c, {median_of(c->before, na), median_of(c->after, na)},
		{median_of(c->before + na, nb), median_of(c->after + na, nb)}, 0};
	out->change = fabs(out->a[1] - out->b[1]) / fmax(1, fmax(out->a[1], out->b[1]));
}

static bool is_task(const struct explain_count *c)
{
	return !strncmp(c->what, "task ", 5);
}

static bool is_event(const struct explain_count *c)
{
	return !strncmp(c->what, "event ", 6);
}

/* Episodes, then events, then tasks; of a kind those that differ most first. */
static int by_kind(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int ka = is_task(a->c) ? 2 : is_event(a->c), kb = is_task(b->c) ? 2 : is_event(b->c);

	if (ka != kb)
		return ka - kb;
	if (ka && a->change != b->change)
		return a->change < b->change ? 1 : -1;
	return strcmp(a->c->what, b->c->what);
}

static void row_text(const struct row *row, struct buf *out)
{
	char n[4][16];
	const char *what = is_event(row->c) ? row->c->what + 6 : row->c->what;

	format_si(row->a[0], n[0], sizeof(n[0]));
	format_si(row->a[1], n[1], sizeof(n[1]));
	format_si(row->b[0], n[2], sizeof(n[2]));
	format_si(row->b[1], n[3], sizeof(n[3]));
	format_column(out, 0, what, COUNT_WIDTH);
	buf_printf(out, " %8s %8s %8s %8s\n", n[0], n[1], n[2], n[3]);
}

static void counts_text(const struct explain_report *r, struct buf *out)
{
	cleanup_free struct row *row = xcalloc(r->around->nr + 1, sizeof(*row));
	size_t i, n = 0;

	for (i = 0; i < r->around->nr; i++) {
		row_of(r, &r->around->count[i], &row[n]);
		n += row[n].a[0] > 0 || row[n].a[1] > 0 || row[n].b[0] > 0 || row[n].b[1] > 0;
	}
	if (n)
		qsort(row, n, sizeof(*row), by_kind);
	buf_printf(out, "%-36s %8s %8s %8s %8s\n", "", "A before", "after", "B before", "after");
	for (i = 0; i < n && (i < COUNTS_SHOWN || r->whole); i++)
		row_text(&row[i], out);
	if (!n)
		buf_printf(out, "%s\n", is_traced(r) ? "no event of reclaim in most of the runs" :
						     "not all runs have a trace");
	if (i < n)
		buf_printf(out, "and %zu more (--all)\n", n - i);
}

/* When the first came, the median of the runs; negative when not all of them had one. */
static double first_of(const double *first, size_t n, bool *none)
{
	cleanup_free double *seen = xcalloc(n + 1, sizeof(*seen));
	size_t i, had = 0;

	for (i = 0; i < n; i++)
		if (!isnan(first[i]))
			seen[had++] = first[i];
	*none = !had;
	return had == n ? median_of(seen, n) : NAN;
}

static bool lacks(const struct explain_report *r, size_t arm, const char *event)
{
	cleanup_free char *name = xasprintf("trace.%s", event);
	size_t i;

	for (i = 0; i < r->data->nr_only[!arm]; i++)
		if (!strcmp(r->data->only[!arm][i], name))
			return true;
	return false;
}

/* Events that every run of one arm has had by then, and none of the other. */
static void one_sided_text(const struct explain_report *r, struct buf *out)
{
	size_t i, arm;

	for (i = 0; i < r->around->nr; i++) {
		const struct explain_count *c = &r->around->count[i];
		bool none[2];
		double first[2] = {first_of(c->first, r->data->na, &none[0]),
				   first_of(c->first + r->data->na, r->data->nb, &none[1])};

		for (arm = 0; arm < 2; arm++)
			if (is_event(c) && !isnan(first[arm]) && none[!arm])
				buf_printf(out, "only %c, first at gate %+.3f s: %s%s\n",
					   "AB"[arm], first[arm] / 1e9, c->what + 6,
					   lacks(r, !arm, c->what + 6) ?
						   " (the other has no such event)" : "");
	}
}

static void steps_text(const struct explain_report *r, struct buf *out)
{
	const struct explain_around *a = r->around;
	size_t i, from = a->nr_steps > STEPS_SHOWN && !r->whole ? a->nr_steps - STEPS_SHOWN : 0;

	for (i = from; i < a->nr_steps; i++) {
		const struct explain_step *s = &a->step[i];

		buf_printf(out, "%s: %s %+.3f s", s->name,
			   r->moment->phase == EXPLAIN_WARMUP ? "gate" : "window", s->at_ns / 1e9);
		if (s->runs[0] != r->data->na || s->runs[1] != r->data->nb)
			buf_printf(out, " in %zu of %zu runs of A, %zu of %zu of B", s->runs[0],
				   r->data->na, s->runs[1], r->data->nb);
		buf_adds(out, "\n");
	}
}

static void around_text(const struct explain_report *r, struct buf *out)
{
	const struct explain_around *a = r->around;
	size_t arm;

	buf_printf(out, "\nTrace, %.3f s before %s %+.3f s and %.3f s from it on (medians):\n",
		   r->moment->span_ns / 1e9, explain_phase_name(r->moment->phase),
		   r->moment->lo / 1e9, r->moment->span_ns / 1e9);
	counts_text(r, out);
	one_sided_text(r, out);
	for (arm = 0; arm < 2; arm++)
		if (a->priority[arm] >= 0)
			buf_printf(out, "lowest priority from then on, %c: %d\n", "AB"[arm],
				   a->priority[arm]);
	steps_text(r, out);
	if (a->lost)
		buf_printf(out, "note: %llu events were lost, so counts of the trace are too low\n",
			   (unsigned long long)a->lost);
}

/*
 * ---- Head and tail ----
 */

static double phase_begin(const struct explain_report *r, enum explain_phase phase)
{
	size_t i, n = r->data->na + r->data->nb;
	cleanup_free double *t = xcalloc(n, sizeof(*t));

	for (i = 0; i < n; i++)
		t[i] = (double)(phase == EXPLAIN_WARMUP ? r->data->run[i].gate_ns :
							  r->data->run[i].open_ns);
	return median_of(t, n);
}

static const struct explain_finding *first_finding(const struct explain_report *r)
{
	size_t i;

	for (i = 0; i < r->e->nr; i++)
		if (!r->e->finding[i].start)
			return &r->e->finding[i];
	return r->e->nr ? &r->e->finding[0] : NULL;
}

/* Where the earliest finding is no moment but a state. */
static void begin_text(const struct explain_report *r, struct buf *out)
{
	const struct explain_finding *f = &r->e->finding[0];
	size_t n = 0;

	while (n < r->e->nr && r->e->finding[n].start &&
	       r->e->finding[n].series->phase == f->series->phase)
		n++;
	if (!n)
		return;
	buf_printf(out, "Already apart when the %s began, at %.3f s: %zu counter%s.\n",
		   explain_phase_name(f->series->phase), phase_begin(r, f->series->phase) / 1e9, n,
		   n == 1 ? "" : "s");
	if (f->series->phase == EXPLAIN_WINDOW)
		format_wrap(out, "Since when is not known: ", "  ",
			    is_traced(r) ?
				    "the trace alone looks before it, and does not part there." :
				    "nothing looks before it, there is no trace.");
}

static const char *family_of(const struct explain_report *r, const struct explain_finding *f)
{
	size_t i, k;

	for (i = 0; i < r->groups->nr; i++)
		for (k = 0; k < r->groups->group[i].nr; k++)
			if (r->groups->group[i].finding[k] == f)
				return r->groups->group[i].family;
	return "";
}

static void first_text(const struct explain_report *r, struct buf *out)
{
	const struct explain_finding *f = first_finding(r);
	double begin;
	char scope[96];

	if (!f) {
		buf_adds(out, "No counter differs by more than the seeds do.\n");
		return;
	}
	begin_text(r, out);
	begin = phase_begin(r, f->series->phase);
	if (!f->start) {
		cleanup_free char *line = xasprintf(
			"%s: %s +%.3f to +%.3f s (virtual time %.3f to %.3f s)",
			r->e->finding[0].start ? "First to move apart" : "First apart",
			explain_phase_name(f->series->phase), r->moment->lo / 1e9,
			r->moment->hi / 1e9, (begin + r->moment->lo) / 1e9,
			(begin + r->moment->hi) / 1e9);

		format_wrap(out, "", "  ", line);
	}
	explain_scope(f->series->name, scope, sizeof(scope));
	buf_printf(out, "in %s, %s:\n  %s%s\n", family_of(r, f), scope, f->series->name,
		   meaning_differs(r, f->series->name) ? "*" : "");
}

static void how_text(const struct explain_report *r, struct buf *out)
{
	const struct explain *e = r->e;

	buf_printf(out, "%zu counters, %zu numbers that vary", e->counters, e->tests);
	if (e->tested)
		buf_printf(out, "; %s%zu labellings of the runs\n", e->all_labels ? "all " : "",
			   e->labels);
	else
		buf_adds(out, "\n");
	if (!e->tested && r->data->na == 1 && r->data->nb == 1)
		buf_adds(out, "One run each knows no spread: the first difference, untested.\n");
	else if (!e->tested)
		buf_printf(out, "%zu and %zu runs can show nothing at 5 %%: what does not overlap, "
				"untested.\n",
			   r->data->na, r->data->nb);
}

static void fixed_text(const struct explain_report *r, struct buf *out)
{
	size_t i, n = r->e->nr_fixed;
	char a[16], b[16];

	if (!n)
		return;
	buf_printf(out, "\nNever move, and differ (%zu):\n", n);
	for (i = 0; i < n && (i < NAMES_SHOWN || r->whole); i++) {
		format_si(r->e->fixed[i].a, a, sizeof(a));
		format_si(r->e->fixed[i].b, b, sizeof(b));
		buf_adds(out, "  ");
		format_column(out, 2, r->e->fixed[i].name, NAME_WIDTH);
		buf_printf(out, " %19s %19s\n", a, b);
	}
}

static void only_text(const struct explain_report *r, size_t arm, struct buf *out)
{
	cleanup_buf struct buf names = {0};
	cleanup_free char *head = NULL;
	size_t i, n = r->data->nr_only[arm];

	if (!n)
		return;
	for (i = 0; i < n && (i < NAMES_SHOWN || r->whole); i++)
		buf_printf(&names, "%s%s", i ? ", " : "", r->data->only[arm][i]);
	if (i < n)
		buf_printf(&names, " and %zu more", n - i);
	head = xasprintf("\nOnly %c has (%zu): ", "AB"[arm], n);
	format_wrap(out, head, "  ", buf_str(&names));
}

static void meanings_text(const struct explain_report *r, struct buf *out)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->e->nr && (n < MEANINGS_SHOWN || r->whole); i++) {
		const char *name = r->e->finding[i].series->name;
		const json_t *a = json_object_get(r->meaning[0], name);
		const json_t *b = json_object_get(r->meaning[1], name);
		cleanup_free char *line = NULL;

		if (!meaning_differs(r, name))
			continue;
		for (k = 0; k < i; k++) {
			const char *other = r->e->finding[k].series->name;

			if (meaning_differs(r, other) &&
			    json_equal(a, json_object_get(r->meaning[0], other)) &&
			    json_equal(b, json_object_get(r->meaning[1], other)))
				break;
		}
		if (k < i)
			continue;
		n++;
		line = xasprintf("meaning differs, as of %s: A %s, B %s", name,
				 json_string_value(a), json_string_value(b));
		format_wrap(out, "* ", "  ", line);
	}
}

void explain_text(const struct explain_report *r, struct buf *out)
{
	how_text(r, out);
	buf_adds(out, "\n");
	first_text(r, out);
	if (r->e->nr) {
		findings_text(r, out);
		meanings_text(r, out);
	}
	if (r->around)
		around_text(r, out);
	fixed_text(r, out);
	only_text(r, 0, out);
	only_text(r, 1, out);
}

/*
 * ---- JSON ----
 */

static json_t *json_side(const struct explain_side *s)
{
	return json_pack("{s:f, s:f, s:f}", "median", s->median, "min", s->min, "max", s->max);
}

static json_t *json_finding(const struct explain_report *r, const struct explain_finding *f,
			    const char *family)
{
	double lo, hi;
	char scope[96];
	json_t *out;

	explain_interval(f, &lo, &hi);
	explain_scope(f->series->name, scope, sizeof(scope));
	out = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:f, s:o, s:o, s:b}", "name",
			f->series->name, "scope", scope, "family", family, "phase",
			explain_phase_name(f->series->phase), "from_start", f->start, "agreed_ns",
			(json_int_t)lo, "apart_ns", (json_int_t)hi, "found_ns",
			(json_int_t)f->series->at[f->sure], "distance", f->distance, "a",
			json_side(&f->a), "b", json_side(&f->b), "meaning_differs",
			meaning_differs(r, f->series->name));
	if (r->e->tested)
		json_object_set_new(out, "p", json_real(f->p));
	return out;
}

static json_t *json_findings(const struct explain_report *r)
{
	json_t *out = json_array();
	size_t i, k;

	for (i = 0; i < r->groups->nr; i++)
		for (k = 0; k < r->groups->group[i].nr; k++)
			json_array_append_new(out, json_finding(r, r->groups->group[i].finding[k],
								r->groups->group[i].family));
	return out;
}

static json_t *json_numbers(const double *x, size_t n)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(out, isnan(x[i]) ? json_null() :
							 json_integer((json_int_t)x[i]));
	return out;
}

static json_t *json_around(const struct explain_report *r)
{
	json_t *counts = json_array(), *steps = json_array();
	size_t i, n = r->data->na + r->data->nb;

	for (i = 0; i < r->around->nr; i++) {
		const struct explain_count *c = &r->around->count[i];

		json_array_append_new(counts, json_pack("{s:s, s:o, s:o, s:o}", "what", c->what,
							"before", json_numbers(c->before, n),
							"after", json_numbers(c->after, n),
							"first_ns", json_numbers(c->first, n)));
	}
	for (i = 0; i < r->around->nr_steps; i++) {
		const struct explain_step *s = &r->around->step[i];

		json_array_append_new(steps, json_pack("{s:s, s:I, s:I, s:I}", "name", s->name,
						       "at_ns", (json_int_t)s->at_ns, "runs_a",
						       (json_int_t)s->runs[0], "runs_b",
						       (json_int_t)s->runs[1]));
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:[i, i], s:I}", "phase",
			 explain_phase_name(r->moment->phase), "agreed_ns",
			 (json_int_t)r->moment->lo, "apart_ns", (json_int_t)r->moment->hi, "span_ns",
			 (json_int_t)r->moment->span_ns, "counts", counts, "steps", steps,
			 "lowest_priority", r->around->priority[0], r->around->priority[1], "lost",
			 (json_int_t)r->around->lost);
}

static json_t *json_names(char **names, size_t nr)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_array_append_new(out, json_string(names[i]));
	return out;
}

json_t *explain_json(const struct explain_report *r)
{
	json_t *fixed = json_array(), *runs = json_array();
	const struct explain_data *d = r->data;
	size_t i;

	for (i = 0; i < r->e->nr_fixed; i++)
		json_array_append_new(fixed, json_pack("{s:s, s:f, s:f}", "name",
						       r->e->fixed[i].name, "a", r->e->fixed[i].a,
						       "b", r->e->fixed[i].b));
	for (i = 0; i < d->na + d->nb; i++)
		json_array_append_new(runs, json_pack("{s:I, s:I, s:I}", "gate_ns",
						      (json_int_t)d->run[i].gate_ns, "open_ns",
						      (json_int_t)d->run[i].open_ns, "close_ns",
						      (json_int_t)d->run[i].close_ns));
	return json_pack("{s:I, s:I, s:b, s:I, s:I, s:I, s:b, s:f, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "n_a", (json_int_t)d->na, "n_b", (json_int_t)d->nb, "tested", r->e->tested,
			 "counters", (json_int_t)r->e->counters, "numbers", (json_int_t)r->e->tests,
			 "labellings", (json_int_t)r->e->labels, "all_labellings",
			 r->e->all_labels, "alpha", EXPLAIN_ALPHA, "findings", json_findings(r),
			 "fixed", fixed, "only_a", json_names(d->only[0], d->nr_only[0]), "only_b",
			 json_names(d->only[1], d->nr_only[1]), "runs", runs, "around",
			 r->around ? json_around(r) : json_null());
}
