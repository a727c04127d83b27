// SPDX-License-Identifier: GPL-2.0-only
#include "report/explain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Of a counter's grain, what is added to its deviation: where all runs of either arm agree, one event
 * more is so many deviations.
 */
#define FLOOR 0.25
/* Additions that looking at all labellings may take; fewer labellings where there are many numbers. */
#define WORK_MAX   6e9
#define LABELS_MIN 400

const char *explain_phase_name(enum explain_phase phase)
{
	return phase == EXPLAIN_WARMUP ? "warm-up" : "window";
}

struct judge {
	const struct explain_data *data;
	struct explain *out;
	struct stats_labels labels;
	size_t n;
	double *best;  /* of each labelling */
	double *row;   /* scratch: n numbers */
	double **dist; /* of each series and point; 0 where all runs are the same */
};

/* What is compared at a point: into j->row; false when it is the same in all runs. */
static bool take_row(const struct judge *j, const struct explain_series *s, size_t point)
{
	bool differ = false;
	size_t i;

	for (i = 0; i < j->n; i++) {
		j->row[i] = s->x[point * j->n + i] - (point ? s->x[i] : 0);
		differ |= j->row[i] != j->row[0];
	}
	return differ;
}

/* Whether nothing of it ever moves, and all runs of an arm have the same. */
static bool is_fixed(const struct judge *j, const struct explain_series *s)
{
	size_t i, p;

	for (i = 0; i < j->n; i++)
		if (s->x[i] != s->x[i < j->data->na ? 0 : j->data->na])
			return false;
	for (p = 1; p < s->nr; p++)
		for (i = 0; i < j->n; i++)
			if (s->x[p * j->n + i] != s->x[i])
				return false;
	return s->nr > 1 && s->phase == EXPLAIN_WINDOW && s->x[0] != s->x[j->data->na];
}

static void add_fixed(struct judge *j, const struct explain_series *s)
{
	struct explain *e = j->out;

	e->fixed = xrealloc(e->fixed, e->nr_fixed + 1, sizeof(*e->fixed));
	e->fixed[e->nr_fixed++] = (struct explain_fixed){s->name, s->x[0], s->x[j->data->na]};
}

static size_t count_rows(struct judge *j)
{
	size_t i, p, n = 0;

	for (i = 0; i < j->data->nr; i++)
		for (p = 0; p < j->data->series[i].nr; p++)
			n += take_row(j, &j->data->series[i], p);
	return n;
}

static void side_of(double *x, size_t n, struct explain_side *out)
{
	struct stats_summary s = {0};

	stats_summarise(x, n, &s);
	*out = (struct explain_side){s.median, s.min, s.max};
}

/* How far apart ranges are that do not overlap, relative to the larger number; 0 where they do. */
static double gap(const struct judge *j)
{
	struct explain_side a, b;
	double size, d;

	side_of(j->row, j->data->na, &a);
	side_of(j->row + j->data->na, j->data->nb, &b);
	d = b.min > a.max ? b.min - a.max : b.max < a.min ? b.max - a.min : 0;
	size = fmax(fmax(fabs(a.min), fabs(a.max)), fmax(fabs(b.min), fabs(b.max)));
	return size > 0 ? d / size : 0;
}

static void measure(struct judge *j)
{
	size_t i, p;

	for (i = 0; i < j->data->nr; i++) {
		const struct explain_series *s = &j->data->series[i];

		j->dist[i] = xcalloc(s->nr, sizeof(double));
		if (is_fixed(j, s)) {
			add_fixed(j, s);
			continue;
		}
		for (p = 0; p < s->nr; p++)
			if (take_row(j, s, p))
				j->dist[i][p] = j->out->tested ?
					stats_labels_distance(&j->labels, j->row, FLOOR * s->grain,
							      j->best) : gap(j);
	}
}

static double p_of(const struct judge *j, double d)
{
	if (!j->out->tested)
		return d != 0 ? 0 : 1;
	return d != 0 ? stats_labels_p_of(&j->labels, j->best, d) : 1;
}

/* Whether the point alone would say the same as the one that was found. */
static bool agrees(const struct judge *j, const struct explain_series *s, const double *dist,
		   size_t point, double found)
{
	double least = 1.0 / (double)j->labels.nr;

	if (dist[point] * found <= 0)
		return false;
	if (!j->out->tested)
		return true;
	take_row(j, s, point);
	return stats_labels_p(&j->labels, j->row) <= fmax(EXPLAIN_ALPHA_POINT, least);
}

static void add_finding(struct judge *j, const struct explain_series *s, const double *dist,
			size_t sure, double p)
{
	struct explain *e = j->out;
	struct explain_finding f = {.series = s, .start = !sure, .sure = sure, .onset = sure,
				    .distance = dist[sure], .p = p};

	while (f.onset > 1 && agrees(j, s, dist, f.onset - 1, dist[sure]))
		f.onset--;
	take_row(j, s, sure);
	side_of(j->row, j->data->na, &f.a);
	side_of(j->row + j->data->na, j->data->nb, &f.b);
	if (!(e->nr & (e->nr - 1)))
		e->finding = xrealloc(e->finding, e->nr ? 2 * e->nr : 1, sizeof(*e->finding));
	e->finding[e->nr++] = f;
}

/* Of each series what it has at the beginning, and the first point at which it has moved. */
static void find(struct judge *j)
{
	size_t i, p;

	for (i = 0; i < j->data->nr; i++) {
		const struct explain_series *s = &j->data->series[i];
		double q = s->nr ? p_of(j, j->dist[i][0]) : 1;

		if (q <= EXPLAIN_ALPHA)
			add_finding(j, s, j->dist[i], 0, q);
		for (p = 1; p < s->nr; p++) {
			q = p_of(j, j->dist[i][p]);
			if (q > EXPLAIN_ALPHA)
				continue;
			add_finding(j, s, j->dist[i], p, q);
			break;
		}
	}
}

void explain_interval(const struct explain_finding *f, double *lo, double *hi)
{
	const struct explain_series *s = f->series;

	*hi = s->by && f->onset ? s->by[f->onset] : s->at[f->onset];
	*lo = f->onset ? s->at[f->onset - 1] : *hi;
}

static int by_time(const void *a, const void *b)
{
	const struct explain_finding *x = a, *y = b;
	double xlo, xhi, ylo, yhi;

	if (x->series->phase != y->series->phase)
		return x->series->phase < y->series->phase ? -1 : 1;
	if (x->start != y->start)
		return x->start ? -1 : 1;
	explain_interval(x, &xlo, &xhi);
	explain_interval(y, &ylo, &yhi);
	if (xhi != yhi)
		return xhi < yhi ? -1 : 1;
	if (fabs(x->distance) != fabs(y->distance))
		return fabs(x->distance) > fabs(y->distance) ? -1 : 1;
	return strcmp(x->series->name, y->series->name);
}

static size_t count_names(const struct explain_data *data)
{
	size_t i, n = 0;

	for (i = 0; i < data->nr; i++)
		n += data->series[i].phase == EXPLAIN_WINDOW;
	return n;
}

/*
 * Pairs, where there are enough of them to say anything: they hold whatever the two runs of a seed have
 * in common, and make small differences of what both have alike until they part.
 */
static int choose_labels(struct judge *j, struct err *err)
{
	const struct explain_data *d = j->data;
	double room = WORK_MAX / ((double)(j->out->tests + 1) * (double)j->n);
	size_t most = room < LABELS_MIN ? LABELS_MIN :
		      room > EXPLAIN_LABELS ? EXPLAIN_LABELS : (size_t)room;
	bool paired = d->paired && d->na < 1000 && ldexp(1, (int)d->na - 1) * EXPLAIN_ALPHA >= 1;
	int ret = stats_labels_make(d->na, d->nb, paired, most, &j->labels);

	if (ret)
		return err_set(err, ret, "%zu and %zu runs cannot be compared: at most %d together",
			       d->na, d->nb, STATS_EXACT_MAX);
	j->out->labels = j->labels.nr;
	j->out->all_labels = j->labels.all;
	j->out->tested = (double)j->labels.nr * EXPLAIN_ALPHA >= 1;
	return 0;
}

int explain_judge(const struct explain_data *data, struct explain *out, struct err *err)
{
	struct judge j = {.data = data, .out = out, .n = data->na + data->nb};
	size_t i;
	int ret;

	*out = (struct explain){.counters = count_names(data)};
	j.row = xcalloc(j.n + 1, sizeof(*j.row));
	out->tests = count_rows(&j);
	ret = choose_labels(&j, err);
	if (!ret) {
		j.best = xcalloc(j.labels.nr, sizeof(*j.best));
		j.dist = xcalloc(data->nr + 1, sizeof(double *));
		measure(&j);
		find(&j);
		if (out->nr)
			qsort(out->finding, out->nr, sizeof(*out->finding), by_time);
		for (i = 0; i < data->nr; i++)
			free(j.dist[i]);
	}
	free(j.dist);
	free(j.best);
	free(j.row);
	stats_labels_release(&j.labels);
	return ret;
}

void explain_release(struct explain *e)
{
	free(e->finding);
	free(e->fixed);
	*e = (struct explain){0};
}
