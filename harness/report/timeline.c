// SPDX-License-Identifier: GPL-2.0-only
#include "report/timeline.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "records/series.h"
#include "stats/stats.h"

/* The sources of what can be asked for: reading all of them takes several times as long. */
static const char *const kinds[] = {"vmstat", "node.vmstat", "psi.memory", NULL};

/* One line's samples in one run. */
struct track {
	double *at; /* ns since the opening */
	double *value;
	size_t nr;
};

struct run {
	struct track *track; /* by line */
	size_t nr;
	double end; /* ns */
};

struct loader {
	const struct timeline_want *want;
	size_t nr_wants;
	char **name; /* of the lines, as their counters are called */
	size_t *want_of;
	size_t nr;
	struct run *run;
	size_t nr_runs;
	double now; /* of the set that is being read */
};

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[");
}

/* The line that a counter belongs to, a new one where there is room; SIZE_MAX for none. */
static size_t line_of(struct loader *l, size_t want, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < l->nr; i++) {
		if (l->want_of[i] != want)
			continue;
		if (!is_glob(l->want[want].pattern) || !strcmp(l->name[i], name))
			return i;
		n++;
	}
	if (n == TIMELINE_EACH)
		return SIZE_MAX;
	l->name = xrealloc(l->name, l->nr + 1, sizeof(*l->name));
	l->want_of = xrealloc(l->want_of, l->nr + 1, sizeof(*l->want_of));
	l->name[l->nr] = xstrdup(name);
	l->want_of[l->nr] = want;
	return l->nr++;
}

static struct track *track_of(struct loader *l, size_t line)
{
	struct run *run = &l->run[l->nr_runs];

	if (line >= run->nr) {
		run->track = xrealloc(run->track, line + 1, sizeof(*run->track));
		memset(run->track + run->nr, 0, (line + 1 - run->nr) * sizeof(*run->track));
		run->nr = line + 1;
	}
	return &run->track[line];
}

/* What comes in the same set is added. */
static void add_value(struct loader *l, struct track *t, double value)
{
	if (t->nr && t->at[t->nr - 1] >= l->now) {
		t->value[t->nr - 1] += value;
		return;
	}
	if (!(t->nr & (t->nr - 1))) {
		t->at = xrealloc(t->at, t->nr ? 2 * t->nr : 1, sizeof(*t->at));
		t->value = xrealloc(t->value, t->nr ? 2 * t->nr : 1, sizeof(*t->value));
	}
	t->at[t->nr] = l->now;
	t->value[t->nr++] = value;
}

static bool matches(const struct timeline_want *w, const char *name)
{
	if (!strcmp(w->pattern, name) || (w->plus && !strcmp(w->plus, name)))
		return true;
	return is_glob(w->pattern) && !fnmatch(w->pattern, name, 0);
}

static void take(void *ctx, const char *name, uint64_t value)
{
	struct loader *l = ctx;
	size_t i, line;

	for (i = 0; i < l->nr_wants; i++) {
		const struct timeline_want *w = &l->want[i];

		if (!matches(w, name))
			continue;
		line = line_of(l, i, name);
		if (line != SIZE_MAX)
			add_value(l, track_of(l, line), (double)value);
	}
}

/* True when it has a window with a sample behind its opening. */
static bool take_run(struct loader *l, const struct records *rec)
{
	const struct records_set *open = records_open_set(rec);
	double last = -1;
	size_t i;

	for (i = 0; open && i < rec->nr_sets; i++) {
		l->now = (double)rec->set[i].time_ns - (double)open->time_ns;
		if (l->now <= last)
			continue;
		last = l->now;
		series_each_of(rec, &rec->set[i], kinds, take, l);
	}
	l->run[l->nr_runs].end = last;
	return last > 0;
}

static void release_run(struct run *run)
{
	size_t i;

	for (i = 0; i < run->nr; i++) {
		free(run->track[i].at);
		free(run->track[i].value);
	}
	free(run->track);
	*run = (struct run){0};
}

static int read_member(struct loader *l, const struct member *m, struct err *err)
{
	cleanup_buf struct buf bytes = {0};
	struct records rec;
	int ret = store_records(m->id, &bytes, NULL);

	/* It may have none. */
	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = records_parse(&rec, buf_str(&bytes), bytes.len);
	if (ret)
		return err_sys(err, ret, "cannot read the records of %.12s", m->id);
	if (take_run(l, &rec))
		l->nr_runs++;
	else
		release_run(&l->run[l->nr_runs]);
	records_release(&rec);
	return 0;
}

/* In a straight line between the samples; *from is where to look first, for times that go up. */
static double value_at(const struct track *t, double at, size_t *from)
{
	size_t i = *from;

	while (i + 1 < t->nr && t->at[i + 1] <= at)
		i++;
	*from = i;
	if (i + 1 == t->nr || at <= t->at[i])
		return t->value[i];
	return t->value[i] + (t->value[i + 1] - t->value[i]) * (at - t->at[i]) / (t->at[i + 1] - t->at[i]);
}

/* Of the line in all runs; 0 when one of them has too few to draw. */
static size_t intervals_of(const struct loader *l, size_t line, double *end)
{
	size_t i, n = TIMELINE_POINTS;

	*end = INFINITY;
	for (i = 0; i < l->nr_runs; i++) {
		const struct run *run = &l->run[i];
		size_t nr = line < run->nr ? run->track[line].nr : 0;

		if (nr < 3)
			return 0;
		n = nr - 1 < n ? nr - 1 : n;
		*end = fmin(*end, run->end);
	}
	return n;
}

static char *name_of(const struct loader *l, size_t line)
{
	const struct timeline_want *w = &l->want[l->want_of[line]];

	return xstrdup(w->name ? w->name : l->name[line]);
}

/* The row of each run: n + 1 numbers at the ends of the intervals, then for a rate n of between them. */
static void fill_run(const struct loader *l, size_t line, size_t n, double end, size_t run, double *x)
{
	const struct timeline_want *w = &l->want[l->want_of[line]];
	const struct track *t = &l->run[run].track[line];
	size_t i, from = 0;

	for (i = 0; i <= n; i++)
		x[i] = value_at(t, end * (double)i / (double)n, &from) * w->scale;
	for (i = 0; w->rate && i < n; i++)
		x[i] = (x[i + 1] - x[i]) / (end / (double)n / 1e9);
}

static void fill_line(const struct loader *l, struct timeline_line *out, size_t n, const double *x)
{
	cleanup_free double *column = xcalloc(l->nr_runs, sizeof(*column));
	struct stats_summary s;
	size_t i, k;

	for (i = 0; i < out->nr; i++) {
		for (k = 0; k < l->nr_runs; k++)
			column[k] = x[k * (n + 1) + i];
		if (stats_summarise(column, l->nr_runs, &s))
			s = (struct stats_summary){0};
		out->mid[i] = s.median;
		out->lo[i] = s.min;
		out->hi[i] = s.max;
	}
}

static void make_line(const struct loader *l, size_t line, struct timeline *out)
{
	const struct timeline_want *w = &l->want[l->want_of[line]];
	cleanup_free double *x = NULL;
	struct timeline_line *made;
	double end;
	size_t i, n = intervals_of(l, line, &end);

	if (!n)
		return;
	x = xcalloc(l->nr_runs * (n + 1), sizeof(*x));
	for (i = 0; i < l->nr_runs; i++)
		fill_run(l, line, n, end, i, x + i * (n + 1));
	out->line = xrealloc(out->line, out->nr + 1, sizeof(*out->line));
	made = &out->line[out->nr++];
	*made = (struct timeline_line){.want = w, .name = name_of(l, line), .nr = n + !w->rate};
	made->at = xcalloc(n + 1, sizeof(double));
	made->mid = xcalloc(n + 1, sizeof(double));
	made->lo = xcalloc(n + 1, sizeof(double));
	made->hi = xcalloc(n + 1, sizeof(double));
	for (i = 0; i < made->nr; i++)
		made->at[i] = end / 1e9 * ((double)i + (w->rate ? 0.5 : 0)) / (double)n;
	fill_line(l, made, n, x);
}

static void make_lines(const struct loader *l, struct timeline *out)
{
	size_t i, k;

	out->runs = l->nr_runs;
	for (i = 0; l->nr_runs && i < l->nr_wants; i++)
		for (k = 0; k < l->nr; k++)
			if (l->want_of[k] == i)
				make_line(l, k, out);
}

int timeline_load(const struct arm *arm, const struct timeline_want *want, size_t nr, struct timeline *out,
		  struct err *err)
{
	struct loader l = {.want = want, .nr_wants = nr};
	size_t i;
	int ret = 0;

	*out = (struct timeline){0};
	l.run = xcalloc(arm->nr + 1, sizeof(*l.run));
	for (i = 0; !ret && i < arm->nr; i++)
		if (member_counts(&arm->member[i]))
			ret = read_member(&l, &arm->member[i], err);
	if (!ret)
		make_lines(&l, out);
	for (i = 0; i < l.nr_runs; i++)
		release_run(&l.run[i]);
	for (i = 0; i < l.nr; i++)
		free(l.name[i]);
	free(l.name);
	free(l.want_of);
	free(l.run);
	return ret;
}

void timeline_release(struct timeline *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++) {
		free(t->line[i].name);
		free(t->line[i].at);
		free(t->line[i].mid);
		free(t->line[i].lo);
		free(t->line[i].hi);
	}
	free(t->line);
	*t = (struct timeline){0};
}
