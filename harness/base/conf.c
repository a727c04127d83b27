// SPDX-License-Identifier: GPL-2.0-only
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"

/* A line's place: the file's number above the line's, which CONF_FILE_MAX keeps below. */
#define LINE_BITS 20

_Static_assert(CONF_FILE_MAX < 1u << LINE_BITS, "a line's number must fit");

/* Reading: where the current line is, and the section that its keys go to. */
struct reader {
	struct conf *conf;
	size_t section; /* index + 1; 0 = none yet */
	unsigned int depth;
	bool includes;
	const char *folder; /* where included files are too, or NULL */
};

static int read_file(struct reader *r, const char *path, struct err *err);

const char *conf_file(const struct conf *conf, int line)
{
	size_t file = (size_t)line >> LINE_BITS;

	return file < conf->nr_files ? conf->file[file] : conf->name;
}

int conf_complain(const struct conf *conf, int line, struct err *err, const char *fmt, ...)
{
	char msg[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(err, -EINVAL, "%s:%d: %s", conf_file(conf, line),
		       line & ((1 << LINE_BITS) - 1), msg);
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static struct conf_section *find_section(const struct conf *conf, const char *name, const char *arg)
{
	size_t i;

	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, name) && !strcmp(conf->section[i].arg, arg))
			return &conf->section[i];
	return NULL;
}

static struct conf_entry *find_entry(const struct conf_section *sec, const char *key)
{
	size_t i;

	for (i = 0; i < sec->nr_entries; i++)
		if (!strcmp(sec->entry[i].key, key))
			return &sec->entry[i];
	return NULL;
}

static bool same_file(int a, int b)
{
	return a >> LINE_BITS == b >> LINE_BITS;
}

static struct conf_section *new_section(struct conf *conf, const char *name, const char *arg,
					int line)
{
	struct conf_section *sec;

	conf->section = xrealloc(conf->section, conf->nr_sections + 1, sizeof(*sec));
	sec = &conf->section[conf->nr_sections++];
	*sec = (struct conf_section){.name = xstrdup(name), .arg = xstrdup(arg), .line = line};
	return sec;
}

/* A section that an included file has too goes on; complaints name the newer one. */
static int open_section(struct reader *r, const char *name, const char *arg, int line,
			struct err *err)
{
	struct conf_section *sec = find_section(r->conf, name, arg);

	if (sec && same_file(sec->line, line))
		return conf_complain(r->conf, line, err, "section [%s%s%s] is there twice", name,
				     *arg ? " " : "", arg);
	if (!sec)
		sec = new_section(r->conf, name, arg, line);
	sec->line = line;
	r->section = (size_t)(sec - r->conf->section) + 1;
	return 0;
}

/*
 * "other" is other.conf in the folder of the file that says so, else in that of the reader; a name with
 * a dot is as it is.
 */
static char *included_path(const struct reader *r, const char *name, int line)
{
	const char *from = conf_file(r->conf, line), *slash = strrchr(from, '/');
	const char *base = strrchr(name, '/');
	const char *end = strchr(base ? base : name, '.') ? "" : ".conf";
	char *path = xasprintf("%.*s%s%s", *name == '/' || !slash ? 0 : (int)(slash + 1 - from),
			       from, name, end);
	cleanup_free char *other = r->folder && *name != '/' ?
					   xasprintf("%s/%s%s", r->folder, name, end) : NULL;

	if (other && !file_exists(path) && file_exists(other)) {
		free(path);
		return xstrdup(other);
	}
	return path;
}

static int include(struct reader *r, const char *name, int line, struct err *err)
{
	cleanup_free char *path = included_path(r, name, line);
	int ret;

	r->section = 0;
	if (!r->includes || !*name)
		return conf_complain(r->conf, line, err, "nothing can be included here");
	if (r->depth == CONF_DEPTH_MAX || r->conf->nr_files == CONF_FILES_MAX)
		return conf_complain(r->conf, line, err,
				     "too many files: does one of them include itself?");
	if (!file_exists(path))
		return conf_complain(r->conf, line, err, "there is no %s to include", path);
	r->depth++;
	ret = read_file(r, path, err);
	r->depth--;
	r->section = 0;
	return ret;
}

static int add_section(struct reader *r, char *head, int line, struct err *err)
{
	struct conf *conf = r->conf;
	char *end = strchr(head, ']');
	char *arg;

	if (!end || end[1])
		return conf_complain(conf, line, err,
				     "a section is written [name] or [name argument]");
	*end = '\0';
	head = trim(head + 1);
	arg = head + strcspn(head, " \t");
	if (*arg)
		*arg++ = '\0';
	arg = trim(arg);
	if (!*head)
		return conf_complain(conf, line, err, "a section needs a name");
	return strcmp(head, "include") ? open_section(r, head, arg, line, err) :
					 include(r, arg, line, err);
}

static void put_entry(struct conf_section *sec, const char *key, const char *value, int line)
{
	struct conf_entry *e = find_entry(sec, key);

	if (!e) {
		sec->entry = xrealloc(sec->entry, sec->nr_entries + 1, sizeof(*sec->entry));
		e = &sec->entry[sec->nr_entries++];
		*e = (struct conf_entry){.key = xstrdup(key)};
	}
	free(e->value);
	e->value = xstrdup(value);
	e->line = line;
}

static int add_entry(struct reader *r, char *text, int line, struct err *err)
{
	const struct conf *conf = r->conf;
	struct conf_section *sec;
	struct conf_entry *e;
	char *eq = strchr(text, '=');

	if (!eq)
		return conf_complain(conf, line, err, "expected [section] or key = value");
	if (!r->section)
		return conf_complain(conf, line, err, "a key before any [section]");
	*eq = '\0';
	text = trim(text);
	if (!*text)
		return conf_complain(conf, line, err, "a value without a key");
	sec = &conf->section[r->section - 1];
	e = find_entry(sec, text);
	if (e && same_file(e->line, line))
		return conf_complain(conf, line, err, "key '%s' is there twice", text);
	put_entry(sec, text, trim(eq + 1), line);
	return 0;
}

void conf_set(struct conf *conf, const char *section, const char *key, const char *value, int line)
{
	struct conf_section *sec = find_section(conf, section, "");

	put_entry(sec ? sec : new_section(conf, section, "", line), key, value, line);
}

static int parse_line(struct reader *r, const char *text, size_t len, int line, struct err *err)
{
	char copy[CONF_LINE_MAX + 1];
	char *s;

	if (len > CONF_LINE_MAX)
		return conf_complain(r->conf, line, err, "line longer than %d bytes",
				     CONF_LINE_MAX);
	if (memchr(text, '\0', len))
		return conf_complain(r->conf, line, err, "a NUL byte: this is no text file");
	memcpy(copy, text, len);
	copy[len] = '\0';
	s = trim(copy);
	if (!*s || *s == '#')
		return 0;
	return *s == '[' ? add_section(r, s, line, err) : add_entry(r, s, line, err);
}

static int read_text(struct reader *r, const char *name, const char *text, size_t len,
		     struct err *err)
{
	struct conf *conf = r->conf;
	int line = (int)(conf->nr_files << LINE_BITS);
	const char *end = text + len;
	int ret = 0;

	conf->file = xrealloc(conf->file, conf->nr_files + 1, sizeof(*conf->file));
	conf->file[conf->nr_files++] = xstrdup(name);
	if (len > CONF_FILE_MAX)
		ret = err_set(err, -EFBIG, "%s: larger than %u bytes", name, CONF_FILE_MAX);
	while (!ret && text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		ret = parse_line(r, text, (size_t)(stop - text), ++line, err);
		text = stop + 1;
	}
	return ret;
}

static int read_file(struct reader *r, const char *path, struct err *err)
{
	cleanup_buf struct buf buf = {0};
	int ret = file_read(path, &buf, err);

	return ret ? ret : read_text(r, path, buf_str(&buf), buf.len, err);
}

int conf_parse(struct conf *conf, const char *name, const char *text, size_t len, struct err *err)
{
	struct reader r = {.conf = conf};
	int ret;

	*conf = (struct conf){.name = xstrdup(name)};
	ret = read_text(&r, name, text, len, err);
	if (ret)
		conf_release(conf);
	return ret;
}

int conf_load(struct conf *conf, const char *path, const char *folder, struct err *err)
{
	struct reader r = {.conf = conf, .includes = true, .folder = folder};
	int ret;

	*conf = (struct conf){.name = xstrdup(path)};
	ret = read_file(&r, path, err);
	if (ret)
		conf_release(conf);
	return ret;
}

static void section_release(struct conf_section *sec)
{
	size_t i;

	for (i = 0; i < sec->nr_entries; i++) {
		free(sec->entry[i].key);
		free(sec->entry[i].value);
	}
	free(sec->entry);
	free(sec->name);
	free(sec->arg);
}

void conf_release(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nr_sections; i++)
		section_release(&conf->section[i]);
	for (i = 0; i < conf->nr_files; i++)
		free(conf->file[i]);
	free(conf->file);
	free(conf->section);
	free(conf->name);
	memset(conf, 0, sizeof(*conf));
}

struct conf_section *conf_section(struct conf *conf, const char *name, const char *arg)
{
	struct conf_section *sec = find_section(conf, name, arg);

	if (sec)
		sec->used = true;
	return sec;
}

const char *conf_get(struct conf_section *sec, const char *key)
{
	struct conf_entry *e = sec ? find_entry(sec, key) : NULL;

	if (e)
		e->used = true;
	return e ? e->value : NULL;
}

static int section_unused(const struct conf *conf, const struct conf_section *sec, struct err *err)
{
	size_t i;

	if (!sec->used)
		return conf_complain(conf, sec->line, err, "unknown section [%s%s%s]", sec->name,
				     *sec->arg ? " " : "", sec->arg);
	for (i = 0; i < sec->nr_entries; i++)
		if (!sec->entry[i].used)
			return conf_complain(conf, sec->entry[i].line, err,
					     "unknown key '%s' in [%s%s%s]", sec->entry[i].key,
					     sec->name, *sec->arg ? " " : "", sec->arg);
	return 0;
}

int conf_unused(const struct conf *conf, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < conf->nr_sections; i++)
		ret = section_unused(conf, &conf->section[i], err);
	return ret;
}

static int set_choice(const struct conf_key *key, const char *value, unsigned int *out)
{
	unsigned int i;

	for (i = 0; key->choices[i]; i++) {
		if (strcmp(key->choices[i], value))
			continue;
		*out = i;
		return 0;
	}
	return -EINVAL;
}

static int set_number(const struct conf_key *key, const char *value, uint64_t *out)
{
	int ret;

	switch (key->type) {
	case CONF_SIZE:
		ret = parse_size(value, out);
		break;
	case CONF_TIME:
		ret = parse_time(value, out);
		break;
	case CONF_MILLIONTHS:
		ret = parse_millionths(value, out);
		break;
	default:
		ret = parse_u64(value, out);
		break;
	}
	if (!ret && (*out < key->min || (key->max && *out > key->max)))
		ret = -ERANGE;
	return ret;
}

static int set_field(const struct conf_key *key, const char *value, void *field)
{
	switch (key->type) {
	case CONF_STR:
		free(*(char **)field);
		*(char **)field = xstrdup(value);
		return 0;
	case CONF_BOOL:
		return parse_bool(value, field);
	case CONF_CHOICE:
		return set_choice(key, value, field);
	default:
		return set_number(key, value, field);
	}
}

static int complain_value(struct conf *conf, const struct conf_key *key, const struct conf_entry *e,
			  int ret, struct err *err)
{
	cleanup_buf struct buf words = {0};
	unsigned int i;

	for (i = 0; key->type == CONF_CHOICE && key->choices[i]; i++)
		buf_printf(&words, "%s%s", i ? ", " : " (one of ", key->choices[i]);
	return conf_complain(conf, e->line, err, "%s = %s: %s%s%s; %s", key->name, e->value,
			     ret == -ERANGE ? "out of range" : "not a valid value", buf_str(&words),
			     words.len ? ")" : "", key->help ? key->help : "");
}

int conf_bind(struct conf *conf, struct conf_section *sec, const struct conf_key *keys,
	      size_t nr_keys, void *out, struct err *err)
{
	size_t i;

	for (i = 0; i < nr_keys; i++) {
		struct conf_entry *e = find_entry(sec, keys[i].name);
		int ret;

		if (!e && keys[i].required)
			return conf_complain(conf, sec->line, err, "[%s] needs the key '%s': %s",
					     sec->name, keys[i].name, keys[i].help);
		if (!e)
			continue;
		e->used = true;
		ret = set_field(&keys[i], e->value, (char *)out + keys[i].offset);
		if (ret)
			return complain_value(conf, &keys[i], e, ret, err);
	}
	return 0;
}

char *conf_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path);
	size_t len = strlen(name);

	if (len > 5 && !strcmp(name + len - 5, ".conf"))
		name[len - 5] = '\0';
	return name;
}
