// SPDX-License-Identifier: GPL-2.0-only
#include "trace/summary.h"

/* [upper end, count] of each bucket that is not empty. */
static json_t *buckets(const struct trace_hist *h)
{
	json_t *out = json_array();
	unsigned int i;

	for (i = 0; i < WIRE_BUCKETS; i++)
		if (h->bucket[i])
			json_array_append_new(out, json_pack("[I, I]",
							     (json_int_t)wire_bucket_max(i),
							     (json_int_t)h->bucket[i]));
	return out;
}

static json_t *histograms(const struct trace_summary *s)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < s->nr_hists; i++) {
		const struct trace_hist *h = &s->hist[i];

		json_array_append_new(
			out, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name", h->name,
				       "scope", h->scope, "unit", h->unit, "count",
				       (json_int_t)h->count, "open", (json_int_t)h->open, "sum",
				       (json_int_t)h->sum, "max", (json_int_t)h->max, "buckets",
				       buckets(h)));
	}
	return out;
}

static json_t *counts(const struct trace_summary *s)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < s->nr_counts; i++)
		json_array_append_new(out, json_pack("{s:s, s:s, s:I}", "name", s->count[i].name,
						     "scope", s->count[i].scope, "value",
						     (json_int_t)s->count[i].value));
	return out;
}

json_t *trace_summary_json(const struct trace_summary *s)
{
	json_t *out = json_pack("{s:I, s:I, s:o, s:o}", "events", (json_int_t)s->events, "lost",
				(json_int_t)s->lost, "histograms", histograms(s), "counts",
				counts(s));

	if (!s->present)
		json_object_set_new(out, "absent", json_string("the run was not traced"));
	return out;
}
