// SPDX-License-Identifier: GPL-2.0-only
/* What stored results need of the cache to be run again, and which results are to stay. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "gc/internal.h"

#define ID_DIGITS (SHA256_HEX - 1)

/* Takes over a heap string. */
static void add(struct needs *n, char *name)
{
	if (n->nr == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 64;
		n->name = xrealloc(n->name, n->cap, sizeof(*n->name));
	}
	n->name[n->nr++] = name;
}

static void add_spec(struct needs *n, const char *path)
{
	json_t *spec = json_load_file(path, 0, NULL);
	const struct gc_kind *kind;

	for (kind = gc_kinds; kind->name; kind++) {
		const char *id = kind->section ? json_string_value(json_object_get(
			json_object_get(spec, kind->section), kind->key)) : NULL;

		if (id)
			add(n, xasprintf("%s/%s", kind->name, id));
	}
	n->results += json_is_object(spec);
	json_decref(spec);
}

static int cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once: thousands of results need the same few. */
static void sort(struct needs *n)
{
	size_t i, k = 0;

	if (n->nr)
		qsort(n->name, n->nr, sizeof(*n->name), cmp);
	for (i = 0; i < n->nr; i++) {
		if (k && !strcmp(n->name[k - 1], n->name[i]))
			free(n->name[i]);
		else
			n->name[k++] = n->name[i];
	}
	n->nr = k;
}

static int each_name(const char *folder, void (*take)(struct needs *n, const char *folder,
						      const char *name), struct needs *n,
		     struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot read %s", folder);
	while ((e = readdir(dir)))
		take(n, folder, e->d_name);
	closedir(dir);
	return 0;
}

static void take_result(struct needs *n, const char *folder, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s/spec.json", folder, name);

	if (strlen(name) == ID_DIGITS && strspn(name, "0123456789abcdef") == ID_DIGITS)
		add_spec(n, path);
	if (n->nr == n->cap)
		sort(n);
}

/* Whatever words of that length a list has. */
static void take_list(struct needs *n, const char *folder, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);
	cleanup_buf struct buf text = {0};
	const char *at;
	size_t len;

	if (*name == '.' || file_read(path, &text, NULL))
		return;
	for (at = buf_str(&text); *at; at += len) {
		len = strspn(at, "0123456789abcdef");
		if (len == ID_DIGITS)
			add(n, xasprintf("results/%.*s", ID_DIGITS, at));
		len += !len;
	}
}

int needs_read(struct needs *needs, char *const folders[], struct err *err)
{
	int ret = 0;

	*needs = (struct needs){0};
	for (; !ret && *folders; folders++) {
		cleanup_free char *lists = xasprintf("%s/.kept", *folders);

		ret = each_name(*folders, take_result, needs, err);
		if (!ret)
			ret = each_name(lists, take_list, needs, err);
	}
	sort(needs);
	return ret;
}

bool needs_has(const struct needs *needs, const char *kind, const char *name)
{
	cleanup_free char *key = xasprintf("%s/%s", kind, name);

	return needs->nr && bsearch(&key, needs->name, needs->nr, sizeof(*needs->name), cmp);
}

void needs_release(struct needs *needs)
{
	while (needs->nr)
		free(needs->name[--needs->nr]);
	free(needs->name);
	*needs = (struct needs){0};
}
