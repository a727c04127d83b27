// SPDX-License-Identifier: GPL-2.0-only
/* From a name to a kernel in the cache. */
#include "kernel/build.h"
#include "kernel/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_fetch(const struct rung *rung, void (*say)(const char *line))
{
	cleanup_free char *line = xasprintf("downloading kernel %s from %s (%llu MB)",
					    rung->package, rung->suite,
					    (unsigned long long)(rung->size + 500000) / 1000000);

	if (say)
		say(line);
}

static int add_package(struct draft *draft, const char *file, const char *path, struct err *err)
{
	char hex[SHA256_HEX];
	int ret = sha256_file(path, hex, err);
	json_t *package;

	if (ret)
		return ret;
	package = json_pack("{ss ss}", "file", file, "sha256", hex);
	if (!package || json_array_append_new(draft->packages, package))
		return err_set(err, -EINVAL, "the name of package %s is not text", path);
	return 0;
}

/* Packages are removed as soon as they are unpacked: together they need much room. */
static int take_package(struct draft *draft, const char *file, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", draft->dir, file);
	int ret = add_package(draft, file, path, err);

	if (!ret)
		ret = deb_unpack(path, draft->kernel, err);
	unlink(path);
	return ret;
}

static int is_deb(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".deb");
}

static int take_packages(struct draft *draft, struct err *err)
{
	struct dirent **list;
	int nr = scandir(draft->dir, &list, is_deb, alphasort);
	int ret = 0;
	int i;

	if (nr < 0)
		return err_sys(err, -errno, "cannot read %s", draft->dir);
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = take_package(draft, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

int kernel_fetch(const struct rung *rung, void (*say)(const char *line), struct kernel *out,
		 struct err *err)
{
	cleanup_draft struct draft draft = {.lock = -1};
	int ret;

	if (!cached_find(rung->package, true, out, NULL))
		return 0;
	say_fetch(rung, say);
	ret = draft_open(&draft, err);
	if (ret)
		return ret;
	draft.version = rung->version;
	draft.package = rung->package;
	draft.packaging = rung->packaging;
	draft.suite = rung->suite;
	ret = apt_download(rung, draft.dir, err);
	if (!ret)
		ret = take_packages(&draft, err);
	return ret ? ret : draft_commit(&draft, out, err);
}

/* PATH or PATH:MODULES; a colon may also be part of PATH. */
static int resolve_path(const char *name, struct kernel *out, struct err *err)
{
	cleanup_free char *path = xstrdup(name);
	char *colon = file_exists(name) ? NULL : strrchr(path, ':');

	if (colon)
		*colon = '\0';
	return kernel_import(path, colon ? colon + 1 : NULL, out, err);
}

static int resolve_rung(const char *name, void (*say)(const char *line), struct kernel *out,
			struct err *err)
{
	const struct rung *rung;
	struct ladder ladder;
	int ret = ladder_load(&ladder, false, err);

	if (ret)
		return ret;
	ret = ladder_find(&ladder, name, &rung, err);
	if (!ret)
		ret = kernel_fetch(rung, say, out, err);
	ladder_release(&ladder);
	return ret;
}

int kernel_resolve(const char *name, void (*say)(const char *line), struct kernel *out,
		   struct err *err)
{
	if (strchr(name, '/'))
		return resolve_path(name, out, err);
	if (!built_find(name, out, NULL))
		return 0;
	if (!cached_find(name, true, out, NULL) || !cached_find(name, false, out, NULL))
		return 0;
	return resolve_rung(name, say, out, err);
}
