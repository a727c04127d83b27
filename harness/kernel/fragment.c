// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/fragment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/path.h"

#define PREFIX   "CONFIG_"
#define OPTIONAL "optional"

struct reader {
	const char *file;
	int line;
	struct fragment *out;
	struct err *err;
};

static int complain(const struct reader *r, const char *what)
{
	return err_set(r->err, -EINVAL, "%s:%d: %s", r->file, r->line, what);
}

static size_t symbol_length(const char *s)
{
	return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* A text has quotes, and a backslash before one that is part of it.  0 when it does not end. */
static size_t value_length(const char *s)
{
	size_t i;

	if (*s != '"')
		return strcspn(s, " \t#");
	for (i = 1; s[i]; i++) {
		if (s[i] == '\\' && s[i + 1])
			i++;
		else if (s[i] == '"')
			return i + 1;
	}
	return 0;
}

static bool value_good(const char *s, size_t len)
{
	if (*s == '"' || (len == 1 && strchr("ymn", *s)))
		return len;
	if (*s == '-')
		return len > 1 && strspn(s + 1, "0123456789") == len - 1;
	if (len > 2 && !strncmp(s, "0x", 2))
		return strspn(s + 2, "0123456789abcdefABCDEF") >= len - 2;
	return len && strspn(s, "0123456789") >= len;
}

/* What may stand behind a value: nothing, or "# optional". */
static int take_rest(struct reader *r, const char *rest, bool *optional)
{
	rest += strspn(rest, " \t");
	if (!*rest)
		return 0;
	if (*rest == '#') {
		rest++;
		rest += strspn(rest, " \t");
		if (!strncmp(rest, OPTIONAL, strlen(OPTIONAL)) &&
		    !rest[strlen(OPTIONAL) + strspn(rest + strlen(OPTIONAL), " \t")]) {
			*optional = true;
			return 0;
		}
	}
	return complain(r, "behind a value only \"# optional\" may stand");
}

static int add_symbol(struct reader *r, const char *name, size_t name_len, const char *value,
		      size_t value_len, bool optional)
{
	struct fragment *f = r->out;
	size_t i;

	if (!name_len || name_len > FRAGMENT_SYMBOL_MAX || value_len > FRAGMENT_VALUE_MAX ||
	    f->nr == FRAGMENT_SYMBOLS_MAX)
		return complain(r, "a name or value is too long or empty, or there are too many");
	for (i = 0; i < f->nr; i++)
		if (strlen(f->symbol[i].name) == name_len &&
		    !memcmp(f->symbol[i].name, name, name_len))
			return err_set(r->err, -EINVAL, "%s:%d: CONFIG_%s stands in line %d already",
				       r->file, r->line, f->symbol[i].name, f->symbol[i].line);
	f->symbol = xrealloc(f->symbol, f->nr + 1, sizeof(*f->symbol));
	f->symbol[f->nr++] = (struct symbol){
		.name = xasprintf("%.*s", (int)name_len, name),
		.value = xasprintf("%.*s", (int)value_len, value),
		.optional = optional,
		.line = r->line,
	};
	return 0;
}

static int take_setting(struct reader *r, const char *s)
{
	const char *name = s + strlen(PREFIX), *value;
	size_t name_len = symbol_length(name), len;
	bool optional = false;
	int ret;

	if (name[name_len] != '=')
		return complain(r, "a symbol is set as in CONFIG_PSI=y");
	value = name + name_len + 1;
	len = value_length(value);
	if (!value_good(value, len))
		return complain(r, "a value is y, m, n, a number or a \"text\"");
	ret = take_rest(r, value + len, &optional);
	return ret ? ret : add_symbol(r, name, name_len, value, len, optional);
}

/* "# CONFIG_X is not set"; "# arch: um"; all other comments are for people. */
static int take_comment(struct reader *r, const char *s)
{
	static const char unset[] = " is not set", arch[] = "arch:";
	bool optional = false;
	size_t len;
	int ret;

	s += strspn(s, "# \t");
	if (!strncmp(s, arch, strlen(arch))) {
		s += strlen(arch);
		s += strspn(s, " \t");
		len = strcspn(s, " \t");
		if ((len != 2 || strncmp(s, "um", 2)) && (len != 6 || strncmp(s, "x86_64", 6)))
			return complain(r, "arch is x86_64 or um");
		free(r->out->arch);
		r->out->arch = xasprintf("%.*s", (int)len, s);
		return 0;
	}
	if (strncmp(s, PREFIX, strlen(PREFIX)))
		return 0;
	s += strlen(PREFIX);
	len = symbol_length(s);
	if (strncmp(s + len, unset, strlen(unset)))
		return 0;
	ret = take_rest(r, s + len + strlen(unset), &optional);
	return ret ? ret : add_symbol(r, s, len, "n", 1, optional);
}

static int take_line(struct reader *r, char *line)
{
	size_t len;

	line += strspn(line, " \t");
	len = strlen(line);
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	if (!len)
		return 0;
	if (*line == '#')
		return take_comment(r, line);
	if (!strncmp(line, PREFIX, strlen(PREFIX)))
		return take_setting(r, line);
	return complain(r, "a line is CONFIG_NAME=VALUE or a comment");
}

int fragment_parse(const char *name, const char *text, size_t len, struct fragment *out,
		   struct err *err)
{
	struct reader r = {.file = name, .out = out, .err = err};
	cleanup_buf struct buf copy = {0};
	char *rest, *line;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	out->name = conf_name(name);
	/* conf_name() knows only its own ending. */
	if (strlen(out->name) > 7 && !strcmp(out->name + strlen(out->name) - 7, ".config"))
		out->name[strlen(out->name) - 7] = '\0';
	sha256_buf(text, len, out->sha256);
	buf_add(&copy, text, len);
	buf_adds(&copy, "");
	if (memchr(text, '\0', len))
		ret = err_set(err, -EINVAL, "%s is no text", name);
	for (rest = copy.data; !ret && rest && (line = strsep(&rest, "\n")); ) {
		r.line++;
		ret = take_line(&r, line);
	}
	if (ret)
		fragment_release(out);
	return ret;
}

int fragment_load(const char *name, struct fragment *out, struct err *err)
{
	cleanup_free char *path = strchr(name, '/') ?
					  xstrdup(name) :
					  xasprintf("%s/kernel-config/%s.config", path_data(), name);
	cleanup_buf struct buf text = {0};
	int ret;

	memset(out, 0, sizeof(*out));
	if (!file_exists(path))
		return err_set(err, -ENOENT,
			       "there is no fragment %s: it is the name of a file in %s/kernel-config "
			       "without \".config\", or a path with a slash",
			       name, path_data());
	ret = file_read(path, &text, err);
	return ret ? ret : fragment_parse(path, buf_str(&text), text.len, out, err);
}

void fragment_release(struct fragment *fragment)
{
	size_t i;

	for (i = 0; i < fragment->nr; i++) {
		free(fragment->symbol[i].name);
		free(fragment->symbol[i].value);
	}
	free(fragment->symbol);
	free(fragment->name);
	free(fragment->arch);
	memset(fragment, 0, sizeof(*fragment));
}

/* Whether a fragment behind this one has the symbol too. */
static bool overridden(const struct fragment *fragment, size_t nr, size_t at, const char *name)
{
	size_t i;

	while (++at < nr)
		for (i = 0; i < fragment[at].nr; i++)
			if (!strcmp(fragment[at].symbol[i].name, name))
				return true;
	return false;
}

void fragments_merge(const struct fragment *fragment, size_t nr, struct buf *out)
{
	size_t f, i;

	for (f = 0; f < nr; f++)
		for (i = 0; i < fragment[f].nr; i++) {
			const struct symbol *s = &fragment[f].symbol[i];

			if (overridden(fragment, nr, f, s->name))
				continue;
			if (!strcmp(s->value, "n"))
				buf_printf(out, "# CONFIG_%s is not set\n", s->name);
			else
				buf_printf(out, "CONFIG_%s=%s\n", s->name, s->value);
		}
}

char *config_value(const char *config, const char *symbol)
{
	cleanup_free char *line = xasprintf(PREFIX "%s=", symbol);
	size_t len = strlen(line);
	const char *at;

	for (at = config; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, len))
			return xasprintf("%.*s", (int)strcspn(at + len, "\n"), at + len);
	}
	return xstrdup("n");
}

void fragments_check(const struct fragment *fragment, size_t nr, const char *config,
		     void (*wrong)(const struct fragment *of, const struct symbol *symbol,
				   const char *got, void *ctx),
		     void *ctx)
{
	size_t f, i;

	for (f = 0; f < nr; f++)
		for (i = 0; i < fragment[f].nr; i++) {
			const struct symbol *s = &fragment[f].symbol[i];
			cleanup_free char *got = config_value(config, s->name);

			if (!s->optional && strcmp(got, s->value) &&
			    !overridden(fragment, nr, f, s->name))
				wrong(&fragment[f], s, got, ctx);
		}
}
