// SPDX-License-Identifier: GPL-2.0-only
/* What the trace has around the moment at which two arms part, and which steps came before. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "trace/episode.h"

/* Different counts, events of all kinds and tasks among them. */
#define COUNTS_MAX 4096
/* How long is looked at, if what is known of the moment is not longer: this part of the phase. */
#define SPAN_PART  20

struct looking {
	const struct explain_data *data;
	const struct explain_moment *moment;
	struct explain_around *out;
	size_t n;
	json_t *count; /* name: number */
	/* The run at hand. */
	size_t run;
	uint64_t from_ns, moment_ns, to_ns, gate_ns;
	struct tracker tracker;
	const struct trace_tasks *tasks;
	const struct trace *t;
};

bool explain_first(const struct explain_data *data, const struct explain *e,
		   struct explain_moment *out)
{
	const struct explain_finding *f = e->nr ? &e->finding[0] : NULL;
	double length = INFINITY;
	size_t i;

	for (i = 0; i < e->nr; i++)
		if (!e->finding[i].start) {
			f = &e->finding[i];
			break;
		}
	if (!f)
		return false;
	*out = (struct explain_moment){.phase = f->series->phase};
	explain_interval(f, &out->lo, &out->hi);
	for (i = 0; i < data->na + data->nb; i++) {
		const struct explain_run *r = &data->run[i];
		uint64_t ns = out->phase == EXPLAIN_WARMUP ? r->open_ns - r->gate_ns :
							     r->close_ns - r->open_ns;

		length = fmin(length, (double)ns);
	}
	out->span_ns = fmax(out->hi - out->lo, length / SPAN_PART);
	return true;
}

/* NULL when there are too many. */
static struct explain_count *count_of(struct looking *k, const char *what)
{
	struct explain_around *a = k->out;
	json_t *at = json_object_get(k->count, what);
	struct explain_count *c;
	size_t i;

	if (at)
		return &a->count[json_integer_value(at)];
	if (a->nr == COUNTS_MAX ||
	    json_object_set_new(k->count, what, json_integer((json_int_t)a->nr)))
		return NULL;
	if (!(a->nr & (a->nr - 1)))
		a->count = xrealloc(a->count, a->nr ? 2 * a->nr : 1, sizeof(*a->count));
	c = &a->count[a->nr++];
	*c = (struct explain_count){xstrdup(what), xcalloc(k->n, sizeof(double)),
				    xcalloc(k->n, sizeof(double)), xcalloc(k->n, sizeof(double))};
	for (i = 0; i < k->n; i++)
		c->first[i] = NAN;
	return c;
}

static void count(struct looking *k, const char *what, uint64_t at_ns, double value)
{
	struct explain_count *c = at_ns < k->to_ns ? count_of(k, what) : NULL;

	if (!c)
		return;
	if (isnan(c->first[k->run]))
		c->first[k->run] = (double)at_ns - (double)k->gate_ns;
	if (at_ns >= k->moment_ns)
		c->after[k->run] += value;
	else if (at_ns >= k->from_ns)
		c->before[k->run] += value;
}

static void count_episode(struct looking *k, const struct episode *ep)
{
	const struct trace_task *task = trace_task(k->tasks, ep->pid);
	const char *context = trace_context_name[ep->kind == EPISODE_DIRECT ? CONTEXT_DIRECT :
									      ep->context];
	char what[128];

	if (ep->kind != EPISODE_DIRECT && ep->kind != EPISODE_MEMCG && ep->kind != EPISODE_AWAKE)
		return;
	snprintf(what, sizeof(what), "%s episodes", context);
	count(k, what, ep->end_ns, 1);
	snprintf(what, sizeof(what), "%s ns", context);
	count(k, what, ep->end_ns, (double)(ep->end_ns - ep->begin_ns));
	snprintf(what, sizeof(what), "%s pages", context);
	if (ep->got >= 0)
		count(k, what, ep->end_ns, (double)ep->got);
	if (ep->kind == EPISODE_AWAKE)
		snprintf(what, sizeof(what), "task %s of node %d", context, ep->nid);
	else
		snprintf(what, sizeof(what), "task %s: %s%s%s", context,
			 task && task->comm[0] ? task->comm : "?",
			 task && task->cgroup[0] ? " in " : "", task ? task->cgroup : "");
	count(k, what, ep->end_ns, 1);
}

static void see_priority(struct looking *k, const struct trace_event *e)
{
	int64_t priority = trace_number_or(e, "priority", -1);
	int *lowest = &k->out->priority[k->run >= k->data->na];

	if (e->time_ns < k->moment_ns || e->time_ns >= k->to_ns || priority < 0 || priority > 12)
		return;
	if (*lowest < 0 || priority < *lowest)
		*lowest = (int)priority;
}

static void follow(struct looking *k)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct trace_event e;
	struct episode ep;
	char what[96];

	trace_begin(it, k->t);
	while (trace_next(it, &e) && e.time_ns < k->to_ns) {
		snprintf(what, sizeof(what), "event %s", e.format->name);
		count(k, what, e.time_ns, 1);
		see_priority(k, &e);
		if (tracker_feed(&k->tracker, &e, &ep))
			count_episode(k, &ep);
	}
	free(it);
}

static void look_at_trace(struct looking *k, const struct records *rec)
{
	cleanup_free struct trace *t = xcalloc(1, sizeof(*t));
	struct trace_tasks tasks;

	if (trace_load(t, rec))
		return;
	k->out->lost += t->lost;
	trace_tasks_load(&tasks, rec);
	k->t = t;
	k->tasks = &tasks;
	tracker_start(&k->tracker, t, &tasks);
	follow(k);
	tracker_release(&k->tracker);
	trace_tasks_release(&tasks);
	trace_release(t);
}

static void add_step(struct looking *k, struct text name, uint64_t at_ns, const char *kind)
{
	struct explain_around *a = k->out;
	cleanup_free char *full = xasprintf("%s %.*s", kind, (int)(name.len < 48 ? name.len : 48),
					    name.p ? name.p : "");
	const struct explain_run *r = &k->data->run[k->run];
	uint64_t zero = k->moment->phase == EXPLAIN_WARMUP ? r->gate_ns : r->open_ns;
	size_t i, arm = k->run >= k->data->na;
	char *c;

	for (c = full; *c; c++)
		*c = *c < 0x20 || *c > 0x7e ? '?' : *c;
	if (at_ns >= k->to_ns)
		return;
	for (i = 0; i < a->nr_steps; i++)
		if (!strcmp(a->step[i].name, full))
			break;
	if (i == RECORDS_MARKS_MAX)
		return;
	if (i == a->nr_steps) {
		a->step = xrealloc(a->step, ++a->nr_steps, sizeof(*a->step));
		a->step[i] = (struct explain_step){.name = xstrdup(full)};
	}
	/* Done again and again, the last time counts; of several runs the mean. */
	a->step[i].runs[arm]++;
	a->step[i].at_ns += ((double)at_ns - (double)zero - a->step[i].at_ns) /
			    (double)(a->step[i].runs[0] + a->step[i].runs[1]);
}

static bool same(struct text a, struct text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

/* Of each name the last that came before the end of what is looked at. */
static void look_at_steps(struct looking *k, const struct records *rec)
{
	size_t i, n;

	for (i = 0; i < rec->nr_steps; i++) {
		for (n = i + 1; n < rec->nr_steps; n++)
			if (same(rec->step[n].name, rec->step[i].name) &&
			    rec->step[n].time_ns < k->to_ns)
				break;
		if (n == rec->nr_steps)
			add_step(k, rec->step[i].name, rec->step[i].time_ns, "step");
	}
	for (i = 0; i < rec->nr_marks; i++)
		add_step(k, rec->mark[i].name, rec->mark[i].time_ns, "mark");
}

static int look_at_run(struct looking *k, const struct explain_source *from, struct err *err)
{
	const struct explain_run *r = &k->data->run[k->run];
	uint64_t zero = k->moment->phase == EXPLAIN_WARMUP ? r->gate_ns : r->open_ns;
	cleanup_buf struct buf bytes = {0};
	struct records rec;
	int ret = from->open(from->ctx, k->run, &rec, &bytes, err);

	if (ret)
		return ret;
	k->gate_ns = r->gate_ns;
	k->moment_ns = zero + (uint64_t)k->moment->lo;
	k->from_ns = k->moment_ns - (uint64_t)fmin((double)k->moment_ns, k->moment->span_ns);
	k->to_ns = k->moment_ns + (uint64_t)k->moment->span_ns;
	look_at_trace(k, &rec);
	look_at_steps(k, &rec);
	records_release(&rec);
	return 0;
}

static int by_step_time(const void *a, const void *b)
{
	const struct explain_step *x = a, *y = b;

	return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

static int by_what(const void *a, const void *b)
{
	const struct explain_count *x = a, *y = b;

	return strcmp(x->what, y->what);
}

int explain_look(const struct explain_source *from, const struct explain_data *data,
		 const struct explain_moment *moment, struct explain_around *out, struct err *err)
{
	struct looking k = {.data = data, .moment = moment, .out = out,
			    .n = data->na + data->nb, .count = json_object()};
	int ret = 0;

	*out = (struct explain_around){.priority = {-1, -1}};
	for (k.run = 0; k.run < k.n && !ret; k.run++)
		ret = look_at_run(&k, from, err);
	json_decref(k.count);
	if (out->nr)
		qsort(out->count, out->nr, sizeof(*out->count), by_what);
	if (out->nr_steps)
		qsort(out->step, out->nr_steps, sizeof(*out->step), by_step_time);
	if (ret)
		explain_around_release(out);
	return ret;
}

void explain_around_release(struct explain_around *around)
{
	size_t i;

	for (i = 0; i < around->nr; i++) {
		free(around->count[i].what);
		free(around->count[i].before);
		free(around->count[i].after);
		free(around->count[i].first);
	}
	for (i = 0; i < around->nr_steps; i++)
		free(around->step[i].name);
	free(around->count);
	free(around->step);
	*around = (struct explain_around){0};
}
