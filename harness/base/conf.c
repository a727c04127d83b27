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

int conf_complain(const struct conf *conf, int line, struct err *err, const char *fmt, ...)
{
	char msg[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(err, -EINVAL, "%s:%d: %s", conf->name, line, msg);
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

static int add_section(struct conf *conf, char *head, int line, struct err *err)
{
	struct conf_section *sec;
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
	if (find_section(conf, head, arg))
		return conf_complain(conf, line, err, "section [%s%s%s] is there twice", head,
				     *arg ? " " : "", arg);
	conf->section = xrealloc(conf->section, conf->nr_sections + 1, sizeof(*sec));
	sec = &conf->section[conf->nr_sections++];
	*sec = (struct conf_section){.name = xstrdup(head), .arg = xstrdup(arg), .line = line};
	return 0;
}

static int add_entry(struct conf *conf, char *text, int line, struct err *err)
{
	struct conf_section *sec;
	char *eq = strchr(text, '=');

	if (!eq)
		return conf_complain(conf, line, err, "expected [section] or key = value");
	if (!conf->nr_sections)
		return conf_complain(conf, line, err, "a key before any [section]");
	*eq = '\0';
	text = trim(text);
	if (!*text)
		return conf_complain(conf, line, err, "a value without a key");
	sec = &conf->section[conf->nr_sections - 1];
	if (find_entry(sec, text))
		return conf_complain(conf, line, err, "key '%s' is there twice", text);
	sec->entry = xrealloc(sec->entry, sec->nr_entries + 1, sizeof(*sec->entry));
	sec->entry[sec->nr_entries++] = (struct conf_entry){
		.key = xstrdup(text), .value = xstrdup(trim(eq + 1)), .line = line};
	return 0;
}

static int parse_line(struct conf *conf, const char *text, size_t len, int line, struct err *err)
{
	char copy[CONF_LINE_MAX + 1];
	char *s;

	if (len > CONF_LINE_MAX)
		return conf_complain(conf, line, err, "line longer than %d bytes", CONF_LINE_MAX);
	if (memchr(text, '\0', len))
		return conf_complain(conf, line, err, "a NUL byte: this is no text file");
	memcpy(copy, text, len);
	copy[len] = '\0';
	s = trim(copy);
	if (!*s || *s == '#')
		return 0;
	return *s == '[' ? add_section(conf, s, line, err) : add_entry(conf, s, line, err);
}

int conf_parse(struct conf *conf, const char *name, const char *text, size_t len, struct err *err)
{
	const char *end = text + len;
	int line = 0;
	int ret = 0;

	*conf = (struct conf){.name = xstrdup(name)};
	if (len > CONF_FILE_MAX)
		ret = err_set(err, -EFBIG, "%s: larger than %u bytes", name, CONF_FILE_MAX);
	while (!ret && text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;

		ret = parse_line(conf, text, (size_t)(stop - text), ++line, err);
		text = stop + 1;
	}
	if (ret)
		conf_release(conf);
	return ret;
}

int conf_load(struct conf *conf, const char *path, struct err *err)
{
	cleanup_buf struct buf buf = {0};
	int ret = file_read(path, &buf, err);

	memset(conf, 0, sizeof(*conf));
	return ret ? ret : conf_parse(conf, path, buf_str(&buf), buf.len, err);
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
