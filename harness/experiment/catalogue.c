// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"

/* So many values may be set of one scenario. */
#define SETS_MAX 16

void names_add(struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(names->name[i], name))
			return;
	names->name = xrealloc(names->name, names->nr + 2, sizeof(*names->name));
	names->name[names->nr++] = xstrdup(name);
	names->name[names->nr] = NULL;
}

void names_release(struct names *names)
{
	while (names->nr)
		free(names->name[--names->nr]);
	free(names->name);
	names->name = NULL;
}

/* The next colon with KEY= behind it: others are part of a path or of a value. */
static char *next_set(char *s)
{
	for (s = strchr(s, ':'); s; s = strchr(s + 1, ':')) {
		size_t key = strcspn(s + 1, ":=/ ");

		if (key && s[1 + key] == '=')
			return s;
	}
	return NULL;
}

/* "NAME:KEY=VALUE:KEY=VALUE" without what is set, which is put into a list. */
static int split(char *word, char **set, struct err *err)
{
	char *at = next_set(word);
	size_t n = 0;

	for (; at; at = next_set(at)) {
		*at++ = '\0';
		if (n == SETS_MAX)
			return err_set(err, -E2BIG, "more than %d values are set of %s", SETS_MAX,
				       word);
		set[n++] = at;
	}
	set[n] = NULL;
	return 0;
}

/* A name with a slash is a path already. */
static int find(const char *name, char **path, struct err *err)
{
	*path = strchr(name, '/') ? xstrdup(name) :
				    xasprintf("%s/scenarios/%s.conf", path_data(), name);
	if (file_exists(*path))
		return 0;
	if (strchr(name, '/'))
		return err_set(err, -ENOENT, "there is no scenario file %s", name);
	return err_set(err, -ENOENT,
		       "there is no scenario '%s' ('wringer scenario list' lists them)", name);
}

int catalogue_load(const char *word, struct scenario *s, struct err *err)
{
	cleanup_free char *name = xstrdup(word), *path = NULL;
	char *set[SETS_MAX + 1];
	int ret = split(name, set, err);

	if (!ret)
		ret = find(name, &path, err);
	return ret ? ret : scenario_load(s, path, set, err);
}

static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && !strcmp(e->d_name + len - 5, ".conf");
}

static int add_if(const char *file, const char *group, struct names *out, struct err *err)
{
	cleanup_free char *name = conf_name(file);
	struct scenario s;
	int ret = catalogue_load(name, &s, err);

	if (ret)
		return ret;
	if (!group || !strcmp(scenario_groups[s.group], group))
		names_add(out, name);
	scenario_release(&s);
	return 0;
}

static int add_group(const char *group, struct names *out, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/scenarios", path_data());
	size_t before = out->nr;
	struct dirent **e;
	int i, n = scandir(dir, &e, is_conf, alphasort), ret = 0;

	if (n < 0)
		return err_set(err, -errno, "cannot read %s: %s", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		if (!ret)
			ret = add_if(e[i]->d_name, group, out, err);
		free(e[i]);
	}
	free(e);
	if (!ret && out->nr == before)
		ret = err_set(err, -ENOENT, "there is no scenario of a group '%s'", group);
	return ret;
}

int catalogue_expand(char *const *words, struct names *out, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && words && words[i]; i++) {
		if (!strcmp(words[i], "all"))
			ret = add_group(NULL, out, err);
		else if (words[i][0] == '@')
			ret = add_group(words[i] + 1, out, err);
		else
			names_add(out, words[i]);
	}
	return ret;
}
