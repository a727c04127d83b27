// SPDX-License-Identifier: GPL-2.0-only
#include "layer/internal.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "kernel/apt.h"

#define LINKS_MAX 16

int tree_add(struct tree *tree, const char *path, const char *link, struct buf *data,
	     unsigned int mode, struct err *err)
{
	struct tree_file *f;

	tree->bytes += data ? data->len : 0;
	if (tree->nr == LAYER_FILES_MAX || tree->bytes > LAYER_BYTES_MAX)
		return err_set(err, -EFBIG, "the layer's packages hold over %llu MiB or %u files",
			       LAYER_BYTES_MAX >> 20, LAYER_FILES_MAX);
	/* Grows by doubling: sizes are powers of two. */
	if (!(tree->nr & (tree->nr - 1)))
		tree->file = xrealloc(tree->file, tree->nr ? 2 * tree->nr : 1, sizeof(*f));
	f = &tree->file[tree->nr++];
	*f = (struct tree_file){.path = xstrdup(path), .link = link ? xstrdup(link) : NULL,
				.mode = mode};
	if (data) {
		f->data = *data;
		*data = (struct buf){0};
	}
	tree->sorted = false;
	return 0;
}

static int read_member(struct archive *tar, struct buf *out, struct err *err)
{
	char chunk[65536];
	la_ssize_t n;

	while ((n = archive_read_data(tar, chunk, sizeof(chunk))) > 0) {
		if (out->len + (size_t)n > LAYER_BYTES_MAX)
			return err_set(err, -EFBIG, "a package of the layer holds too large a file");
		buf_add(out, chunk, (size_t)n);
	}
	return n ? err_set(err, -EBADMSG, "a package of the layer is damaged: %s",
			   archive_error_string(tar)) :
		   0;
}

static int take_member(struct archive *tar, struct archive_entry *entry, void *ctx, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	const char *hard = archive_entry_hardlink(entry);
	cleanup_free char *link = NULL;
	cleanup_buf struct buf data = {0};
	unsigned int type = archive_entry_filetype(entry);
	int ret = 0;

	path += !strncmp(path, "./", 2) ? 2 : 0;
	if (hard)
		link = xasprintf("/%s", hard + (!strncmp(hard, "./", 2) ? 2 : 0));
	else if (type == AE_IFLNK && archive_entry_symlink(entry))
		link = xstrdup(archive_entry_symlink(entry));
	else if (type != AE_IFREG)
		return 0;
	if (!link)
		ret = read_member(tar, &data, err);
	return ret ? ret : tree_add(ctx, path, link, &data, archive_entry_perm(entry), err);
}

int tree_add_deb(struct tree *tree, const char *deb, struct err *err)
{
	return deb_walk(deb, take_member, tree, err);
}

static int add_entry(struct tree *tree, const FTSENT *e, const char *path, struct err *err)
{
	cleanup_buf struct buf data = {0};
	char link[PATH_MAX];
	ssize_t n;
	int ret;

	if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE) {
		n = readlink(e->fts_accpath, link, sizeof(link) - 1);
		if (n < 0)
			return err_sys(err, -errno, "cannot read %s", e->fts_path);
		link[n] = '\0';
		return tree_add(tree, path, link, NULL, 0777, err);
	}
	if (e->fts_info != FTS_F)
		return 0;
	ret = file_read(e->fts_accpath, &data, err);
	return ret ? ret : tree_add(tree, path, NULL, &data, e->fts_statp->st_mode & 0777, err);
}

int tree_add_dir(struct tree *tree, const char *dir, struct err *err)
{
	char *const roots[] = {(char *)dir, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int ret = 0;
	FTSENT *e;

	if (!fts)
		return err_sys(err, -errno, "cannot read %s", dir);
	while (!ret && (e = fts_read(fts)))
		if (strlen(e->fts_path) > strlen(dir) + 1)
			ret = add_entry(tree, e, e->fts_path + strlen(dir) + 1, err);
	fts_close(fts);
	return ret;
}

void tree_release(struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->nr; i++) {
		free(tree->file[i].path);
		free(tree->file[i].link);
		buf_release(&tree->file[i].data);
	}
	free(tree->file);
	*tree = (struct tree){0};
}

static int by_path(const void *a, const void *b)
{
	const struct tree_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static const struct tree_file *find_exact(struct tree *tree, const char *path)
{
	const struct tree_file key = {.path = (char *)path};

	if (!tree->sorted && tree->nr)
		qsort(tree->file, tree->nr, sizeof(*tree->file), by_path);
	tree->sorted = true;
	return tree->nr ? bsearch(&key, tree->file, tree->nr, sizeof(key), by_path) : NULL;
}

/* "a/./b/../c" as "a/c"; what would leave the root stays at it. */
static char *normal(const char *path)
{
	cleanup_buf struct buf out = {0};
	size_t len;

	for (; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && !strncmp(path, "..", 2)) {
			while (out.len && out.data[--out.len] != '/')
				;
			if (out.data)
				out.data[out.len] = '\0';
		} else if (len && !(len == 1 && *path == '.')) {
			buf_printf(&out, "%s%.*s", out.len ? "/" : "", (int)len, path);
		}
	}
	return xstrdup(buf_str(&out));
}

static char *follow(const struct tree_file *f)
{
	const char *slash = strrchr(f->path, '/');
	cleanup_free char *joined =
		*f->link == '/' ? xstrdup(f->link) :
				  xasprintf("%.*s/%s", slash ? (int)(slash - f->path) : 0, f->path,
					    f->link);

	return normal(joined);
}

/* Links between folders are those of a merged /usr only: both places are looked at. */
static const struct tree_file *find_merged(struct tree *tree, const char *path)
{
	cleanup_free char *in_usr = xasprintf("usr/%s", path);
	const struct tree_file *f = find_exact(tree, path);

	if (!f)
		f = find_exact(tree, in_usr);
	if (!f && !strncmp(path, "usr/", 4))
		f = find_exact(tree, path + 4);
	return f;
}

const struct tree_file *tree_find(struct tree *tree, const char *path)
{
	cleanup_free char *at = normal(path);
	const struct tree_file *f = NULL;
	unsigned int i;

	for (i = 0; i < LINKS_MAX; i++) {
		char *next;

		f = find_merged(tree, at);
		if (!f || !f->link)
			return f;
		next = follow(f);
		free(at);
		at = next;
	}
	return NULL;
}
