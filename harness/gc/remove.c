// SPDX-License-Identifier: GPL-2.0-only
/* Taking things away: renamed first, all at once gone, and removed when nobody waits for it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/template.h"
#include "gc/internal.h"

/* Of one root; the lock on it keeps others like us away. */
struct trash {
	char *path;
	int fd;
	unsigned int nr;
};

static void trash_close(struct trash *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
}
#define cleanup_trash __attribute__((cleanup(trash_close)))

static int trash_open(const char *root, struct trash *t, struct err *err)
{
	*t = (struct trash){.path = xasprintf("%s/" GC_TRASH, root), .fd = -1};
	if (mkdir(t->path, 0700) && errno != EEXIST)
		return err_sys(err, -errno, "cannot make folder %s", t->path);
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->fd < 0)
		return err_sys(err, -errno, "cannot open %s", t->path);
	if (!flock(t->fd, LOCK_EX | LOCK_NB))
		return 0;
	return err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
		       "another process removes things from %s now", root);
}

static int trash_empty(const struct trash *t, struct err *err)
{
	DIR *dir = opendir(t->path);
	struct dirent *e;
	int ret = dir ? 0 : err_sys(err, -errno, "cannot read %s", t->path);

	while (!ret && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", t->path, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			ret = dir_remove(path, err);
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* Names of former processes may be there still. */
static int throw_away(int fd, const char *name, void *ctx)
{
	struct trash *t = ctx;
	char to[16];

	do {
		snprintf(to, sizeof(to), "%u", t->nr++);
		if (!renameat2(fd, name, t->fd, to, RENAME_NOREPLACE))
			return 0;
	} while (errno == EEXIST);
	return -errno;
}

/* Nobody can have begun to use it since it was looked at, unless it shows. */
static int take_away(struct gc_item *item, struct trash *t, struct err *err)
{
	cleanup_fd int lock = item_lock(item);
	cleanup_fd int fd = scan_open(item);
	struct stat st;
	int ret;

	if (lock == -EBUSY || scan_used(item) > item->used) {
		item->fate = GC_KEEP_BUSY;
		return 0;
	}
	ret = fd < 0 ? fd : fstat(fd, &st) ? -errno : scan_entries(item, fd, throw_away, t);
	/* That something goes from a tree is no use of the tree. */
	if (!ret)
		futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim});
	if (!ret || ret == -ENOENT)
		return 0;
	return err_sys(err, ret, "cannot take away %s/%s/%s", item->root, item->folder, item->name);
}

static bool is_in_trash(const struct gc_item *item)
{
	return !strcmp(item->folder, GC_TRASH);
}

static int take_root(struct gc *gc, const char *root, struct trash *t, bool alone, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < gc->nr; i++) {
		struct gc_item *item = &gc->item[i];

		if (!gc_goes(item->fate) || strcmp(item->root, root) || is_in_trash(item) ||
		    item->kind->lock == GC_TEMPLATE)
			continue;
		if (alone)
			ret = take_away(item, t, err);
		else
			item->fate = GC_KEEP_BUSY;
	}
	return ret;
}

static int do_results(struct gc *gc, const char *root, struct err *err)
{
	cleanup_trash struct trash t;
	int ret = trash_open(root, &t, err);

	if (!ret)
		ret = take_root(gc, root, &t, true, err);
	return ret ? ret : trash_empty(&t, err);
}

static void do_templates(struct gc *gc)
{
	size_t i;

	for (i = 0; i < gc->nr; i++) {
		struct gc_item *item = &gc->item[i];

		if (item->kind->lock == GC_TEMPLATE && gc_goes(item->fate) &&
		    (scan_used(item) > item->used || !template_remove(item->name)))
			item->fate = GC_KEEP_BUSY;
	}
}

/* The cache is held no longer than renaming takes. */
static int do_cache(struct gc *gc, struct err *err)
{
	cleanup_trash struct trash t;
	int ret = trash_open(path_cache(), &t, err), alone;

	if (ret)
		return ret;
	do_templates(gc);
	alone = cache_alone(err);
	if (alone < 0 && alone != -EBUSY)
		return alone;
	ret = take_root(gc, path_cache(), &t, alone >= 0, err);
	if (alone >= 0)
		close(alone);
	return ret ? ret : trash_empty(&t, err);
}

static bool goes_of(const struct gc *gc, const char *root)
{
	size_t i;

	for (i = 0; i < gc->nr; i++)
		if (gc_goes(gc->item[i].fate) && !strcmp(gc->item[i].root, root))
			return true;
	return false;
}

int gc_do(struct gc *gc, struct err *err)
{
	const char *root = path_cache();
	int ret = goes_of(gc, root) ? do_cache(gc, err) : 0;
	size_t i;

	/* Those of one folder follow each other within a kind; again is nothing to do. */
	for (i = 0; !ret && i < gc->nr; i++) {
		if (!strcmp(gc->item[i].root, root) || !gc_goes(gc->item[i].fate))
			continue;
		root = gc->item[i].root;
		if (strcmp(root, path_cache()))
			ret = do_results(gc, root, err);
	}
	return ret;
}
