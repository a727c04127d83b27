// SPDX-License-Identifier: GPL-2.0-only
/* A series of patches: a folder as quilt and git format-patch leave it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/build.h"

#define SERIES_MAX 2000

static int add(struct patches *s, const char *name, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", s->dir, name);

	if (*name == '/' || strstr(name, ".."))
		return err_set(err, -EINVAL, "patch %s of the series in %s is not below it", name,
			       s->dir);
	if (!file_exists(path))
		return err_set(err, -ENOENT, "patch %s of the series is not in %s", name, s->dir);
	if (s->nr == SERIES_MAX)
		return err_set(err, -E2BIG, "more than %d patches in %s", SERIES_MAX, s->dir);
	s->name = xrealloc(s->name, s->nr + 1, sizeof(*s->name));
	s->sha256 = xrealloc(s->sha256, s->nr + 1, sizeof(*s->sha256));
	s->name[s->nr] = xstrdup(name);
	return sha256_file(path, s->sha256[s->nr++], err);
}

/* quilt: a name a line, what stands behind a blank says how, a '#' starts a comment. */
static int read_list(struct patches *s, const char *path, struct err *err)
{
	cleanup_buf struct buf text = {0};
	char *rest, *line;
	int ret = file_read(path, &text, err);

	for (rest = text.data; !ret && rest && (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r#")] = '\0';
		if (*line)
			ret = add(s, line, err);
	}
	return ret;
}

static int is_patch(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return (len > 6 && !strcmp(e->d_name + len - 6, ".patch")) ||
	       (len > 5 && !strcmp(e->d_name + len - 5, ".diff"));
}

/* By byte, so that the order is the same in every language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct patches *s, struct err *err)
{
	struct dirent **list;
	int nr = scandir(s->dir, &list, is_patch, by_name);
	int i, ret = 0;

	if (nr < 0)
		return err_sys(err, -errno, "cannot read the folder of patches %s", s->dir);
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = add(s, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

int patches_load(const char *dir, struct patches *out, struct err *err)
{
	cleanup_free char *list = xasprintf("%s/series", dir);
	int ret;

	*out = (struct patches){.dir = xstrdup(dir)};
	ret = file_exists(list) ? read_list(out, list, err) : read_folder(out, err);
	if (!ret && !out->nr)
		ret = err_set(err, -ENOENT, "there is no patch in %s: *.patch, or a file \"series\" "
					    "with their names", dir);
	if (ret)
		patches_release(out);
	return ret;
}

void patches_release(struct patches *series)
{
	size_t i;

	for (i = 0; i < series->nr; i++)
		free(series->name[i]);
	free(series->name);
	free(series->sha256);
	free(series->dir);
	memset(series, 0, sizeof(*series));
}

void patches_hash(const struct patches *series, size_t nr, char hex[SHA256_HEX])
{
	cleanup_buf struct buf list = {0};
	size_t i;

	for (i = 0; i < nr && i < series->nr; i++)
		buf_printf(&list, "%s\n", series->sha256[i]);
	sha256_buf(buf_str(&list), list.len, hex);
}
