// SPDX-License-Identifier: GPL-2.0-only
/* From the records of all runs to series with the same points for all of them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "records/series.h"
#include "report/explain.h"
#include "trace/tally.h"

#define COUNTERS_MAX (2 * SERIES_COLUMNS_MAX)
/* Numbers of all series together: half a GiB. */
#define CELLS_MAX    (64u << 20)
/* The trace is looked at about so many times in a phase. */
#define TALLIES      50
#define TALLIES_MAX  1000
/* Of a sample behind a point, from which on it decides what the point's number is. */
#define WEIGHT_MIN   0.1

/* One counter's samples in one run. */
struct track {
	uint16_t *row; /* of the run's times */
	double *value;
	size_t nr;
};

struct side_run {
	double *time; /* of each set, ns since the opening */
	size_t nr_rows;
	struct track *track; /* by counter */
	size_t nr_tracks;
	double *tally; /* by counter of the trace, a row of all points each */
	size_t nr_tallies;
	json_t *event; /* {name: true}: what its kernel has; NULL without a trace */
};

struct loader {
	const struct explain_source *from;
	struct explain_data *out;
	size_t n;
	struct side_run *run;
	json_t *name, *tally_name; /* name: number */
	char **names, **tally_names;
	uint64_t *grain;           /* of each counter */
	size_t nr, nr_tally;
	double *point[EXPLAIN_PHASES]; /* of the trace, ns since the phase began */
	size_t nr_points[EXPLAIN_PHASES];
	size_t cells;
	/* What is being read. */
	struct side_run *at;
	uint64_t open_ns;
	uint16_t row;
};

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Its number; SIZE_MAX when there are too many. */
static size_t number_of(json_t *map, char ***names, size_t *nr, const char *name)
{
	json_t *at = json_object_get(map, name);

	if (at)
		return (size_t)json_integer_value(at);
	if (*nr == COUNTERS_MAX || json_object_set_new(map, name, json_integer((json_int_t)*nr)))
		return SIZE_MAX;
	if (!(*nr & (*nr - 1)))
		*names = xrealloc(*names, *nr ? 2 * *nr : 1, sizeof(char *));
	(*names)[*nr] = xstrdup(name);
	return (*nr)++;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), e = strlen(end);

	return len >= e && !strcmp(name + len - e, end);
}

/* A letter is no number, and the largest latency so far says no more than when it came. */
static bool is_no_count(const char *name)
{
	return (!strncmp(name, "task.", 5) && ends_with(name, ".state")) ||
	       ends_with(name, ".latency_max_ns");
}

static void take_value(void *ctx, const char *name, uint64_t value)
{
	struct loader *l = ctx;
	struct side_run *run = l->at;
	size_t known = l->nr, c = is_no_count(name) ? SIZE_MAX : number_of(l->name, &l->names, &l->nr,
									   name);
	struct track *t;

	if (c == SIZE_MAX)
		return;
	if (l->nr > known && !(known & (known - 1)))
		l->grain = xrealloc(l->grain, known ? 2 * known : 1, sizeof(*l->grain));
	if (l->nr > known)
		l->grain[c] = 0;
	l->grain[c] = gcd(l->grain[c], value);
	if (c >= run->nr_tracks) {
		run->track = xrealloc(run->track, 2 * c + 64, sizeof(*run->track));
		memset(run->track + run->nr_tracks, 0,
		       (2 * c + 64 - run->nr_tracks) * sizeof(*run->track));
		run->nr_tracks = 2 * c + 64;
	}
	t = &run->track[c];
	/* One name twice in a set: the first counts. */
	if (t->nr && t->row[t->nr - 1] == l->row)
		return;
	if (!(t->nr & (t->nr - 1))) {
		t->row = xrealloc(t->row, t->nr ? 2 * t->nr : 1, sizeof(*t->row));
		t->value = xrealloc(t->value, t->nr ? 2 * t->nr : 1, sizeof(*t->value));
	}
	t->row[t->nr] = l->row;
	t->value[t->nr++] = (double)value;
	l->cells++;
}

/* Time goes on from the opening, or the set is left out. */
static void take_set(struct loader *l, const struct records *rec, const struct records_set *set)
{
	struct side_run *run = l->at;
	double at = (double)(set->time_ns - l->open_ns);

	if (set->time_ns < l->open_ns || run->nr_rows == UINT16_MAX || l->cells > CELLS_MAX ||
	    (run->nr_rows ? at <= run->time[run->nr_rows - 1] : at > 0))
		return;
	l->row = (uint16_t)run->nr_rows;
	run->time[run->nr_rows++] = at;
	series_each(rec, set, take_value, l);
}

/* Samples and, among them, the marks of the window, which have every source. */
static void take_sets(struct loader *l, const struct records *rec)
{
	size_t i, m = 0;

	l->at->time = xcalloc(rec->nr_sets + rec->nr_marks + 1, sizeof(*l->at->time));
	for (i = 0; i < rec->nr_sets; i++) {
		for (; m < rec->nr_marks && rec->mark[m].time_ns < rec->set[i].time_ns; m++)
			take_set(l, rec, &rec->mark[m]);
		take_set(l, rec, &rec->set[i]);
	}
}

static size_t all_points(const struct loader *l)
{
	return l->nr_points[EXPLAIN_WARMUP] + l->nr_points[EXPLAIN_WINDOW];
}

static void take_tally(void *ctx, size_t point, const char *name, uint64_t value)
{
	struct loader *l = ctx;
	struct side_run *run = l->at;
	size_t n = all_points(l), c = number_of(l->tally_name, &l->tally_names, &l->nr_tally, name);

	if (c == SIZE_MAX || l->cells > CELLS_MAX)
		return;
	if (c >= run->nr_tallies) {
		run->tally = xrealloc(run->tally, (2 * c + 64) * n, sizeof(*run->tally));
		memset(run->tally + run->nr_tallies * n, 0,
		       (2 * c + 64 - run->nr_tallies) * n * sizeof(*run->tally));
		l->cells += (2 * c + 64 - run->nr_tallies) * n;
		run->nr_tallies = 2 * c + 64;
	}
	run->tally[c * n + point] = (double)value;
}

static void take_event(void *ctx, const char *event)
{
	struct loader *l = ctx;

	json_object_set_new(l->at->event, event, json_true());
}

/* The run's own times of the points. */
static uint64_t *times_of(const struct loader *l, const struct explain_run *run)
{
	uint64_t *at = xcalloc(all_points(l) + 1, sizeof(*at));
	size_t i, n = 0;

	for (i = 0; i < l->nr_points[EXPLAIN_WARMUP]; i++)
		at[n++] = run->gate_ns + (uint64_t)l->point[EXPLAIN_WARMUP][i];
	for (i = 0; i < l->nr_points[EXPLAIN_WINDOW]; i++)
		at[n++] = run->open_ns + (uint64_t)l->point[EXPLAIN_WINDOW][i];
	return at;
}

static int too_many(struct err *err)
{
	return err_set(err, -E2BIG, "too many counters at too many times in too many runs: choose "
				    "fewer seeds (--seeds)");
}

static int read_run(struct loader *l, size_t i, struct err *err)
{
	struct explain_run *run = &l->out->run[i];
	cleanup_free uint64_t *at = times_of(l, run);
	cleanup_buf struct buf bytes = {0};
	struct records rec;
	int ret = l->from->open(l->from->ctx, i, &rec, &bytes, err);

	if (ret)
		return ret;
	l->at = &l->run[i];
	l->open_ns = run->open_ns;
	take_sets(l, &rec);
	l->at->event = json_object();
	run->traced = !trace_tally(&rec, at, all_points(l), take_tally, take_event, l);
	records_release(&rec);
	return l->cells > CELLS_MAX ? too_many(err) : 0;
}

/* When its phases were. */
static int read_times(struct loader *l, size_t i, struct err *err)
{
	struct explain_run *run = &l->out->run[i];
	cleanup_buf struct buf bytes = {0};
	const struct records_set *open;
	struct records rec;
	int ret = l->from->open(l->from->ctx, i, &rec, &bytes, err);

	if (ret)
		return ret;
	open = records_open_set(&rec);
	if (open && rec.nr_sets > 1) {
		run->open_ns = open->time_ns;
		run->close_ns = records_last_set(&rec)->time_ns;
		run->gate_ns = rec.phase_ns[WIRE_GATE] ? rec.phase_ns[WIRE_GATE] : run->open_ns;
	}
	records_release(&rec);
	if (run->close_ns <= run->open_ns || run->gate_ns > run->open_ns)
		return err_set(err, -ENODATA, "a run ended before its window had a sample");
	return 0;
}

/* 1, 2 or 5 times a power of ten. */
static double round_step(double ns)
{
	double step = 1;

	while (step * 10 <= ns)
		step *= 10;
	return ns <= step ? step : ns <= 2 * step ? 2 * step : ns <= 5 * step ? 5 * step : 10 * step;
}

/* As long as the shortest of all runs. */
static void place_points(struct loader *l)
{
	double length[EXPLAIN_PHASES] = {INFINITY, INFINITY};
	size_t i, phase;

	for (i = 0; i < l->n; i++) {
		const struct explain_run *r = &l->out->run[i];

		length[EXPLAIN_WARMUP] = fmin(length[EXPLAIN_WARMUP],
					      (double)(r->open_ns - r->gate_ns));
		length[EXPLAIN_WINDOW] = fmin(length[EXPLAIN_WINDOW],
					      (double)(r->close_ns - r->open_ns));
	}
	for (phase = 0; phase < EXPLAIN_PHASES; phase++) {
		double step = round_step(fmax(length[phase] / TALLIES, 1));

		l->point[phase] = xcalloc(TALLIES_MAX, sizeof(double));
		for (i = 0; i < TALLIES_MAX && (double)i * step <= length[phase]; i++)
			l->point[phase][i] = (double)i * step;
		l->nr_points[phase] = i;
		l->out->step_ns[phase] = step;
	}
}

/*
 * ---- Series ----
 */

static struct explain_series *add_series(struct explain_data *d, const char *name,
					 enum explain_phase phase, double grain, size_t nr)
{
	struct explain_series *s;

	if (!(d->nr & (d->nr - 1)))
		d->series = xrealloc(d->series, d->nr ? 2 * d->nr : 1, sizeof(*d->series));
	s = &d->series[d->nr++];
	*s = (struct explain_series){.name = xstrdup(name), .phase = phase, .nr = nr,
				     .grain = grain > 0 ? grain : 1};
	s->at = xcalloc(nr + 1, sizeof(*s->at));
	s->x = xcalloc(nr * (d->na + d->nb) + 1, sizeof(*s->x));
	return s;
}

static void add_only(struct explain_data *d, size_t arm, const char *name)
{
	size_t n = d->nr_only[arm]++;

	if (!(n & (n - 1)))
		d->only[arm] = xrealloc(d->only[arm], n ? 2 * n : 1, sizeof(char *));
	d->only[arm][n] = xstrdup(name);
}

/* In every run of both arms; otherwise it is noted who has it. */
static bool everyone_has(struct loader *l, const char *name, const bool *has)
{
	struct explain_data *d = l->out;
	size_t i, n[2] = {0, 0};

	for (i = 0; i < l->n; i++)
		n[i >= d->na] += has[i];
	if (n[0] == d->na && n[1] == d->nb)
		return true;
	if (n[0] == d->na && !n[1])
		add_only(d, 0, name);
	else if (n[1] == d->nb && !n[0])
		add_only(d, 1, name);
	else
		d->partly++;
	return false;
}

static const struct track *track_of(const struct loader *l, size_t run, size_t counter)
{
	static const struct track none;

	return counter < l->run[run].nr_tracks ? &l->run[run].track[counter] : &none;
}

static double time_of(const struct loader *l, size_t run, const struct track *t, size_t i)
{
	return l->run[run].time[t->row[i]];
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median over the arm's runs of when their k-th sample was. */
static double sample_time(const struct loader *l, size_t counter, size_t arm, size_t k)
{
	size_t from = arm ? l->out->na : 0, n = arm ? l->out->nb : l->out->na, i;
	cleanup_free double *t = xcalloc(n, sizeof(*t));

	for (i = 0; i < n; i++) {
		const struct track *track = track_of(l, from + i, counter);

		t[i] = time_of(l, from + i, track, k < track->nr ? k : track->nr - 1);
	}
	qsort(t, n, sizeof(*t), by_number);
	return t[n / 2];
}

/*
 * In a straight line between the samples before and behind; the last one's number behind it.  What
 * happened before the sample behind can show: *by is raised to its time, unless the one before is so
 * near that the other has hardly any weight.
 */
static double value_at(const struct loader *l, size_t run, const struct track *t, double at,
		       size_t *from, double *by)
{
	double before, behind;
	size_t i = *from;

	while (i + 1 < t->nr && time_of(l, run, t, i + 1) <= at)
		i++;
	*from = i;
	before = time_of(l, run, t, i);
	if (at <= before || i + 1 == t->nr)
		return t->value[i];
	behind = time_of(l, run, t, i + 1);
	if (at - before >= (behind - before) * WEIGHT_MIN)
		*by = fmax(*by, behind);
	return t->value[i] + (t->value[i + 1] - t->value[i]) * (at - before) / (behind - before);
}

static double end_of(const struct loader *l, size_t counter)
{
	double end = INFINITY;
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct track *t = track_of(l, i, counter);

		end = fmin(end, time_of(l, i, t, t->nr - 1));
	}
	return end;
}

/*
 * The points are the samples of the arm that has fewer, so that no number is made up of samples that
 * are further apart than the points.  A sample that comes a little late in one run is no reason to
 * leave out the last point.
 */
static size_t place_samples(const struct loader *l, size_t counter, double *at)
{
	size_t i, k, n = 0, least = SIZE_MAX, arm = 0;
	double last, end = end_of(l, counter);

	for (i = 0; i < l->n; i++)
		if (track_of(l, i, counter)->nr < least) {
			least = track_of(l, i, counter)->nr;
			arm = i >= l->out->na;
		}
	for (k = 0; k < least; k++) {
		double t = sample_time(l, counter, arm, k);

		last = n ? at[n - 1] : -1;
		if (t <= last)
			continue;
		if (t > end && (!n || t - end > (t - last) / 2))
			break;
		at[n++] = t;
	}
	return n;
}

static void make_series(struct loader *l, size_t counter)
{
	cleanup_free double *at = xcalloc(UINT16_MAX + 1, sizeof(*at));
	cleanup_free bool *has = xcalloc(l->n, sizeof(*has));
	struct explain_series *s;
	size_t i, p, n;

	for (i = 0; i < l->n; i++)
		has[i] = track_of(l, i, counter)->nr;
	if (!everyone_has(l, l->names[counter], has))
		return;
	n = place_samples(l, counter, at);
	s = add_series(l->out, l->names[counter], EXPLAIN_WINDOW, (double)l->grain[counter], n);
	s->by = xcalloc(n + 1, sizeof(*s->by));
	memcpy(s->at, at, n * sizeof(*at));
	memcpy(s->by, at, n * sizeof(*at));
	for (i = 0; i < l->n; i++) {
		size_t from = 0;

		for (p = 0; p < n; p++)
			s->x[p * l->n + i] = value_at(l, i, track_of(l, i, counter), at[p], &from,
						      &s->by[p]);
	}
}

/* "trace.node.0.mm_vmscan_kswapd_wake": NULL where it is of an episode. */
static const char *event_of(const char *name)
{
	return strstr(name, "reclaim.") ? NULL : strrchr(name, '.') + 1;
}

static void make_tally_phase(struct loader *l, size_t counter, enum explain_phase phase)
{
	size_t first = phase ? l->nr_points[EXPLAIN_WARMUP] : 0, n = l->nr_points[phase], i, p;
	struct explain_series *s;

	if (n < 2)
		return;
	s = add_series(l->out, l->tally_names[counter], phase, 1, n);
	memcpy(s->at, l->point[phase], n * sizeof(*s->at));
	for (i = 0; i < l->n && counter < COUNTERS_MAX; i++)
		for (p = 0; counter < l->run[i].nr_tallies && p < n; p++)
			s->x[p * l->n + i] = l->run[i].tally[counter * all_points(l) + first + p];
}

static void make_tally(struct loader *l, size_t counter)
{
	const char *event = event_of(l->tally_names[counter]);
	cleanup_free bool *has = xcalloc(l->n, sizeof(*has));
	size_t i;

	for (i = 0; i < l->n; i++)
		has[i] = l->out->run[i].traced &&
			 (!event || json_object_get(l->run[i].event, event));
	if (!everyone_has(l, l->tally_names[counter], has))
		return;
	make_tally_phase(l, counter, EXPLAIN_WARMUP);
	make_tally_phase(l, counter, EXPLAIN_WINDOW);
}

static int make_all(struct loader *l, struct err *err)
{
	size_t i, k, cells = 0;

	for (i = 0; i < l->nr && cells <= CELLS_MAX; i++) {
		make_series(l, i);
		cells += l->out->nr ? l->out->series[l->out->nr - 1].nr * l->n : 0;
		for (k = 0; k < l->n; k++)
			if (i < l->run[k].nr_tracks) {
				free(l->run[k].track[i].row);
				free(l->run[k].track[i].value);
				l->run[k].track[i] = (struct track){0};
			}
	}
	for (i = 0; i < l->nr_tally && cells <= CELLS_MAX; i++) {
		make_tally(l, i);
		cells += all_points(l) * l->n;
	}
	return cells > CELLS_MAX ? too_many(err) : 0;
}

static void free_run(struct side_run *run)
{
	size_t i;

	for (i = 0; i < run->nr_tracks; i++) {
		free(run->track[i].row);
		free(run->track[i].value);
	}
	free(run->track);
	free(run->tally);
	free(run->time);
	json_decref(run->event);
}

static void free_names(char **names, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free(names[i]);
	free(names);
}

static void loader_release(struct loader *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free_run(&l->run[i]);
	free(l->run);
	free_names(l->names, l->nr);
	free_names(l->tally_names, l->nr_tally);
	free(l->grain);
	json_decref(l->name);
	json_decref(l->tally_name);
	free(l->point[EXPLAIN_WARMUP]);
	free(l->point[EXPLAIN_WINDOW]);
}

int explain_load(const struct explain_source *from, struct explain_data *out, struct err *err)
{
	struct loader l = {.from = from, .out = out, .n = from->na + from->nb};
	size_t i;
	int ret = 0;

	*out = (struct explain_data){.na = from->na, .nb = from->nb, .paired = from->paired};
	out->run = xcalloc(l.n + 1, sizeof(*out->run));
	l.run = xcalloc(l.n + 1, sizeof(*l.run));
	l.name = json_object();
	l.tally_name = json_object();
	for (i = 0; i < l.n && !ret; i++)
		ret = read_times(&l, i, err);
	if (!ret)
		place_points(&l);
	for (i = 0; i < l.n && !ret; i++)
		ret = read_run(&l, i, err);
	if (!ret)
		ret = make_all(&l, err);
	loader_release(&l);
	if (ret)
		explain_data_release(out);
	return ret;
}

void explain_data_release(struct explain_data *data)
{
	size_t i;

	for (i = 0; i < data->nr; i++) {
		free(data->series[i].name);
		free(data->series[i].at);
		free(data->series[i].by);
		free(data->series[i].x);
	}
	free(data->series);
	free_names(data->only[0], data->nr_only[0]);
	free_names(data->only[1], data->nr_only[1]);
	free(data->run);
	*data = (struct explain_data){0};
}
