// SPDX-License-Identifier: GPL-2.0-only
/* Parameters: [param] NAME = DEFAULT, and ${NAME} wherever it is used. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"

static const char *value_of(const struct conf_section *params, size_t nr, const char *name,
			    size_t len)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (strlen(params->entry[i].key) == len && !memcmp(params->entry[i].key, name, len))
			return params->entry[i].value;
	return NULL;
}

/* Replaces what is in *text; parameters from nr on are not known yet. */
static int expand(struct conf *conf, const struct conf_section *params, size_t nr, char **text,
		  int line, struct err *err)
{
	cleanup_buf struct buf out = {0};
	const char *rest = *text, *at;

	while ((at = strstr(rest, "${"))) {
		const char *end = strchr(at, '}'), *value = NULL;
		int len = end ? (int)(end - at - 2) : 0;

		if (end)
			value = value_of(params, nr, at + 2, (size_t)len);
		if (!value)
			return conf_complain(conf, line, err, "there is no parameter ${%.*s}%s",
					     len, at + 2, params ? " yet" : "");
		buf_add(&out, rest, (size_t)(at - rest));
		buf_adds(&out, value);
		if (out.len > CONF_LINE_MAX)
			return conf_complain(conf, line, err, "a value longer than %d bytes",
					     CONF_LINE_MAX);
		rest = end + 1;
	}
	if (rest == *text)
		return 0;
	buf_adds(&out, rest);
	free(*text);
	*text = xstrdup(buf_str(&out));
	return 0;
}

/* Two sections whose names differ by a parameter only can become one. */
static int check_twice(struct conf *conf, size_t nr, struct err *err)
{
	const struct conf_section *sec = &conf->section[nr];
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(conf->section[i].name, sec->name) &&
		    !strcmp(conf->section[i].arg, sec->arg))
			return conf_complain(conf, sec->line, err, "section [%s %s] is there twice",
					     sec->name, sec->arg);
	return 0;
}

static int expand_section(struct conf *conf, struct conf_section *params, size_t nr,
			  struct err *err)
{
	struct conf_section *sec = &conf->section[nr];
	size_t known = params ? params->nr_entries : 0, i;
	int ret = expand(conf, params, known, &sec->arg, sec->line, err);

	if (!ret)
		ret = check_twice(conf, nr, err);
	for (i = 0; !ret && i < sec->nr_entries; i++)
		ret = expand(conf, params, sec == params ? i : known, &sec->entry[i].value,
			     sec->entry[i].line, err);
	return ret;
}

int conf_expand(struct conf *conf, struct err *err)
{
	struct conf_section *params = conf_section(conf, "param", "");
	size_t i;
	int ret = 0;

	for (i = 0; params && i < params->nr_entries; i++)
		params->entry[i].used = true;
	if (params)
		ret = expand_section(conf, params, (size_t)(params - conf->section), err);
	for (i = 0; !ret && i < conf->nr_sections; i++)
		if (&conf->section[i] != params)
			ret = expand_section(conf, params, i, err);
	return ret;
}
