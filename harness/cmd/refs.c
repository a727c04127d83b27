// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "experiment/refs.h"

#define OBJECTS_DEFAULT (16u << 20)
#define COLUMN_DEFAULT  UINT64_MAX

struct refs_cmd {
	const char *format;
	const char *delimiter;
	uint64_t key, op, time, size;
	uint64_t unit_ns;
	bool sizes;
	uint64_t skip, limit, max_objects;
	bool check;
	bool json;
};

static const struct cmd_option refs_options[] = {
	{"format", 'f', CMD_STRING, offsetof(struct refs_cmd, format), "NAME",
	 "columns of the input: csv (default), twitter or libcachesim"},
	{"key", 'k', CMD_NUMBER, offsetof(struct refs_cmd, key), "N",
	 "column of what a request is for, from 1 (csv: 1)"},
	{"op", 0, CMD_NUMBER, offsetof(struct refs_cmd, op), "N",
	 "column of the operation; without, all are reads"},
	{"time", 0, CMD_NUMBER, offsetof(struct refs_cmd, time), "N", "column of the time"},
	{"size", 0, CMD_NUMBER, offsetof(struct refs_cmd, size), "N", "column of the size, bytes"},
	{"delays", 'd', CMD_TIME, offsetof(struct refs_cmd, unit_ns), "UNIT",
	 "keep the delays between requests; the time column counts these, as in 1s, 1ms"},
	{"sizes", 'z', CMD_FLAG, offsetof(struct refs_cmd, sizes), NULL,
	 "an object has as many pages as the size of its first request needs; default: one"},
	{"delimiter", 0, CMD_STRING, offsetof(struct refs_cmd, delimiter), "C",
	 "between fields: one character or 'tab' (default: a comma)"},
	{"skip", 0, CMD_NUMBER, offsetof(struct refs_cmd, skip), "N",
	 "leave out this many lines at the start, such as a header"},
	{"limit", 0, CMD_NUMBER, offsetof(struct refs_cmd, limit), "N",
	 "stop after this many references"},
	{"max-objects", 0, CMD_NUMBER, offsetof(struct refs_cmd, max_objects), "N",
	 "more than this many pages of objects are an error (default: 16777216)"},
	{"check", 0, CMD_FLAG, offsetof(struct refs_cmd, check), NULL,
	 "read a trace that is in the format already, and write nothing"},
	{"json", 0, CMD_FLAG, offsetof(struct refs_cmd, json), NULL, "print the counts as JSON"},
};

extern const struct cmd cmd_refs;

static void find_format(const char *name, struct refs_format *out)
{
	const struct refs_format *f;

	for (f = refs_formats; f->name; f++) {
		if (strcmp(f->name, name))
			continue;
		*out = *f;
		return;
	}
	die_usage(&cmd_refs, "--format %s: one of csv, twitter, libcachesim", name);
}

static void set_column(const char *option, uint64_t value, uint64_t *out)
{
	if (value == COLUMN_DEFAULT)
		return;
	if (!value || value > REFS_FIELDS_MAX)
		die_usage(&cmd_refs, "--%s: columns are 1 to %u", option, REFS_FIELDS_MAX);
	*out = value;
}

static char one_character(const char *s)
{
	if (!strcmp(s, "tab"))
		return '\t';
	if (strlen(s) != 1 || *s == '\n' || *s == '\r')
		die_usage(&cmd_refs, "--delimiter %s: give one character or 'tab'", s);
	return *s;
}

static struct refs_options take_options(const struct refs_cmd *o)
{
	struct refs_options out = {.skip = o->skip,
				   .limit = o->limit,
				   .max_objects = o->max_objects,
				   .unit_ns = o->unit_ns,
				   .sizes = o->sizes};

	find_format(o->format, &out.format);
	set_column("key", o->key, &out.format.key);
	set_column("op", o->op, &out.format.op);
	set_column("time", o->time, &out.format.time);
	set_column("size", o->size, &out.format.size[0]);
	if (o->size != COLUMN_DEFAULT)
		out.format.size[1] = 0;
	if (o->delimiter)
		out.format.delimiter = one_character(o->delimiter);
	if (!out.max_objects || out.max_objects > REFS_OBJECTS_MAX)
		die_usage(&cmd_refs, "--max-objects: 1 to %u", REFS_OBJECTS_MAX);
	if (out.unit_ns && !out.format.time)
		die_usage(&cmd_refs, "--delays needs --time");
	if (out.sizes && !out.format.size[0])
		die_usage(&cmd_refs, "--sizes needs --size");
	return out;
}

static FILE *open_or_die(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);
	struct err err = {""};

	if (!f) {
		err_sys(&err, -errno, "cannot open %s", path);
		die(&err);
	}
	return f;
}

/* Beside its place, then renamed: what is there is whole. */
static void convert(const struct refs_options *opts, const char *from, const char *to,
		    struct refs_stat *stat)
{
	cleanup_free char *tmp = xasprintf("%s.tmp", to);
	bool from_stdin = !strcmp(from, "-");
	FILE *in = from_stdin ? stdin : open_or_die(from, "re");
	FILE *out = open_or_die(tmp, "we");
	struct err err = {""};
	int ret = refs_convert(opts, in, from_stdin ? "(stdin)" : from, out, stat, &err);

	if (fclose(out) && !ret)
		ret = err_sys(&err, -errno, "cannot write %s", tmp);
	if (!ret && rename(tmp, to))
		ret = err_sys(&err, -errno, "cannot rename %s", tmp);
	if (!from_stdin)
		fclose(in);
	if (!ret)
		return;
	unlink(tmp);
	die(&err);
}

static void check(const char *path, struct refs_stat *stat)
{
	cleanup_buf struct buf text = {0};
	struct err err = {""};

	if (file_read(path, &text, &err) || refs_check(buf_str(&text), text.len, path, stat, &err))
		die(&err);
}

static void print_stat(const struct refs_stat *s, bool checked)
{
	printf("%" PRIu64 " references, %" PRIu64 " of them writes, to %" PRIu64 " objects (%" PRIu64
	       " MiB of pages)\n",
	       s->refs, s->writes, s->objects, (s->objects + 255) / 256);
	if (!checked)
		printf("%" PRIu64 " keys in %" PRIu64 " lines; %" PRIu64 " deletions left out\n",
		       s->keys, s->lines, s->dropped);
}

static json_t *json_stat(const struct refs_stat *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "lines", (json_int_t)s->lines,
			 "references", (json_int_t)s->refs, "writes", (json_int_t)s->writes,
			 "deletions", (json_int_t)s->dropped, "keys", (json_int_t)s->keys,
			 "objects", (json_int_t)s->objects);
}

static int run_refs(int argc, char **argv)
{
	struct refs_cmd o = {.format = "csv",
			     .key = COLUMN_DEFAULT,
			     .op = COLUMN_DEFAULT,
			     .time = COLUMN_DEFAULT,
			     .size = COLUMN_DEFAULT,
			     .max_objects = OBJECTS_DEFAULT};
	int nr = cmd_parse(&cmd_refs, argc, argv, &o);
	struct refs_options opts = take_options(&o);
	struct refs_stat stat;

	if (nr != (o.check ? 1 : 2))
		die_usage(&cmd_refs, "give the input and the output, or --check and one trace");
	if (o.check)
		check(argv[1], &stat);
	else
		convert(&opts, argv[1], argv[2], &stat);
	if (o.json)
		print_json(json_stat(&stat));
	else
		print_stat(&stat, o.check);
	return EXIT_FINE;
}

const struct cmd cmd_refs = {
	.name = "refs",
	.summary = "convert a cache trace to references for the workload 'replay'",
	.usage = "CSV REFS",
	CMD_OPTIONS(refs_options),
	.examples = "  wringer refs -f twitter --limit 1000000 cluster52 cluster52.refs\n"
		    "  zstd -dc trace.csv.zst | wringer refs -f libcachesim --skip 1 - trace.refs\n"
		    "  wringer refs --check trace.refs\n",
	.run = run_refs,
};
