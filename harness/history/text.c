// SPDX-License-Identifier: GPL-2.0-only
/* A history as a table and as JSON. */
#include <math.h>
#include <string.h>

#include "history/history.h"
#include "result/metrics.h"

static const struct stats_change *change_at(const struct history_series *s, size_t point)
{
	size_t i;

	for (i = 0; i < s->nr_changes; i++)
		if (s->change[i].at == point)
			return &s->change[i];
	return NULL;
}

bool history_is_worse(const struct history_answer *a, const struct stats_change *c)
{
	return a->better != STATS_DIR_NONE && (c->after < c->before) != (a->better == STATS_DIR_LOWER);
}

static const char *word_of(const struct history_answer *a, const struct stats_change *c)
{
	if (a->better == STATS_DIR_NONE)
		return "changed";
	return history_is_worse(a, c) ? "WORSE" : "better";
}

void history_change_text(const struct history_answer *a, const struct stats_change *c, struct buf *out)
{
	if (c->before)
		buf_printf(out, "  %+.1f %%", 100 * (c->after - c->before) / fabs(c->before));
	else
		buf_printf(out, "  from 0");
	buf_printf(out, " %s from here, p %.2g", word_of(a, c), c->p);
}

static void add_point(const struct history_answer *a, const struct history_series *s, size_t i,
		      int width, struct buf *out)
{
	const struct history_point *p = &s->point[i];
	const struct stats_change *c = change_at(s, i);

	buf_printf(out, "  %-*s %4zu %12.6g%s", width, p->kernel, p->nr, p->median, p->other ? " *" : "");
	if (c)
		history_change_text(a, c, out);
	buf_adds(out, "\n");
}

static bool add_series(const struct history_answer *a, const struct history_series *s, struct buf *out)
{
	int width = (int)strlen("kernel");
	bool other = false;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		int len = (int)strlen(s->point[i].kernel);

		width = len > width ? len : width;
		other |= s->point[i].other;
	}
	buf_printf(out, "\n%s, guest %s, policy %s%s%s\n", s->scenario, s->guest, s->policy,
		   strcmp(s->engine, "exact") ? ", engine " : "", strcmp(s->engine, "exact") ? s->engine : "");
	buf_printf(out, "  %-*s %4s %12s\n", width, "kernel", "n", "median");
	for (i = 0; i < s->nr; i++)
		add_point(a, s, i, width, out);
	if (!isnan(s->noise))
		buf_printf(out, "  noise around the level: %.3g %s\n", s->noise, a->unit);
	return other;
}

void history_text(const struct history_answer *a, struct buf *out)
{
	bool other = false;
	size_t i;

	buf_printf(out, "%s, %s, %s is better\n", a->metric, a->unit, metric_better_name(a->better));
	for (i = 0; i < a->nr; i++)
		other |= add_series(a, &a->series[i], out);
	if (other)
		buf_adds(out, "\n* made of other things than the line above, kernel aside: a newer agent, QEMU "
			      "or scenario\n");
}

static json_t *point_json(const struct history_point *p)
{
	json_t *values = json_array();
	size_t i;

	for (i = 0; i < p->nr; i++)
		json_array_append_new(values, json_pack("{s:s, s:f}", "id", p->id[i], "value", p->value[i]));
	return json_pack("{s:s, s:s, s:s, s:b, s:f, s:o}", "kernel", p->kernel, "first", p->first, "made_of",
			 p->made_of, "other", p->other, "median", p->median, "values", values);
}

static json_t *series_json(const struct history_answer *a, const struct history_series *s)
{
	json_t *points = json_array(), *changes = json_array(), *out;
	size_t i;

	for (i = 0; i < s->nr; i++)
		json_array_append_new(points, point_json(&s->point[i]));
	for (i = 0; i < s->nr_changes; i++) {
		const struct stats_change *c = &s->change[i];

		json_array_append_new(changes, json_pack("{s:s, s:f, s:f, s:f, s:s}", "kernel",
							 s->point[c->at].kernel, "p", c->p, "before", c->before,
							 "after", c->after, "verdict",
							 word_of(a, c)));
	}
	out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "engine", s->engine, "guest", s->guest, "policy",
			s->policy, "scenario", s->scenario, "points", points, "changes", changes);
	if (!isnan(s->noise))
		json_object_set_new(out, "noise", json_real(s->noise));
	return out;
}

json_t *history_json(const struct history_answer *a)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < a->nr; i++)
		json_array_append_new(list, series_json(a, &a->series[i]));
	return json_pack("{s:s, s:s, s:s, s:o}", "metric", a->metric, "unit", a->unit, "better",
			 metric_better_name(a->better), "series", list);
}
