// SPDX-License-Identifier: GPL-2.0-only
#include "result/schema.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

#define PATH_SIZE 256
#define DEPTH_MAX 32
#define FILES_MAX 16

/* A compiled pattern of a schema's string. */
struct pattern {
	const json_t *text;
	regex_t re;
};

struct schema {
	char *dir;
	char *file_name[FILES_MAX];
	json_t *file[FILES_MAX]; /* the first is the one that was asked for */
	size_t nr_files;
	struct pattern *pattern;
	size_t nr_patterns;
};

/* Where in the value, and in which file's schema, a check is. */
struct at {
	struct schema *s;
	const json_t *root;
	const char *path;
	unsigned int depth;
	struct err *err;
};

static int check(const struct at *at, const json_t *schema, const json_t *value);

static int bad(const struct at *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(const struct at *at, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(at->err, -EBADMSG, "%s: %s", *at->path ? at->path : "the whole", why);
}

static int load(struct schema *s, const char *name, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s.schema.json", s->dir, name);
	json_error_t jerr;
	json_t *file;

	if (s->nr_files == FILES_MAX)
		return err_set(err, -EINVAL, "more than %d schema files", FILES_MAX);
	if (!file_exists(path))
		return err_set(err, -ENOENT, "there is no %s", path);
	file = json_load_file(path, JSON_REJECT_DUPLICATES, &jerr);
	if (!file)
		return err_set(err, -EINVAL, "%s:%d: %s", path, jerr.line, jerr.text);
	s->file_name[s->nr_files] = xstrdup(name);
	s->file[s->nr_files++] = file;
	return 0;
}

static const json_t *find_file(struct schema *s, const char *name, size_t len, struct err *err)
{
	char copy[64];
	size_t i;

	snprintf(copy, sizeof(copy), "%.*s", (int)len, name);
	for (i = 0; i < s->nr_files; i++)
		if (!strcmp(s->file_name[i], copy))
			return s->file[i];
	return load(s, copy, err) ? NULL : s->file[s->nr_files - 1];
}

static const regex_t *compiled(struct schema *s, const json_t *text)
{
	struct pattern *p;
	size_t i;

	for (i = 0; i < s->nr_patterns; i++)
		if (s->pattern[i].text == text)
			return &s->pattern[i].re;
	s->pattern = xrealloc(s->pattern, s->nr_patterns + 1, sizeof(*s->pattern));
	p = &s->pattern[s->nr_patterns];
	if (!json_is_string(text) ||
	    regcomp(&p->re, json_string_value(text), REG_EXTENDED | REG_NOSUB))
		return NULL;
	p->text = text;
	s->nr_patterns++;
	return &p->re;
}

static bool is_type(const char *type, const json_t *value)
{
	static const struct {
		const char *name;
		json_type type;
	} types[] = {{"object", JSON_OBJECT}, {"array", JSON_ARRAY},   {"string", JSON_STRING},
		     {"integer", JSON_INTEGER}, {"number", JSON_REAL}, {"null", JSON_NULL}};
	size_t i;

	if (!strcmp(type, "boolean"))
		return json_is_boolean(value);
	if (!strcmp(type, "number") && json_is_integer(value))
		return true;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, type))
			return json_typeof(value) == types[i].type;
	return false;
}

static int check_type(const struct at *at, const json_t *schema, const json_t *arg,
		      const json_t *value)
{
	(void)schema;
	if (!json_is_string(arg))
		return err_set(at->err, -EINVAL, "a schema's type is no string");
	return is_type(json_string_value(arg), value) ? 0 :
	       bad(at, "is not of type %s", json_string_value(arg));
}

static int check_const(const struct at *at, const json_t *schema, const json_t *arg,
		       const json_t *value)
{
	(void)schema;
	return json_equal(arg, value) ? 0 : bad(at, "has another value than the one it can have");
}

static int check_enum(const struct at *at, const json_t *schema, const json_t *arg,
		      const json_t *value)
{
	json_t *one;
	size_t i;

	(void)schema;
	json_array_foreach(arg, i, one)
		if (json_equal(one, value))
			return 0;
	return bad(at, "'%.60s' is none of the values it can have",
		   json_string_value(value) ? json_string_value(value) : "?");
}

static int check_pattern(const struct at *at, const json_t *schema, const json_t *arg,
			 const json_t *value)
{
	const regex_t *re = compiled(at->s, arg);

	(void)schema;
	if (!re)
		return err_set(at->err, -EINVAL, "a schema's pattern is no regular expression");
	if (!json_is_string(value) || !regexec(re, json_string_value(value), 0, NULL, 0))
		return 0;
	return bad(at, "'%.60s' does not match %.80s", json_string_value(value),
		   json_string_value(arg));
}

static int check_minimum(const struct at *at, const json_t *schema, const json_t *arg,
			 const json_t *value)
{
	(void)schema;
	if (!json_is_number(value) || json_number_value(value) >= json_number_value(arg))
		return 0;
	return bad(at, "is below %g", json_number_value(arg));
}

static int check_maximum(const struct at *at, const json_t *schema, const json_t *arg,
			 const json_t *value)
{
	(void)schema;
	if (!json_is_number(value) || json_number_value(value) <= json_number_value(arg))
		return 0;
	return bad(at, "is above %g", json_number_value(arg));
}

static int check_min_items(const struct at *at, const json_t *schema, const json_t *arg,
			   const json_t *value)
{
	(void)schema;
	if (!json_is_array(value) ||
	    (json_int_t)json_array_size(value) >= json_integer_value(arg))
		return 0;
	return bad(at, "has less than %lld items", (long long)json_integer_value(arg));
}

static int check_below(const struct at *at, const json_t *schema, const json_t *value,
		       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int check_below(const struct at *at, const json_t *schema, const json_t *value,
		       const char *fmt, ...)
{
	char path[PATH_SIZE];
	struct at below = *at;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	below.path = path;
	return check(&below, schema, value);
}

static int check_properties(const struct at *at, const json_t *schema, const json_t *arg,
			    const json_t *value)
{
	const char *key, *dot = *at->path ? "." : "";
	json_t *sub;
	int ret = 0;

	(void)schema;
	if (!json_is_object(value))
		return 0;
	json_object_foreach((json_t *)arg, key, sub) {
		const json_t *v = json_object_get(value, key);

		if (!ret && v)
			ret = check_below(at, sub, v, "%s%s%s", at->path, dot, key);
	}
	return ret;
}

static int check_required(const struct at *at, const json_t *schema, const json_t *arg,
			  const json_t *value)
{
	json_t *key;
	size_t i;

	(void)schema;
	json_array_foreach(arg, i, key)
		if (json_is_object(value) && !json_object_get(value, json_string_value(key)))
			return bad(at, "has no %s", json_string_value(key));
	return 0;
}

static int check_additional(const struct at *at, const json_t *schema, const json_t *arg,
			    const json_t *value)
{
	const json_t *known = json_object_get(schema, "properties");
	const char *key, *dot = *at->path ? "." : "";
	json_t *v;

	if (!json_is_object(value) || json_is_true(arg))
		return 0;
	json_object_foreach((json_t *)value, key, v) {
		int ret;

		if (json_object_get(known, key))
			continue;
		if (json_is_false(arg))
			return bad(at, "has the unknown key %.60s", key);
		ret = check_below(at, arg, v, "%s%s%s", at->path, dot, key);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_items(const struct at *at, const json_t *schema, const json_t *arg,
		       const json_t *value)
{
	json_t *item;
	size_t i;
	int ret = 0;

	(void)schema;
	if (!json_is_array(value))
		return 0;
	json_array_foreach(value, i, item) {
		ret = check_below(at, arg, item, "%s[%zu]", at->path, i);
		if (ret)
			break;
	}
	return ret;
}

static int check_any(const struct at *at, const json_t *schema, const json_t *arg,
		     const json_t *value)
{
	struct err ignored = {""};
	struct at quiet = *at;
	json_t *one;
	size_t i;

	(void)schema;
	quiet.err = &ignored;
	json_array_foreach(arg, i, one) {
		int ret = check(&quiet, one, value);

		if (!ret)
			return 0;
		if (ret != -EBADMSG)
			return err_set(at->err, ret, "%s", ignored.msg);
	}
	return bad(at, "is like none of the %zu forms it can have", json_array_size(arg));
}

/* "#/$defs/NAME", "FILE.schema.json" */
static int check_ref(const struct at *at, const json_t *schema, const json_t *arg,
		     const json_t *value)
{
	const char *ref = json_string_value(arg), *end;
	struct at there = *at;

	(void)schema;
	if (ref && !strncmp(ref, "#/$defs/", 8)) {
		const json_t *def = json_object_get(json_object_get(at->root, "$defs"), ref + 8);

		if (def)
			return check(&there, def, value);
	}
	end = ref ? strstr(ref, ".schema.json") : NULL;
	if (!end || end[strlen(".schema.json")])
		return err_set(at->err, -EINVAL, "a schema refers to %s", ref ? ref : "nothing");
	there.root = find_file(at->s, ref, (size_t)(end - ref), at->err);
	return there.root ? check(&there, there.root, value) : -EINVAL;
}

static int no_check(const struct at *at, const json_t *schema, const json_t *arg,
		    const json_t *value)
{
	(void)at;
	(void)schema;
	(void)arg;
	(void)value;
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(const struct at *at, const json_t *schema, const json_t *arg,
		  const json_t *value);
} keywords[] = {
	{"type", check_type},         {"const", check_const},
	{"enum", check_enum},         {"pattern", check_pattern},
	{"minimum", check_minimum},   {"maximum", check_maximum},
	{"minItems", check_min_items}, {"properties", check_properties},
	{"required", check_required}, {"additionalProperties", check_additional},
	{"items", check_items},       {"anyOf", check_any},
	{"$ref", check_ref},          {"$defs", no_check},
	{"$schema", no_check},        {"title", no_check},
	{"description", no_check},    {"$comment", no_check},
};

static int check_keyword(const struct at *at, const json_t *schema, const char *name,
			 const json_t *arg, const json_t *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keywords); i++)
		if (!strcmp(keywords[i].name, name))
			return keywords[i].fn(at, schema, arg, value);
	return err_set(at->err, -EINVAL, "a schema uses %s, which is not known here", name);
}

static int check(const struct at *at, const json_t *schema, const json_t *value)
{
	struct at here = *at;
	const char *key;
	json_t *arg;
	int ret = 0;

	if (++here.depth > DEPTH_MAX)
		return err_set(at->err, -EINVAL, "schemas refer to each other without end");
	if (!json_is_object(schema))
		return err_set(at->err, -EINVAL, "a schema is no object");
	json_object_foreach((json_t *)schema, key, arg) {
		ret = check_keyword(&here, schema, key, arg, value);
		if (ret)
			break;
	}
	return ret;
}

int schema_open(const char *dir, const char *name, struct schema **out, struct err *err)
{
	struct schema *s = xcalloc(1, sizeof(*s));
	int ret;

	s->dir = xstrdup(dir);
	ret = load(s, name, err);
	if (ret) {
		schema_close(s);
		s = NULL;
	}
	*out = s;
	return ret;
}

void schema_close(struct schema *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->nr_files; i++) {
		json_decref(s->file[i]);
		free(s->file_name[i]);
	}
	for (i = 0; i < s->nr_patterns; i++)
		regfree(&s->pattern[i].re);
	free(s->pattern);
	free(s->dir);
	free(s);
}

int schema_check(struct schema *s, const json_t *value, struct err *err)
{
	struct at at = {.s = s, .root = s->file[0], .path = "", .err = err};

	return check(&at, s->file[0], value);
}
