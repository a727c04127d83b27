// SPDX-License-Identifier: GPL-2.0-only
/* What is to become of each thing. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "engine/template.h"
#include "gc/internal.h"
#include "result/store.h"

static char *item_path(const struct gc_item *item, const char *more)
{
	return xasprintf("%s/%s/%s%s", item->root, item->folder, item->name, more);
}

/* A kernel's name says nothing without the kernel. */
static bool names_nothing(const struct gc_item *item)
{
	cleanup_free char *path = item_path(item, "");
	json_t *note = json_load_file(path, 0, NULL);
	const char *id = json_string_value(json_object_get(note, "kernel"));
	cleanup_free char *kernel = xasprintf("%s/kernels/%s", item->root, id ? id : "");
	bool nothing = !id || strchr(id, '/') || !file_exists(kernel);

	json_decref(note);
	return nothing;
}

static enum gc_fate old(const struct gc_opts *o, const struct gc_item *item, uint64_t keep)
{
	/* What was used after now, by a clock that was wrong, is not old. */
	bool is = item->used < o->now && (uint64_t)(o->now - item->used) >= keep;

	return is ? GC_FREE_OLD : GC_KEEP;
}

static enum gc_fate fate_of(const struct gc_opts *o, const struct gc_item *item,
			    const struct needs *needs)
{
	cleanup_free char *path = item_path(item, "");

	switch (item->kind->rule) {
	case GC_LEFT:
		return GC_FREE_LEFT;
	case GC_RUN:
		return store_run_is_dead(item->name) ? GC_FREE_LEFT : GC_KEEP_BUSY;
	case GC_NOTE:
		return names_nothing(item) ? GC_FREE_LEFT : GC_KEEP;
	case GC_LINK:
		return file_exists(path) ? GC_KEEP : old(o, item, o->keep);
	default:
		break;
	}
	if (needs_has(needs, item->kind->name, item->name))
		return GC_KEEP_NEEDED;
	return old(o, item, item->kind->rule == GC_RESULT ? o->results : o->keep);
}

/* ---- what is in use ---- */

static char *lock_path(const struct gc_item *item)
{
	if (item->kind->lock == GC_LOCK_IN_IT)
		return item_path(item, "/lock");
	return xasprintf("%s/%s/lock", item->root, item->folder);
}

int item_lock(const struct gc_item *item)
{
	cleanup_free char *path = lock_path(item);
	int fd;

	if (item->kind->lock != GC_LOCK_IN_IT && item->kind->lock != GC_LOCK_BESIDE)
		return -1;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
		return fd < 0 ? -1 : fd;
	close(fd);
	return -EBUSY;
}

static bool is_busy(const struct gc_item *item, bool cache_busy)
{
	int lock;

	if (item->kind->in_results)
		return false;
	if (item->kind->lock == GC_TEMPLATE)
		return template_busy(item->name);
	lock = item_lock(item);
	if (lock >= 0)
		close(lock);
	return cache_busy || lock == -EBUSY;
}

/* Only looked at: where nobody made the lock nobody holds it. */
static bool cache_is_busy(void)
{
	cleanup_free char *path = xasprintf("%s/lock", path_cache());
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

static void mark_busy(struct gc *gc)
{
	bool cache_busy = cache_is_busy();
	size_t i;

	for (i = 0; i < gc->nr; i++)
		if (gc_goes(gc->item[i].fate) && is_busy(&gc->item[i], cache_busy))
			gc->item[i].fate = GC_KEEP_BUSY;
}

/* ---- room ---- */

static int by_use(const void *a, const void *b)
{
	const struct gc_item *x = *(struct gc_item *const *)a, *y = *(struct gc_item *const *)b;

	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void make_room(struct gc *gc, uint64_t size)
{
	struct gc_item **keep = xcalloc(gc->nr, sizeof(*keep));
	bool cache_busy = cache_is_busy();
	uint64_t sum = 0;
	size_t i, nr = 0;

	for (i = 0; i < gc->nr; i++) {
		struct gc_item *item = &gc->item[i];

		if (item->kind->in_results || gc_goes(item->fate))
			continue;
		sum += item->bytes;
		if (item->fate == GC_KEEP && item->kind->rule == GC_AGED)
			keep[nr++] = item;
	}
	qsort(keep, nr, sizeof(*keep), by_use);
	for (i = 0; i < nr && sum > size; i++) {
		keep[i]->fate = is_busy(keep[i], cache_busy) ? GC_KEEP_BUSY : GC_FREE_ROOM;
		sum -= gc_goes(keep[i]->fate) ? keep[i]->bytes : 0;
	}
	free(keep);
}

/* ---- the folders of results ---- */

struct folders {
	char **path;
	size_t nr;
};

static void add_folder(struct folders *f, const char *path)
{
	char *full = realpath(path, NULL);
	size_t i;

	for (i = 0; full && i < f->nr; i++)
		if (!strcmp(f->path[i], full))
			break;
	if (!full || i < f->nr) {
		free(full);
		return;
	}
	f->path = xrealloc(f->path, f->nr + 2, sizeof(*f->path));
	f->path[f->nr++] = full;
	f->path[f->nr] = NULL;
}

static void folders_release(struct folders *f)
{
	while (f->nr)
		free(f->path[--f->nr]);
	free(f->path);
}

static void add_noted(struct folders *f)
{
	cleanup_free char *dir = xasprintf("%s/results", path_cache());
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		cleanup_free char *path = xasprintf("%s/%s", dir, e->d_name);

		if (*e->d_name != '.')
			add_folder(f, path);
	}
	if (d)
		closedir(d);
}

static int read_needs(const struct gc_opts *opts, struct needs *needs, struct err *err)
{
	struct folders f = {.path = xcalloc(1, sizeof(*f.path))};
	size_t i;
	int ret;

	for (i = 0; opts->folder[i]; i++)
		add_folder(&f, opts->folder[i]);
	add_noted(&f);
	ret = needs_read(needs, f.path, err);
	folders_release(&f);
	return ret;
}

/* ---- all of it ---- */

int gc_list(struct gc *out, struct err *err)
{
	int ret;

	*out = (struct gc){0};
	ret = scan_root(out, path_cache(), false, false, err);
	scan_merge(out);
	if (ret)
		gc_release(out);
	return ret;
}

static int scan_all(const struct gc_opts *opts, struct gc *out, struct err *err)
{
	int ret = scan_root(out, path_cache(), false, false, err);
	size_t i;

	for (i = 0; !ret && opts->folder[i]; i++)
		ret = scan_root(out, opts->folder[i], true, opts->old_results, err);
	scan_merge(out);
	return ret;
}

int gc_plan(const struct gc_opts *opts, struct gc *out, struct err *err)
{
	struct needs needs = {0};
	size_t i;
	int ret;

	*out = (struct gc){0};
	ret = scan_all(opts, out, err);
	if (!ret)
		ret = read_needs(opts, &needs, err);
	for (i = 0; !ret && i < out->nr; i++)
		out->item[i].fate = fate_of(opts, &out->item[i], &needs);
	out->results = needs.results;
	needs_release(&needs);
	if (ret) {
		gc_release(out);
		return ret;
	}
	mark_busy(out);
	make_room(out, opts->size);
	return 0;
}
