// SPDX-License-Identifier: GPL-2.0-only
#include "result/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/check.h"
#include "result/expect.h"
#include "result/measure.h"
#include "result/program.h"
#include "result/schema.h"
#include "result/state.h"

static int check_hash(const char *what, const struct buf *bytes, const char *want, struct err *err)
{
	char hex[SHA256_HEX];

	sha256_buf(buf_str(bytes), bytes->len, hex);
	if (want && !strcmp(hex, want))
		return 0;
	return err_set(err, -EBADMSG, "%s has the SHA-256 %.12s, not %.12s", what, hex,
		       want ? want : "any");
}

static int check_file(const char *id, const char *name, const char *want, struct err *err)
{
	cleanup_free char *dir = store_path(id), *path = xasprintf("%s/%s", dir, name);
	cleanup_buf struct buf bytes = {0};
	int ret = file_read(path, &bytes, err);

	return ret ? ret : check_hash(name, &bytes, want, err);
}

static int check_schema(const char *dir, const char *name, const json_t *value, struct err *err)
{
	struct schema *schema;
	int ret = schema_open(dir, name, &schema, err);

	if (ret)
		return ret;
	ret = schema_check(schema, value, err);
	if (ret)
		err_prefix(err, ret, "%s.json", name);
	schema_close(schema);
	return ret;
}

/* A part of result.json against what this program makes of the records; takes the reference. */
static int same_part(const json_t *result, const char *key, json_t *made, struct err *err)
{
	bool same = json_equal(json_object_get(result, key), made);

	json_decref(made);
	return same ? 0 :
	       err_set(err, -EBADMSG, "result.json: %s are not what this program makes of the records",
		       key);
}

/* What is there only where there is something to say: an empty part is none. */
static int same_list(const json_t *result, const char *key, json_t *made, struct err *err)
{
	if (json_array_size(made) || json_object_get(result, key))
		return same_part(result, key, made, err);
	json_decref(made);
	return 0;
}

/*
 * result.json is a function of the records and of what the spec expects, so that no number in it can
 * be another one.
 */
static int check_numbers(const struct result *r, const struct buf *bytes, struct err *err)
{
	const json_t *result = r->result;
	struct trace_summary trace;
	struct records rec;
	json_t *checks;
	int ret;

	records_parse(&rec, buf_str(bytes), bytes->len);
	ret = trace_summarise_window(&rec, &trace, err);
	if (!ret) {
		checks = check_conservation(&rec, &trace);
		ret = same_part(result, "metrics", measure_metrics(&rec, &trace), err);
		if (!ret)
			ret = same_list(result, "programs", programs_json(&rec), err);
		if (!ret)
			ret = same_part(result, "state", state_of(&rec), err);
		if (!ret)
			ret = same_part(result, "trace", trace_summary_json(&trace), err);
		if (!ret)
			ret = same_list(result, "steps", state_steps(&rec), err);
		if (!ret)
			ret = same_list(result, "expectations",
					expect_evaluate(expect_of_spec(r->spec), &rec,
							json_object_get(result, "metrics")), err);
		if (!ret)
			ret = same_part(result, "violated", check_violated(checks), err);
		if (!ret)
			ret = same_part(result, "checks", json_incref(checks), err);
		json_decref(checks);
		trace_summary_release(&trace);
	}
	records_release(&rec);
	return ret;
}

static int check_records(const char *id, const struct result *r, bool numbers, struct err *err)
{
	const json_t *said = json_object_get(r->result, "records");
	cleanup_buf struct buf bytes = {0};
	int ret = store_records(id, &bytes, err);

	if (!ret)
		ret = check_hash("the record stream", &bytes,
				 json_string_value(json_object_get(said, "sha256")), err);
	return ret || !numbers ? ret : check_numbers(r, &bytes, err);
}

/* What wringer probe added later, if it did. */
static int check_probe(const char *id, const char *dir, struct err *err)
{
	cleanup_free char *folder = store_path(id), *path = xasprintf("%s/probe.json", folder);
	json_error_t jerr;
	json_t *probe;
	int ret;

	if (!file_exists(path))
		return 0;
	probe = json_load_file(path, 0, &jerr);
	if (!probe)
		return err_set(err, -EBADMSG, "%s:%d: %s", path, jerr.line, jerr.text);
	ret = check_schema(dir, "probe", probe, err);
	json_decref(probe);
	return ret;
}

static void list_violated(const json_t *result, char out[256])
{
	json_t *name;
	size_t i;

	out[0] = '\0';
	json_array_foreach(json_object_get(result, "violated"), i, name) {
		size_t len = strlen(out);

		snprintf(out + len, 256 - len, "%s%s", len ? ", " : "",
			 json_string_value(name) ? json_string_value(name) : "?");
	}
}

static int check_contents(const char *id, const struct result *r, const char *dir, bool *unchecked,
			  struct err *err)
{
	json_int_t schema = json_integer_value(json_object_get(r->result, "schema"));
	int ret = 0;

	*unchecked = schema < VERIFY_SCHEMA_MIN;
	if (!*unchecked)
		ret = check_schema(dir, "spec", r->spec, err);
	if (!ret && !*unchecked)
		ret = check_schema(dir, "result", r->result, err);
	if (!ret)
		ret = check_probe(id, dir, err);
	if (!ret)
		ret = check_records(id, r, !*unchecked, err);
	return ret ? ret :
	       check_file(id, "console.txt",
			  json_string_value(json_object_get(r->result, "console_sha256")), err);
}

int verify_result(const char *id, const char *dir, char violated[256], bool *unchecked,
		  struct err *err)
{
	struct result r;
	int ret = check_file(id, "spec.json", id, err);

	if (!ret)
		ret = store_load(id, &r, err);
	if (ret)
		return ret;
	list_violated(r.result, violated);
	ret = check_contents(id, &r, dir, unchecked, err);
	result_release(&r);
	return ret;
}
