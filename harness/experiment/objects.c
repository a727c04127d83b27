// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/path.h"
#include "engine/engine.h"

static char *path_of(const char *id)
{
	return xasprintf("%s/objects/%s", path_cache(), id);
}

static bool is_there(const char *path, const char *id)
{
	char have[SHA256_HEX];

	cache_hold();
	cache_used(path);
	return file_exists(path) && !sha256_file(path, have, NULL) && !strcmp(have, id);
}

static int by_name(const void *a, const void *b)
{
	const struct policy_object *const *x = a, *const *y = b;

	return strcmp((*x)->object, (*y)->object);
}

/* An object that several sections name is there once. */
static void pack(const struct policy *policy, struct buf *out)
{
	cleanup_free const struct policy_object **sorted =
		xcalloc(policy->nr_objects, sizeof(*sorted));
	size_t i;

	for (i = 0; i < policy->nr_objects; i++)
		sorted[i] = &policy->object[i];
	qsort(sorted, policy->nr_objects, sizeof(*sorted), by_name);
	for (i = 0; i < policy->nr_objects; i++) {
		if (i && !strcmp(sorted[i]->object, sorted[i - 1]->object))
			continue;
		buf_printf(out, "%s %zu\n", sorted[i]->object, sorted[i]->data.len);
		buf_add(out, sorted[i]->data.data, sorted[i]->data.len);
	}
}

int objects_keep(const struct policy *policy, char id[SHA256_HEX], char **path, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/objects", path_cache());
	cleanup_buf struct buf all = {0};
	int ret;

	*path = NULL;
	if (!policy->nr_objects)
		return 0;
	pack(policy, &all);
	if (all.len > OBJECTS_MAX)
		return err_set(err, -E2BIG, "policy %s: its BPF objects have %zu KiB, %u are possible",
			       policy->name, all.len >> 10, OBJECTS_MAX >> 10);
	sha256_buf(all.data, all.len, id);
	*path = path_of(id);
	if (is_there(*path, id))
		return 0;
	ret = dir_make(dir, err);
	return ret ? ret : file_write(*path, all.data, all.len, err);
}

int objects_open(const char *id, char **path, struct err *err)
{
	*path = NULL;
	/* The id becomes part of a path. */
	if (strlen(id) != SHA256_HEX - 1 || id[strspn(id, "0123456789abcdef")])
		return err_set(err, -EBADMSG, "'%.80s' is no id of BPF objects", id);
	*path = path_of(id);
	if (is_there(*path, id))
		return 0;
	return err_set(err, -ENOENT, "the BPF objects of that result are no longer in the cache");
}

int objects_put(const char *path, const char *dir, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/" RUN_OBJECTS, dir);

	return path ? file_link(path, to, err) : file_write(to, "", 0, err);
}
