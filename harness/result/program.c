// SPDX-License-Identifier: GPL-2.0-only
#include "result/program.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "workloads/lib/program.h"

#define LOWER  STATS_DIR_LOWER
#define HIGHER STATS_DIR_HIGHER
#define NONE   STATS_DIR_NONE

/* clang-format off */
const struct program_kind program_kinds[] = {
	{"stress-ng", "bogo_ops", "count", HIGHER, "rounds of a stressor, by its own measure"},
	{"stress-ng", "bogo_ops_per_ks", "op/ks", HIGHER, "the same in 1000 s of its running time"},
	{"stress-ng", "real_us", "us", NONE, "how long a stressor ran"},
	{"stress-ng", "user_us", "us", NONE, "CPU time of a stressor in user space"},
	{"stress-ng", "system_us", "us", NONE, "CPU time of a stressor in the kernel"},
	{"fio", "ios", "count", NONE, "requests of a job"},
	{"fio", "iops", "op/s", HIGHER, "requests a second of its running time"},
	{"fio", "kib", "KiB", NONE, "read or written by a job"},
	{"fio", "bw_kib", "KiB/s", HIGHER, "read or written in a second of its running time"},
	{"fio", "clat.mean_ns", "ns", LOWER, "mean latency from submission to completion"},
	{"fio", "clat.p50_ns", "ns", LOWER, "median of the same"},
	{"fio", "clat.p90_ns", "ns", LOWER, "90th percentile of the same"},
	{"fio", "clat.p99_ns", "ns", LOWER, "99th percentile of the same"},
	{"fio", "clat.p999_ns", "ns", LOWER, "99.9th percentile of the same"},
	{"fio", "clat.max_ns", "ns", LOWER, "slowest request"},
	{"ktap", "passed", "count", HIGHER, "tests that passed; of nested ones the innermost"},
	{"ktap", "failed", "count", LOWER, "tests that failed"},
	{"ktap", "skipped", "count", NONE, "tests that were skipped"},
	{"ktap", "expected", "count", NONE, "tests that failed and are known to: XFAIL, TODO"},
	{"ktap", "missing", "count", LOWER, "tests that were planned and did not come"},
};
/* clang-format on */
const size_t nr_program_kinds = ARRAY_SIZE(program_kinds);

void program_report_release(struct program_report *report)
{
	free(report->metric);
	json_decref(report->detail);
	*report = (struct program_report){0};
}

void program_error(struct program_report *report, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(report->error, sizeof(report->error), fmt, ap);
	va_end(ap);
	text_printable(report->error, strlen(report->error));
}

json_t *program_text(struct text text, size_t max)
{
	cleanup_free char *copy = xcalloc(1, max + 1);

	text_copy(copy, max + 1, text);
	return json_string(copy);
}

static void make_part(char out[PROGRAM_PART], const char *part)
{
	size_t i;

	/* Room for "_512". */
	for (i = 0; part[i] && i < PROGRAM_PART - 6; i++)
		out[i] = isalnum((unsigned char)part[i]) || strchr("_-.", part[i]) ?
				 (char)tolower((unsigned char)part[i]) : '_';
	out[i] = '\0';
	if (!i)
		strcpy(out, "unnamed");
}

static const struct program_kind *find_kind(const char *of, const char *name)
{
	size_t i;

	for (i = 0; i < nr_program_kinds; i++)
		if (!strcmp(program_kinds[i].of, of) && !strcmp(program_kinds[i].name, name))
			return &program_kinds[i];
	return NULL;
}

static bool taken(const struct program_report *r, const struct program_kind *kind, const char *part)
{
	size_t i;

	for (i = 0; i < r->nr_metrics; i++)
		if (r->metric[i].kind == kind && !strcmp(r->metric[i].part, part))
			return true;
	return false;
}

void program_put(struct program_report *r, const char *of, const char *name, const char *part,
		 int64_t value)
{
	struct program_metric m = {.kind = find_kind(of, name), .value = value};
	unsigned int n = 1;
	size_t len;

	if (!m.kind || r->nr_metrics == PROGRAM_METRICS_MAX)
		return;
	make_part(m.part, part);
	len = strlen(m.part);
	while (taken(r, m.kind, m.part))
		snprintf(m.part + len, sizeof(m.part) - len, "_%u", ++n % 10000);
	r->metric = xrealloc(r->metric, r->nr_metrics + 1, sizeof(*r->metric));
	r->metric[r->nr_metrics++] = m;
}

/* "output.KIND NAME": the number of the source of that name, and its kind; -1 when there is none. */
static int find_source(const struct records *rec, struct text name, bool (*wanted)(struct text kind),
		       struct text *kind)
{
	size_t prefix = strlen(RECORDS_OUTPUT);
	unsigned int i;

	for (i = 0; i < rec->nr_sources; i++) {
		struct text s = rec->source[i];

		if (!s.p || s.len <= prefix + name.len + 1 || memcmp(s.p, RECORDS_OUTPUT, prefix) ||
		    memcmp(s.p + s.len - name.len, name.p, name.len) ||
		    s.p[s.len - name.len - 1] != ' ')
			continue;
		*kind = (struct text){s.p + prefix, s.len - prefix - name.len - 1};
		if (wanted(*kind))
			return (int)i;
	}
	return -1;
}

static bool is_log(struct text kind)
{
	return text_is(kind, "log");
}

static bool is_end(struct text kind)
{
	return text_is(kind, "end");
}

static bool is_result(struct text kind)
{
	return !is_log(kind) && !is_end(kind);
}

static bool collect(const struct records *rec, int source, struct buf *out)
{
	size_t i;

	for (i = 0; source >= 0 && i < rec->nr_pieces; i++)
		if (rec->piece[i].source == (unsigned int)source &&
		    out->len + rec->piece[i].data.len <= PROGRAM_BYTES_MAX)
			buf_add(out, rec->piece[i].data.p, rec->piece[i].data.len);
	return source >= 0;
}

bool program_output(const struct records *rec, struct text name, const char *file, struct buf *out)
{
	struct text kind;

	return collect(rec, find_source(rec, name, !strcmp(file, "log") ? is_log : is_result, &kind),
		       out);
}

static const struct {
	unsigned int output;
	void (*read)(const char *text, size_t len, struct program_report *report);
	bool log; /* it is what the program prints */
} readers[] = {
	{PROGRAM_STRESS_NG, stress_ng_read, false},
	{PROGRAM_FIO, fio_read, false},
	{PROGRAM_KTAP, ktap_read, true},
};

/* What kind of output the end of the program says it has; PROGRAM_OUTPUTS when it says nothing. */
static unsigned int output_of(const struct text *end)
{
	struct text rest = *end, line, word;
	unsigned int i;

	while (text_line(&rest, &line)) {
		word = text_word(&line);
		if (!text_is(word, "output"))
			continue;
		word = text_word(&line);
		for (i = 0; i < PROGRAM_OUTPUTS; i++)
			if (text_is(word, program_outputs[i]))
				return i;
	}
	return PROGRAM_OUTPUTS;
}

static void read_report(const struct records *rec, struct text name, unsigned int output,
			struct program_report *out)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		if (readers[i].output != output)
			continue;
		if (!program_output(rec, name, readers[i].log ? "log" : "result", &text))
			program_error(out, "it left no output");
		else
			readers[i].read(buf_str(&text), text.len, out);
	}
}

static bool read_end(const struct records *rec, struct text name, struct buf *end)
{
	struct text kind;

	return collect(rec, find_source(rec, name, is_end, &kind), end);
}

bool program_report_of(const struct records *rec, struct text name, struct program_report *out)
{
	cleanup_buf struct buf end = {0};
	struct text text;

	*out = (struct program_report){0};
	if (!read_end(rec, name, &end))
		return false;
	text = (struct text){buf_str(&end), end.len};
	read_report(rec, name, output_of(&text), out);
	return true;
}

static void put_number(json_t *out, const char *key, struct text end)
{
	uint64_t v;

	if (text_get(end, key, &v) && v <= INT64_MAX)
		json_object_set_new(out, key, json_integer((json_int_t)v));
}

static void put_file(json_t *out, const struct records *rec, struct text name, const char *file)
{
	cleanup_buf struct buf text = {0};
	char hex[SHA256_HEX];

	if (!program_output(rec, name, file, &text))
		return;
	sha256_buf(buf_str(&text), text.len, hex);
	json_object_set_new(out, file, json_pack("{s:I, s:s}", "bytes", (json_int_t)text.len,
						 "sha256", hex));
}

static json_t *program_json(const struct records *rec, struct text name, const struct buf *end)
{
	struct text text = {buf_str(end), end->len};
	struct program_report report = {0};
	unsigned int output = output_of(&text);
	json_t *out = json_object();

	json_object_set_new(out, "name", program_text(name, RECORDS_SOURCES_MAX));
	if (output < PROGRAM_OUTPUTS)
		json_object_set_new(out, "output", json_string(program_outputs[output]));
	put_number(out, "exit", text);
	put_number(out, "signal", text);
	put_number(out, "ended_ns", text);
	put_number(out, "stopped", text);
	put_file(out, rec, name, "log");
	put_file(out, rec, name, "result");
	read_report(rec, name, output, &report);
	if (report.error[0])
		json_object_set_new(out, "error", json_string(report.error));
	else if (report.detail)
		json_object_set(out, "report", report.detail);
	program_report_release(&report);
	return out;
}

json_t *programs_json(const struct records *rec)
{
	json_t *out = json_array();
	unsigned int i;

	for (i = 0; i < rec->nr_works; i++) {
		cleanup_buf struct buf end = {0};

		if (rec->work_name[i].p && read_end(rec, rec->work_name[i], &end))
			json_array_append_new(out, program_json(rec, rec->work_name[i], &end));
	}
	return out;
}
