// SPDX-License-Identifier: GPL-2.0-only
/* fio --output-format=json: an object whose "jobs" has for each job what was read, written, trimmed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "result/program.h"

#define JOBS_MAX 256

/* Whole and not negative, or 0: what else a guest may have written there means nothing. */
static int64_t number(const json_t *object, const char *key)
{
	double v = json_number_value(json_object_get(object, key));

	return isfinite(v) && v > 0 && v < 9e18 ? (int64_t)v : 0;
}

static void put(struct program_report *r, json_t *detail, const char *name, const char *part,
		int64_t value)
{
	program_put(r, "fio", name, part, value);
	json_object_set_new(detail, name, json_integer(value));
}

static void put_latency(struct program_report *r, json_t *detail, const json_t *clat,
			const char *part)
{
	static const char *const keys[][2] = {
		{"50.000000", "clat.p50_ns"}, {"90.000000", "clat.p90_ns"},
		{"99.000000", "clat.p99_ns"}, {"99.900000", "clat.p999_ns"}};
	const json_t *percentile = json_object_get(clat, "percentile");
	size_t i;

	put(r, detail, "clat.mean_ns", part, number(clat, "mean"));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(percentile, keys[i][0]))
			put(r, detail, keys[i][1], part, number(percentile, keys[i][0]));
	put(r, detail, "clat.max_ns", part, number(clat, "max"));
}

static void take_direction(struct program_report *r, const json_t *job, const char *name,
			   const char *direction)
{
	const json_t *d = json_object_get(job, direction);
	char part[PROGRAM_PART];
	json_t *detail;

	if (!number(d, "total_ios"))
		return;
	detail = json_pack("{s:o, s:s}", "job", program_text((struct text){name, strlen(name)}, 32),
			   "direction", direction);
	snprintf(part, sizeof(part), "%.32s.%s", name, direction);
	put(r, detail, "ios", part, number(d, "total_ios"));
	put(r, detail, "iops", part, number(d, "iops"));
	put(r, detail, "kib", part, number(d, "io_bytes") / 1024);
	put(r, detail, "bw_kib", part, number(d, "bw_bytes") / 1024);
	put_latency(r, detail, json_object_get(d, "clat_ns"), part);
	json_array_append_new(r->detail, detail);
}

static void take_job(struct program_report *r, const json_t *job)
{
	const char *given = json_string_value(json_object_get(job, "jobname"));
	char name[PROGRAM_PART];
	int64_t failed = number(job, "error");
	char *c;

	snprintf(name, sizeof(name), "%.32s", given ? given : "");
	/* The dot parts a name's parts. */
	for (c = name; *c; c++)
		*c = *c == '.' ? '_' : *c;
	if (failed)
		program_error(r, "job %s ended with error %lld", name, (long long)failed);
	take_direction(r, job, name, "read");
	take_direction(r, job, name, "write");
	take_direction(r, job, name, "trim");
}

void fio_read(const char *text, size_t len, struct program_report *r)
{
	/* Warnings may come before it. */
	const char *start = len ? memchr(text, '{', len) : NULL;
	json_t *top = start ? json_loadb(start, len - (size_t)(start - text), 0, NULL) : NULL;
	json_t *jobs = json_object_get(top, "jobs");
	size_t i;

	r->detail = json_array();
	if (!top)
		program_error(r, "it is no JSON");
	else if (!json_array_size(jobs))
		program_error(r, "there are no jobs in it");
	for (i = 0; i < json_array_size(jobs) && i < JOBS_MAX; i++)
		take_job(r, json_array_get(jobs, i));
	json_decref(top);
}
