// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/refs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/parse.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/refs.h"

const struct refs_format refs_formats[] = {
	{.name = "csv", .help = "the key alone: column 1", .delimiter = ',', .key = 1},
	{.name = "twitter",
	 .help = "timestamp,key,key size,value size,client,operation,TTL",
	 .delimiter = ',',
	 .fields = 7,
	 .time = 1,
	 .key = 2,
	 .size = {3, 4},
	 .op = 6},
	{.name = "libcachesim",
	 .help = "time,object,size",
	 .delimiter = ',',
	 .time = 1,
	 .key = 2,
	 .size = {3, 0}},
	{.name = NULL},
};

/*
 * ---- Keys ----
 */

/* Where a key is among the keys, and the objects that stand for it; pages is 0 in an empty slot. */
struct slot {
	uint32_t at;
	uint32_t len;
	uint32_t object;
	uint32_t pages;
};

struct keys {
	struct slot *slot;
	size_t nr_slots; /* a power of two */
	size_t nr;
	struct buf text;
};

static uint64_t hash(const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3u;
	return wl_mix(h);
}

/* The key's slot, or the empty one where it belongs. */
static struct slot *find_slot(const struct keys *k, const char *key, size_t len)
{
	size_t i = hash(key, len) & (k->nr_slots - 1);

	while (k->slot[i].pages && (k->slot[i].len != len ||
				    memcmp(k->text.data + k->slot[i].at, key, len)))
		i = (i + 1) & (k->nr_slots - 1);
	return &k->slot[i];
}

static void grow(struct keys *k)
{
	struct slot *old = k->slot;
	size_t n = k->nr_slots, i;

	k->nr_slots = n ? 2 * n : 1024;
	k->slot = xcalloc(k->nr_slots, sizeof(*k->slot));
	for (i = 0; i < n; i++)
		if (old[i].pages)
			*find_slot(k, k->text.data + old[i].at, old[i].len) = old[i];
	free(old);
}

static void keys_release(struct keys *k)
{
	free(k->slot);
	buf_release(&k->text);
}

/*
 * ---- Lines ----
 */

struct converter {
	const struct refs_options *opts;
	const char *name;
	FILE *in;
	FILE *out;
	struct keys keys;
	struct refs_stat *stat;
	struct err *err;
	char line[REFS_LINE_MAX + 1];
	size_t len;
	char *field[REFS_FIELDS_MAX];
	size_t nr_fields;
	uint64_t time_us; /* of the request before */
	bool timed;       /* there was one */
};

static int bad_line(const struct converter *c, const char *what)
{
	return err_set(c->err, -EINVAL, "%s:%" PRIu64 ": %s", c->name, c->stat->lines, what);
}

/* 1, 0 at the end, or an error.  The line has no newline, nor a carriage return before it. */
static int read_line(struct converter *c)
{
	int ch = getc_unlocked(c->in);

	c->len = 0;
	if (ch == EOF)
		return ferror(c->in) ? err_sys(c->err, -EIO, "cannot read %s", c->name) : 0;
	c->stat->lines++;
	for (; ch != EOF && ch != '\n'; ch = getc_unlocked(c->in)) {
		if (c->len == REFS_LINE_MAX)
			return bad_line(c, "the line is longer than 8192 bytes");
		if (!ch)
			return bad_line(c, "the line holds a NUL: this is no text");
		c->line[c->len++] = (char)ch;
	}
	if (c->len && c->line[c->len - 1] == '\r')
		c->len--;
	c->line[c->len] = '\0';
	return ferror(c->in) ? err_sys(c->err, -EIO, "cannot read %s", c->name) : 1;
}

/* A key that holds delimiters is put together again from the fields there are too many of. */
static void join_key(struct converter *c)
{
	const struct refs_format *f = &c->opts->format;
	size_t more = c->nr_fields - f->fields, i;

	for (i = f->key; i < f->key + more; i++)
		c->field[i][-1] = f->delimiter;
	memmove(&c->field[f->key], &c->field[f->key + more],
		(c->nr_fields - f->key - more) * sizeof(c->field[0]));
	c->nr_fields -= more;
}

static int split_line(struct converter *c)
{
	const struct refs_format *f = &c->opts->format;
	char *at = c->line;

	for (c->nr_fields = 0; at; c->nr_fields++) {
		if (c->nr_fields == REFS_FIELDS_MAX)
			return bad_line(c, "the line has more than 64 fields");
		c->field[c->nr_fields] = at;
		at = strchr(at, f->delimiter);
		if (at)
			*at++ = '\0';
	}
	if (f->key && f->key <= f->fields && c->nr_fields > f->fields)
		join_key(c);
	return 0;
}

/* NULL and a complaint when the line has no such column, or nothing in it. */
static const char *get(const struct converter *c, uint64_t column, const char *what)
{
	if (column && column <= c->nr_fields && *c->field[column - 1])
		return c->field[column - 1];
	err_set(c->err, -EINVAL, "%s:%" PRIu64 ": column %" PRIu64 ", the %s, is missing", c->name,
		c->stat->lines, column, what);
	return NULL;
}

/*
 * ---- Fields ----
 */

/* Of memcached, of block traces and of their converters. */
static const char *const reads[] = {"get", "gets", "read", "r", "load", NULL};
static const char *const writes[] = {"set",     "add",    "replace", "cas",  "append",
				     "prepend", "incr",   "decr",    "put",  "update",
				     "insert",  "write",  "w",       "store", NULL};
static const char *const nothing[] = {"delete", "del", "remove", NULL};

static bool is_one(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(word, *words))
			return true;
	return false;
}

/* 'r', 'w', 'd' for a deletion, or an error. */
static int operation(const struct converter *c)
{
	const char *word;

	if (!c->opts->format.op)
		return 'r';
	word = get(c, c->opts->format.op, "operation");
	if (!word)
		return -EINVAL;
	if (is_one(word, reads))
		return 'r';
	if (is_one(word, writes))
		return 'w';
	if (is_one(word, nothing))
		return 'd';
	return err_set(c->err, -EINVAL, "%s:%" PRIu64 ": '%.40s' is no operation", c->name,
		       c->stat->lines, word);
}

static int pages_of(const struct converter *c, uint64_t *pages)
{
	uint64_t sum = 0, v;
	const char *word;
	size_t i;

	*pages = 1;
	for (i = 0; c->opts->sizes && i < 2 && c->opts->format.size[i]; i++) {
		word = get(c, c->opts->format.size[i], "size");
		if (!word)
			return -EINVAL;
		if (parse_u64(word, &v) || v > UINT32_MAX)
			return bad_line(c, "the size is no number of bytes below 4 GiB");
		sum += v;
	}
	if (sum > WL_PAGE_SIZE)
		*pages = (sum + WL_PAGE_SIZE - 1) / WL_PAGE_SIZE;
	return 0;
}

/* In microseconds, since the request before. */
static int delay_of(struct converter *c, uint64_t *delay)
{
	const char *word;
	uint64_t v, now;

	*delay = 0;
	if (!c->opts->unit_ns)
		return 0;
	word = get(c, c->opts->format.time, "time");
	if (!word)
		return -EINVAL;
	if (parse_millionths(word, &v))
		return bad_line(c, "the time is no number");
	now = (uint64_t)((unsigned __int128)v * c->opts->unit_ns / 1000000000u);
	if (c->timed && now < c->time_us)
		return bad_line(c, "the time goes back");
	if (c->timed && now - c->time_us > WL_REFS_DELAY_MAX)
		return bad_line(c, "it is more than an hour since the line before");
	*delay = c->timed ? now - c->time_us : 0;
	c->timed = true;
	c->time_us = now;
	return 0;
}

/* The key's slot; a new key gets the next objects. */
static int object_of(struct converter *c, const char *key, uint64_t pages, struct slot **out)
{
	size_t len = strlen(key);
	struct slot *s;

	if (c->keys.nr * 4 >= c->keys.nr_slots * 3)
		grow(&c->keys);
	s = *out = find_slot(&c->keys, key, len);
	if (s->pages)
		return 0;
	if (pages > c->opts->max_objects - c->stat->objects)
		return err_set(c->err, -E2BIG, "%s:%" PRIu64 ": more than %" PRIu64 " objects",
			       c->name, c->stat->lines, c->opts->max_objects);
	if (len > REFS_KEYS_MAX - c->keys.text.len)
		return err_set(c->err, -E2BIG, "%s:%" PRIu64 ": the keys take more than 1 GiB",
			       c->name, c->stat->lines);
	*s = (struct slot){(uint32_t)c->keys.text.len, (uint32_t)len, (uint32_t)c->stat->objects,
			   (uint32_t)pages};
	buf_add(&c->keys.text, key, len);
	c->keys.nr++;
	c->stat->keys++;
	c->stat->objects += pages;
	return 0;
}

/*
 * ---- Conversion ----
 */

/* What a field says by being there is left out where nothing follows that needs it. */
static void write_ref(struct converter *c, const struct slot *s, bool write, uint64_t delay)
{
	fprintf(c->out, "%" PRIu32, s->object);
	if (write || s->pages > 1 || delay)
		fputs(write ? " w" : " r", c->out);
	if (s->pages > 1 || delay)
		fprintf(c->out, " %" PRIu32, s->pages);
	if (delay)
		fprintf(c->out, " %" PRIu64, delay);
	putc('\n', c->out);
	c->stat->refs++;
	c->stat->writes += write;
}

static int convert_line(struct converter *c)
{
	uint64_t pages, delay;
	struct slot *slot;
	const char *key;
	int op, ret = split_line(c);

	if (ret)
		return ret;
	key = get(c, c->opts->format.key, "key");
	op = key ? operation(c) : -EINVAL;
	if (op < 0)
		return op;
	if (op == 'd') {
		c->stat->dropped++;
		return 0;
	}
	ret = pages_of(c, &pages);
	if (!ret)
		ret = delay_of(c, &delay);
	if (!ret)
		ret = object_of(c, key, pages, &slot);
	if (!ret)
		write_ref(c, slot, op == 'w', delay);
	return ret;
}

/* As wide as any number of objects, which is only known at the end. */
static int write_header(struct converter *c)
{
	fprintf(c->out, WL_REFS_MAGIC "%10" PRIu64 "\n", c->stat->objects);
	if (ferror(c->out) || fflush(c->out))
		return err_sys(c->err, -EIO, "cannot write the trace");
	return 0;
}

static int convert_lines(struct converter *c)
{
	const struct refs_options *o = c->opts;
	int ret = 1;

	while (ret > 0 && (!o->limit || c->stat->refs < o->limit)) {
		int bad = 0;

		ret = read_line(c);
		if (ret > 0 && c->len && c->stat->lines > o->skip)
			bad = convert_line(c);
		ret = bad ? bad : ret;
	}
	return ret < 0 ? ret : 0;
}

int refs_convert(const struct refs_options *opts, FILE *in, const char *name, FILE *out,
		 struct refs_stat *stat, struct err *err)
{
	struct converter c = {
		.opts = opts, .name = name, .in = in, .out = out, .stat = stat, .err = err};
	int ret;

	memset(stat, 0, sizeof(*stat));
	ret = write_header(&c);
	if (!ret)
		ret = convert_lines(&c);
	if (!ret && !stat->refs)
		ret = err_set(err, -EINVAL, "%s holds no request", name);
	keys_release(&c.keys);
	if (ret)
		return ret;
	if (fseek(out, 0, SEEK_SET))
		return err_sys(err, -EIO, "cannot write the trace");
	return write_header(&c);
}

int refs_check(const char *text, size_t len, const char *name, struct refs_stat *stat,
	       struct err *err)
{
	struct wl_refs refs;
	struct wl_ref ref;
	const char *bad = wl_refs_start(&refs, text, len);

	memset(stat, 0, sizeof(*stat));
	while (!bad && wl_refs_next(&refs, &ref, &bad)) {
		stat->refs++;
		stat->writes += ref.write;
	}
	stat->lines = refs.line;
	stat->objects = refs.objects;
	if (bad)
		return err_set(err, -EINVAL, "%s:%" PRIu64 ": %s", name, refs.line, bad);
	return stat->refs ? 0 : err_set(err, -EINVAL, "%s has no references", name);
}
