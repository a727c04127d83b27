// SPDX-License-Identifier: GPL-2.0-only
/* The ladder of prebuilt kernels: load it, find a rung. */
#include "kernel/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void mark_fetched(struct ladder *ladder, const struct kernel *kernel, size_t nr)
{
	size_t i;
	size_t k;

	for (i = 0; i < ladder->nr; i++)
		for (k = 0; k < nr; k++)
			if (!strcmp(ladder->rung[i].package, kernel[k].package))
				ladder->rung[i].fetched = true;
}

int ladder_load(struct ladder *ladder, bool refresh, struct err *err)
{
	cleanup_buf struct buf text = {0};
	struct kernel *kernel;
	size_t nr;
	int ret;

	memset(ladder, 0, sizeof(*ladder));
	ret = apt_index(refresh, &text, err);
	if (!ret)
		ret = kernel_cached(&kernel, &nr, err);
	if (ret)
		return ret;
	index_parse(buf_str(&text), text.len, ladder);
	mark_fetched(ladder, kernel, nr);
	kernels_release(kernel, nr);
	return 0;
}

void ladder_release(struct ladder *ladder)
{
	size_t i;
	size_t n;

	for (i = 0; i < ladder->nr; i++) {
		struct rung *rung = &ladder->rung[i];

		for (n = 0; rung->name[n]; n++)
			free(rung->name[n]);
		free(rung->name);
		free(rung->version);
		free(rung->package);
		free(rung->suite);
	}
	free(ladder->rung);
	memset(ladder, 0, sizeof(*ladder));
}

static bool is_package(const struct rung *rung, const char *name)
{
	return !strcmp(rung->package, name);
}

static bool is_version(const struct rung *rung, const char *name)
{
	return !strcmp(rung->version, name);
}

static bool is_branch(const struct rung *rung, const char *name)
{
	size_t n = strlen(name);

	return n && !strncmp(rung->version, name, n) &&
	       (rung->version[n] == '.' || rung->version[n] == '~');
}

static bool is_released(const struct rung *rung, const char *name)
{
	return !strcmp(name, "newest") && !strchr(rung->version, '~');
}

/* Adds " and 6.12.94, 6.12.107": the rungs around where the name would be. */
static void add_nearest(const struct ladder *ladder, const char *name, struct buf *out)
{
	size_t i = 0;

	while (i < ladder->nr && kernel_version_cmp(ladder->rung[i].version, name) < 0)
		i++;
	if (i)
		buf_adds(out, ladder->rung[i - 1].version);
	if (i && i < ladder->nr)
		buf_adds(out, " and ");
	if (i < ladder->nr)
		buf_adds(out, ladder->rung[i].version);
}

static int not_found(const struct ladder *ladder, const char *name, struct err *err)
{
	cleanup_buf struct buf nearest = {0};

	if (!ladder->nr)
		return err_set(err, -ENOENT, "the package indexes hold no kernels at all");
	add_nearest(ladder, name, &nearest);
	return err_set(err, -ENOENT, "there is no kernel \"%s\" to be had; the nearest: %s", name,
		       buf_str(&nearest));
}

int ladder_find(const struct ladder *ladder, const char *name, const struct rung **out,
		struct err *err)
{
	static bool (*const match[])(const struct rung *, const char *) = {is_package, is_version,
									   is_branch, is_released};
	size_t m;
	size_t i;

	for (m = 0; m < ARRAY_SIZE(match); m++) {
		for (i = ladder->nr; i--;) {
			if (!match[m](&ladder->rung[i], name))
				continue;
			*out = &ladder->rung[i];
			return 0;
		}
	}
	return not_found(ladder, name, err);
}
