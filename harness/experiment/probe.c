// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/path.h"
#include "engine/template.h"
#include "experiment/dump.h"
#include "experiment/inside.h"
#include "result/counts.h"

/* Raised when another table would be made of the same kernel. */
#define TABLE_VERSION 1

/* The machine's own modules come before the fork point, a scenario's behind it. */
static void insmod_lines(const struct experiment *exp, struct buf *out)
{
	const char *line = exp->plan;
	size_t len;

	for (; *line; line += len) {
		len = strcspn(line, "\n");
		len += line[len] == '\n';
		if (!strncmp(line, "insmod ", 7))
			buf_add(out, line, len);
	}
}

/* Where the table of an experiment is, or is to be. */
static char *table_path(const struct experiment *exp)
{
	cleanup_buf struct buf parts = {0};
	char key[SHA256_HEX];

	buf_printf(&parts, "%s\n", exp->template);
	insmod_lines(exp, &parts);
	sha256_buf(buf_str(&parts), parts.len, key);
	return xasprintf("%s/symbols/%s.%d.table", path_cache(), key, TABLE_VERSION);
}

/* Without these nothing of what is asked could be told apart. */
static int check_table(const struct buf *table, struct err *err)
{
	static const char *const names[] = {"__switch_to", "balance_pgdat", "try_to_free_pages"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *line = xasprintf(" e %s\n", names[i]);

		if (!strstr(buf_str(table), line))
			return err_set(err, -ENODATA,
				       "this kernel has no function %s, by which reclaim is known",
				       names[i]);
	}
	return 0;
}

static int write_table(const char *path, const struct buf *kallsyms, struct err *err)
{
	cleanup_buf struct buf table = {0};
	int ret = symbols_table(kallsyms, &table, err);

	if (!ret)
		ret = check_table(&table, err);
	return ret ? ret : file_write(path, buf_str(&table), table.len, err);
}

/* The same machine up to the fork point, then a plan that asks instead of the experiment's. */
static void asking_plan(const struct experiment *exp, struct buf *out)
{
	buf_adds(out, "# wringer plan 2\n");
	insmod_lines(exp, out);
	buf_adds(out, DUMP_KALLSYMS DUMP_END);
}

/* From its template where that is there. */
static int ask(const struct qemu *qemu, const struct experiment *exp, const char *dir,
	       const struct probe_opts *opts, struct kernel_dump *dump, struct err *err)
{
	struct vm_opts vopts = {.qemu = qemu, .machine = &exp->machine, .args = &exp->args,
				.dir = dir, .limit_ms = opts->limit_ms};
	struct template tpl = TEMPLATE_NONE;
	int ret;

	if (!opts->boot && !template_open(exp->template, &tpl, NULL)) {
		vopts.mode = VM_FORK;
		vopts.saved = tpl.dir;
	}
	ret = dump_run(&vopts, opts->stop, dump, err);
	template_close(&tpl);
	return ret;
}

static int make_table(const struct qemu *qemu, const struct experiment *exp, const char *path,
		      const struct probe_opts *opts, struct err *err)
{
	cleanup_buf struct buf plan = {0};
	struct kernel_dump dump = {0};
	char *dir;
	int ret;

	if (opts->say)
		opts->say("asking the kernel for its symbols");
	asking_plan(exp, &plan);
	ret = inside_dir(exp, buf_str(&plan), NULL, &dir, err);
	if (ret)
		return ret;
	ret = ask(qemu, exp, dir, opts, &dump, err);
	dir_remove(dir, NULL);
	free(dir);
	if (!ret)
		ret = write_table(path, &dump.kallsyms, err);
	buf_release(&dump.kallsyms);
	return ret;
}

static int find_tables(struct experiments *exps, const struct probe_opts *opts, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/symbols", path_cache());
	int ret = dir_make(dir, err);
	size_t i;

	for (i = 0; !ret && i < exps->nr; i++) {
		struct experiment *exp = &exps->exp[i];

		free(exp->symbols_file);
		exp->symbols_file = table_path(exp);
		cache_used(exp->symbols_file);
		if (!file_exists(exp->symbols_file))
			ret = make_table(&exps->qemu, exp, exp->symbols_file, opts, err);
	}
	return ret;
}

static int same(const char *id, const char *what, const struct buf *was, const struct buf *is,
		struct err *err)
{
	if (was->len == is->len && !memcmp(buf_str(was), buf_str(is), is->len))
		return 0;
	return err_set(err, -ESTALE, "%s is not what this run gives; 'wringer replay %.12s' says more",
		       what, id);
}

static int same_file(const char *id, const char *file, const struct buf *is, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", path_results(), id, file);
	cleanup_buf struct buf was = {0};
	int ret = file_read(path, &was, err);

	return ret ? ret : same(id, file, &was, is, err);
}

static int same_records(const char *id, const struct buf *is, struct err *err)
{
	cleanup_buf struct buf was = {0};
	int ret = store_records(id, &was, err);

	return ret ? ret : same(id, "the record stream", &was, is, err);
}

static int same_result(const char *id, const struct result *r, struct err *err)
{
	cleanup_buf struct buf text = {0};
	int ret = same_records(id, &r->records, err);

	json_canonical(r->result, &text);
	if (!ret)
		ret = same_file(id, "console.txt", &r->console, err);
	return ret ? ret : same_file(id, "result.json", &text, err);
}

/* The one that is there says that the other is too. */
static int write_files(const char *id, const struct counts *c, const struct result *r,
		       struct err *err)
{
	cleanup_free char *plugin = xasprintf("%s/" RUN_PROBE, path_data());
	cleanup_buf struct buf folded = {0}, text = {0};
	char hex[SHA256_HEX];
	int ret = sha256_file(plugin, hex, err);
	json_t *json;

	if (ret)
		return ret;
	json = counts_json(c, r->result);
	json_object_set_new(json, "schema", json_integer(PROBE_SCHEMA));
	json_object_set_new(json, "experiment", json_string(id));
	json_object_set_new(json, "plugin", json_string(hex));
	json_canonical(json, &text);
	json_decref(json);
	counts_folded(c, &folded);
	ret = store_add(id, PROBE_FOLDED, &folded, err);
	return ret ? ret : store_add(id, PROBE_JSON, &text, err);
}

static int take_counts(const struct experiment *exp, const struct result *r, struct err *err)
{
	struct counts c;
	int ret;

	if (!status_final(exp->status))
		return err_set(err, -EIO, "the host ended it: %s", exp->reason ? exp->reason : "");
	ret = same_result(exp->id, r, err);
	if (!ret && !r->counts.len)
		ret = err_set(err, -ENODATA, "it did not come to the window's close, so nothing was "
					     "counted");
	if (ret)
		return ret;
	ret = counts_parse(&c, buf_str(&r->counts), r->counts.len, err);
	if (ret)
		return ret;
	ret = write_files(exp->id, &c, r, err);
	counts_release(&c);
	return ret;
}

static void finished(const struct experiment *exp, const struct result *r, void *ctx)
{
	const struct probe_opts *opts = ctx;
	struct err err = {""};
	int ret = take_counts(exp, r, &err);

	if (opts->done)
		opts->done(exp, ret, &err, opts->ctx);
}

int probe_run(struct experiments *exps, const struct probe_opts *opts, struct err *err)
{
	struct run_opts ropts = {.jobs = opts->jobs, .limit_ms = opts->limit_ms,
				 .keep_nothing = true, .boot = opts->boot, .stop = opts->stop,
				 .finished = finished, .ctx = (void *)opts};
	int ret = find_tables(exps, opts, err);

	return ret ? ret : experiments_run(exps, &ropts, err);
}

int probe_load(const char *id, json_t **out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s/" PROBE_JSON, path_results(), id);
	cleanup_buf struct buf text = {0};
	int ret = file_exists(path) ? file_read(path, &text, err) : -ENOENT;
	json_error_t jerr;

	*out = NULL;
	if (ret)
		return ret;
	*out = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &jerr);
	if (json_is_object(*out) &&
	    json_integer_value(json_object_get(*out, "schema")) == PROBE_SCHEMA)
		return 0;
	json_decref(*out);
	*out = NULL;
	return err_set(err, -EBADMSG,
		       "%s is none of this version; 'wringer probe --again' makes it anew", path);
}
