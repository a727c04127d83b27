// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "result/store.h"
#include "stats/stats.h"
#include "trace/summary.h"
#include "trace/trace.h"

struct trace_cmd {
	const char *results;
	const char *dat;
	const char *timeline;
	bool text;
	bool json;
};

static const struct cmd_option trace_options[] = {
	{"dat", 'd', CMD_STRING, offsetof(struct trace_cmd, dat), "FILE",
	 "write a trace.dat for trace-cmd and KernelShark"},
	{"timeline", 't', CMD_STRING, offsetof(struct trace_cmd, timeline), "FILE",
	 "write a timeline for Perfetto (trace-event JSON)"},
	{"text", 0, CMD_FLAG, offsetof(struct trace_cmd, text), NULL,
	 "print every event, one a line: time, CPU, pid, event, fields"},
	{"results", 'o', CMD_STRING, offsetof(struct trace_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct trace_cmd, json), NULL, "print the summary as JSON"},
};

extern const struct cmd cmd_trace;

/* A stored result's events. */
struct run {
	char id[SHA256_HEX];
	struct buf region;
	struct records rec;
	struct trace trace;
	uint64_t from_ns, to_ns; /* the window; of a run without one, everything */
	uint64_t *all;           /* events of each format */
	uint64_t *inside;        /* those of the window */
	uint64_t events;
	struct trace_summary sum;
};

/* What is missing is said, not made up. */
static void die_without(const struct run *r)
{
	struct err err = {""};

	err_set(&err, -ENODATA,
		"%.12s has no tracepoints: its scenario says trace = none, its kernel has none, or "
		"it ended before they were set up",
		r->id);
	die(&err);
}

static void load_run(const char *word, struct run *r)
{
	struct err err = {""};

	memset(r, 0, sizeof(*r));
	if (store_find(word, r->id, &err) || store_records(r->id, &r->region, &err))
		die(&err);
	if (records_parse(&r->rec, buf_str(&r->region), r->region.len) ||
	    trace_load(&r->trace, &r->rec))
		die_without(r);
	r->from_ns = r->rec.phase_ns[WIRE_OPEN];
	r->to_ns = r->rec.phase_ns[WIRE_CLOSE];
	if (!r->from_ns)
		r->to_ns = 0;
	if (!r->to_ns)
		r->to_ns = UINT64_MAX;
}

static void count_run(struct run *r)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct trace_event e;
	struct err err = {""};

	r->all = xcalloc(r->trace.nr_formats + 1, sizeof(*r->all));
	r->inside = xcalloc(r->trace.nr_formats + 1, sizeof(*r->inside));
	trace_begin(it, &r->trace);
	while (trace_next(it, &e)) {
		size_t i = (size_t)(e.format - r->trace.format);

		r->events++;
		r->all[i]++;
		r->inside[i] += e.time_ns >= r->from_ns && e.time_ns < r->to_ns;
	}
	free(it);
	if (trace_summarise(&r->rec, r->from_ns, r->to_ns, &r->sum, &err))
		die(&err);
}

static void release_run(struct run *r)
{
	trace_summary_release(&r->sum);
	trace_release(&r->trace);
	records_release(&r->rec);
	buf_release(&r->region);
	free(r->all);
	free(r->inside);
}

static uint64_t quantile(const struct trace_hist *h, double q)
{
	static struct stats_bucket bucket[WIRE_BUCKETS];
	uint64_t v;
	size_t i, n = 0;

	for (i = 0; i < WIRE_BUCKETS; i++)
		if (h->bucket[i])
			bucket[n++] = (struct stats_bucket){wire_bucket_max((unsigned int)i),
							    h->bucket[i]};
	v = stats_hist_quantile(bucket, n, q);
	return v < h->max ? v : h->max;
}

/*
 * ---- The table ----
 */

/* At most seven characters: 12345, 123.4k, 123.4M, ... */
static const char *short_number(char out[24], uint64_t v)
{
	static const char units[] = "kMGTPE";
	uint64_t div = 1;
	size_t i = 0;

	if (v < 100000) {
		snprintf(out, 24, "%" PRIu64, v);
		return out;
	}
	for (div = 1000; v / div >= 1000 && units[i + 1]; i++)
		div *= 1000;
	snprintf(out, 24, "%" PRIu64 ".%" PRIu64 "%c", v / div, v % div / (div / 10), units[i]);
	return out;
}

static void print_events(const struct run *r)
{
	char a[24], b[24], name[100];
	size_t i;

	printf("%-52s %9s %9s\n", "event", "window", "run");
	for (i = 0; i < r->trace.nr_formats; i++) {
		if (!r->all[i])
			continue;
		snprintf(name, sizeof(name), "%s/%s", r->trace.format[i].system,
			 r->trace.format[i].name);
		printf("%-52s %9s %9s\n", name, short_number(a, r->inside[i]),
		       short_number(b, r->all[i]));
	}
}

static void print_hist(const struct trace_hist *h)
{
	char n[5][24], name[128];

	snprintf(name, sizeof(name), "%s %s", h->name, h->scope);
	printf("%-32s %7s %7s %7s %7s %7s", name, short_number(n[0], h->count),
	       short_number(n[1], quantile(h, 0.5)), short_number(n[2], quantile(h, 0.9)),
	       short_number(n[3], quantile(h, 0.99)), short_number(n[4], h->max));
	if (h->open)
		printf(" +%" PRIu64 " open", h->open);
	puts("");
}

static void print_counts(const struct trace_summary *s)
{
	char n[24], name[200];
	size_t i;

	printf("\n%-52s %9s\n", "count in the window", "value");
	for (i = 0; i < s->nr_counts; i++) {
		if (!strncmp(s->count[i].name, "trace.event.", 12))
			continue;
		snprintf(name, sizeof(name), "%s %s", s->count[i].name, s->count[i].scope);
		printf("%-52s %9s\n", name, short_number(n, s->count[i].value));
	}
}

static void print_run(const struct run *r)
{
	size_t i;

	printf("%.12s: %" PRIu64 " events, %" PRIu64 " in the window, %" PRIu64 " lost\n\n", r->id,
	       r->events, r->sum.events, r->trace.lost);
	print_events(r);
	print_counts(&r->sum);
	printf("\n%-32s %7s %7s %7s %7s %7s\n", "episodes (ns, or pages)", "count", "p50", "p90",
	       "p99", "max");
	for (i = 0; i < r->sum.nr_hists; i++)
		print_hist(&r->sum.hist[i]);
}

/*
 * ---- JSON ----
 */

static json_t *json_events(const struct run *r)
{
	json_t *out = json_object();
	char name[100];
	size_t i;

	for (i = 0; i < r->trace.nr_formats; i++) {
		snprintf(name, sizeof(name), "%s/%s", r->trace.format[i].system,
			 r->trace.format[i].name);
		if (!json_object_get(out, name))
			json_object_set_new(out, name,
					    json_pack("{s:I, s:I}", "run",
						      (json_int_t)r->all[i], "window",
						      (json_int_t)r->inside[i]));
	}
	return out;
}

static json_t *json_hist(const struct trace_hist *h)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", h->name,
			 "scope", h->scope, "unit", h->unit, "count", (json_int_t)h->count, "open",
			 (json_int_t)h->open, "sum", (json_int_t)h->sum, "max", (json_int_t)h->max, "p50",
			 (json_int_t)quantile(h, 0.5), "p90", (json_int_t)quantile(h, 0.9), "p99",
			 (json_int_t)quantile(h, 0.99));
}

static json_t *json_run(const struct run *r)
{
	json_t *counts = json_array(), *hists = json_array();
	size_t i;

	for (i = 0; i < r->sum.nr_counts; i++)
		json_array_append_new(counts, json_pack("{s:s, s:s, s:I}", "name",
							r->sum.count[i].name, "scope",
							r->sum.count[i].scope, "value",
							(json_int_t)r->sum.count[i].value));
	for (i = 0; i < r->sum.nr_hists; i++)
		json_array_append_new(hists, json_hist(&r->sum.hist[i]));
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "id", r->id, "from_ns",
			 (json_int_t)r->from_ns, "to_ns",
			 r->to_ns == UINT64_MAX ? (json_int_t)r->rec.last_ns : (json_int_t)r->to_ns,
			 "lost", (json_int_t)r->trace.lost, "events", json_events(r), "counts",
			 counts, "episodes", hists);
}

static void print_text(const struct run *r)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct buf fields = {0};
	struct trace_event e;

	trace_begin(it, &r->trace);
	while (trace_next(it, &e)) {
		buf_reset(&fields);
		trace_print_fields(&e, &fields);
		printf("%" PRIu64 ".%09" PRIu64 " %u %" PRId32 " %s/%s%s\n",
		       e.time_ns / 1000000000, e.time_ns % 1000000000, e.cpu, e.pid,
		       e.format->system, e.format->name, buf_str(&fields));
	}
	buf_release(&fields);
	free(it);
}

static void write_files(const struct run *r, const struct trace_cmd *o)
{
	cleanup_buf struct buf out = {0};
	struct err err = {""};

	if (o->dat && trace_dat(&r->trace, &r->rec, &out)) {
		err_set(&err, -ENODATA, "%.12s has events but not the kernel's page header", r->id);
		die(&err);
	}
	if (o->dat && file_write(o->dat, out.data, out.len, &err))
		die(&err);
	buf_reset(&out);
	if (!o->timeline)
		return;
	trace_timeline(&r->trace, &r->rec, &out);
	if (file_write(o->timeline, out.data, out.len, &err))
		die(&err);
}

static int run_trace(int argc, char **argv)
{
	struct trace_cmd o = {0};
	int nr = cmd_parse(&cmd_trace, argc, argv, &o);
	struct run r;

	if (nr != 1)
		die_usage(&cmd_trace, "which experiment? 'wringer show' lists them");
	if (o.text && o.json)
		die_usage(&cmd_trace, "either --text or --json");
	if (o.results)
		path_set_results(o.results);
	load_run(argv[1], &r);
	write_files(&r, &o);
	if (!o.text && !o.json && (o.dat || o.timeline)) {
		release_run(&r);
		return EXIT_FINE;
	}
	count_run(&r);
	if (o.text)
		print_text(&r);
	else if (o.json)
		print_json(json_run(&r));
	else
		print_run(&r);
	release_run(&r);
	return EXIT_FINE;
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "show, export and sum up the tracepoints of a stored experiment",
	.usage = "ID",
	CMD_OPTIONS(trace_options),
	.examples = "  wringer trace 3f9a1c\n"
		    "  wringer trace --dat trace.dat 3f9a1c && trace-cmd report -i trace.dat\n"
		    "  wringer trace --timeline timeline.json 3f9a1c\n",
	.run = run_trace,
};
