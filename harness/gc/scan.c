// SPDX-License-Identifier: GPL-2.0-only
/* What is there: names, sizes, last uses. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gc/internal.h"

static bool has_prefix(const char *name, const char *prefix)
{
	return prefix && !strncmp(name, prefix, strlen(prefix));
}

static bool is_of(const struct gc_kind *kind, const char *name)
{
	const char *rest = name + (has_prefix(name, kind->prefix) ? strlen(kind->prefix) : 0);
	size_t digits = strspn(rest, "0123456789abcdef");

	if (!strcmp(name, ".") || !strcmp(name, "..") || (kind->prefix && rest == name))
		return false;
	if (kind->digits && digits != kind->digits)
		return false;
	rest += kind->digits;
	return kind->whole || (!kind->digits && !kind->prefix) || !*rest || *rest == '.';
}

/* How much of an entry's name is the name of what it is part of. */
static size_t own_name(const struct gc_kind *kind, const char *name)
{
	return kind->whole ? strlen(name) : strcspn(name, ".");
}

/* Bytes on disk and the last change, of itself and of what is directly in it. */
static void measure(const char *path, const char *without, bool bytes, struct gc_item *item)
{
	char *const roots[] = {(char *)path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		const struct stat *st = e->fts_statp;

		if (e->fts_info == FTS_DP || e->fts_info == FTS_NS || e->fts_info == FTS_DNR)
			continue;
		if (e->fts_level <= 1 && st->st_mtime > item->used)
			item->used = st->st_mtime;
		if (e->fts_level == 1 && (!bytes || has_prefix(e->fts_name, without)))
			fts_set(fts, e, FTS_SKIP);
		else if (bytes)
			item->bytes += (uint64_t)st->st_blocks * 512;
	}
	if (fts)
		fts_close(fts);
}

static int open_folder(const char *root, const char *folder)
{
	cleanup_free char *path = xasprintf("%s/%s", root, folder);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int scan_open(const struct gc_item *item)
{
	return open_folder(item->root, item->folder);
}

static int each_entry(int fd, int (*take)(int fd, const char *name, void *ctx), void *ctx)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int ret = 0;

	if (!dir)
		return -errno;
	while (!ret && (e = readdir(dir)))
		ret = take(fd, e->d_name, ctx);
	closedir(dir);
	return ret;
}

/* ---- the entries of one item ---- */

struct of_item {
	const struct gc_item *item;
	int (*take)(int fd, const char *name, void *ctx);
	void *ctx;
};

static int take_own(int fd, const char *name, void *ctx)
{
	const struct of_item *o = ctx;
	size_t len = own_name(o->item->kind, name);

	if (!is_of(o->item->kind, name) || strlen(o->item->name) != len ||
	    strncmp(name, o->item->name, len))
		return 0;
	return o->take(fd, name, o->ctx);
}

int scan_entries(const struct gc_item *item, int fd,
		 int (*take)(int fd, const char *name, void *ctx), void *ctx)
{
	struct of_item o = {item, take, ctx};

	return each_entry(fd, take_own, &o);
}

static int take_used(int fd, const char *name, void *ctx)
{
	struct gc_item *item = ctx;
	cleanup_free char *path = xasprintf("%s/%s/%s", item->root, item->folder, name);

	(void)fd;
	measure(path, item->kind->without, false, item);
	return 0;
}

int64_t scan_used(const struct gc_item *item)
{
	struct gc_item now = *item;
	cleanup_fd int fd = scan_open(item);

	now.used = 0;
	if (fd >= 0)
		scan_entries(item, fd, take_used, &now);
	return now.used;
}

/* ---- all of them ---- */

struct scan {
	struct gc *gc;
	const struct gc_kind *kind;
	const char *root, *folder;
};

static int take_entry(int fd, const char *name, void *ctx)
{
	const struct scan *s = ctx;
	cleanup_free char *path = xasprintf("%s/%s/%s", s->root, s->folder, name);
	struct gc_item *item;

	(void)fd;
	if (!is_of(s->kind, name))
		return 0;
	/* Grows by doubling: sizes are powers of two. */
	if (!(s->gc->nr & (s->gc->nr - 1)))
		s->gc->item = xrealloc(s->gc->item, s->gc->nr ? 2 * s->gc->nr : 1, sizeof(*item));
	item = &s->gc->item[s->gc->nr++];
	*item = (struct gc_item){.kind = s->kind, .root = xstrdup(s->root),
				 .folder = xstrdup(s->folder),
				 .name = xasprintf("%.*s", (int)own_name(s->kind, name), name)};
	measure(path, s->kind->without, true, item);
	return 0;
}

/* Somebody may have put the folder elsewhere for its size: what is there is theirs to remove. */
static bool note_link(struct gc *gc, const char *root, const char *folder)
{
	cleanup_free char *path = xasprintf("%s/%s", root, folder);
	struct stat st;
	size_t i;

	if (lstat(path, &st) || !S_ISLNK(st.st_mode))
		return false;
	for (i = 0; i < gc->nr_links; i++)
		if (!strcmp(gc->link[i], path))
			return true;
	gc->link = xrealloc(gc->link, gc->nr_links + 2, sizeof(*gc->link));
	gc->link[gc->nr_links++] = xstrdup(path);
	gc->link[gc->nr_links] = NULL;
	return true;
}

static int scan_folder(struct scan *s, struct err *err)
{
	cleanup_fd int fd = open_folder(s->root, s->folder);
	int ret = fd < 0 ? fd : each_entry(fd, take_entry, s);

	if (!ret || ret == -ENOENT || note_link(s->gc, s->root, s->folder))
		return 0;
	return err_sys(err, ret, "cannot read %s/%s", s->root, s->folder);
}

struct below {
	struct scan *scan;
	const char *parent, *rest; /* before and after the name that may be any */
	struct err *err;
};

static int take_folder(int fd, const char *name, void *ctx)
{
	struct below *b = ctx;
	cleanup_free char *folder = xasprintf("%s/%s%s", b->parent, name, b->rest);
	struct stat st;

	if (*name == '.' || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
		return 0;
	b->scan->folder = folder;
	return scan_folder(b->scan, b->err);
}

static int scan_kind(struct scan *s, struct err *err)
{
	cleanup_free char *parent = xstrdup(s->kind->folder);
	char *star = strstr(parent, "/*");
	cleanup_fd int fd = -1;
	struct below below = {s, parent, star ? star + 2 : "", err};

	s->folder = s->kind->folder;
	if (!star)
		return scan_folder(s, err);
	*star = '\0';
	/* That it is a link is told where the folder itself is scanned. */
	fd = open_folder(s->root, parent);
	return fd < 0 ? 0 : each_entry(fd, take_folder, &below);
}

static int by_name(const void *a, const void *b)
{
	const struct gc_item *x = a, *y = b;
	int ret = x->kind < y->kind ? -1 : x->kind > y->kind;

	if (!ret)
		ret = strcmp(x->root, y->root);
	if (!ret)
		ret = strcmp(x->folder, y->folder);
	return ret ? ret : strcmp(x->name, y->name);
}

static void item_release(struct gc_item *item)
{
	free(item->root);
	free(item->folder);
	free(item->name);
}

/* The entries of one thing become one. */
void scan_merge(struct gc *gc)
{
	size_t i, n = 0;

	if (gc->nr)
		qsort(gc->item, gc->nr, sizeof(*gc->item), by_name);
	for (i = 0; i < gc->nr; i++) {
		struct gc_item *last = n ? &gc->item[n - 1] : NULL;

		if (!last || by_name(last, &gc->item[i])) {
			gc->item[n++] = gc->item[i];
			continue;
		}
		last->bytes += gc->item[i].bytes;
		if (gc->item[i].used > last->used)
			last->used = gc->item[i].used;
		item_release(&gc->item[i]);
	}
	gc->nr = n;
}

int scan_root(struct gc *gc, const char *root, bool in_results, bool old_results, struct err *err)
{
	const struct gc_kind *kind;
	int ret = 0;

	for (kind = gc_kinds; !ret && kind->name; kind++) {
		struct scan s = {.gc = gc, .kind = kind, .root = root};

		if (kind->in_results == in_results && (kind->rule != GC_RESULT || old_results))
			ret = scan_kind(&s, err);
	}
	return ret;
}

void gc_release(struct gc *gc)
{
	while (gc->nr)
		item_release(&gc->item[--gc->nr]);
	while (gc->nr_links)
		free(gc->link[--gc->nr_links]);
	free(gc->item);
	free(gc->link);
	*gc = (struct gc){0};
}
