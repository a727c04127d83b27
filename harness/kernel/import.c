// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that somebody built, given by path. */
#include "kernel/internal.h"

#include <errno.h>
#include <fts.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tree {
	const char *from;
	const char *to; /* the draft's folder */
	uint64_t bytes;
	size_t files;
	struct err *err;
};

static int copy_into(struct tree *tree, const FTSENT *e, const char *name)
{
	cleanup_free char *to = xasprintf("%s/%s", tree->to, name);
	int ret = parent_make(to, tree->err);

	tree->bytes += (uint64_t)e->fts_statp->st_size;
	if (++tree->files > KERNEL_FILES_MAX || tree->bytes > KERNEL_BYTES_MAX)
		return err_set(tree->err, -EFBIG, "%s holds too much for a kernel's modules",
			       tree->from);
	return ret ? ret : file_copy(e->fts_path, to, tree->err);
}

/* The list of files has a line each. */
static bool has_line_break(const char *name)
{
	return strchr(name, '\n') != NULL;
}

static int take_entry(struct tree *tree, const FTSENT *e)
{
	const char *rel = e->fts_path + strlen(tree->from);
	cleanup_free char *name = NULL;

	if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
		return err_sys(tree->err, -e->fts_errno, "cannot read %s", e->fts_path);
	if (e->fts_info != FTS_F)
		return 0;
	rel += strspn(rel, "/");
	if (!strcmp(rel, "modules.builtin"))
		return copy_into(tree, e, rel);
	if (!is_module(rel) || has_line_break(rel))
		return 0;
	name = xasprintf("modules/%s", rel);
	return copy_into(tree, e, name);
}

/* Links are not followed: /lib/modules has one to the whole build tree. */
static int take_modules(const char *from, const char *to, struct err *err)
{
	struct tree tree = {.from = from, .to = to, .err = err};
	char *roots[] = {(char *)from, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	FTSENT *e;
	int ret = 0;

	if (!fts)
		return err_sys(err, -errno, "cannot read modules folder %s", from);
	while (!ret && (e = fts_read(fts)))
		ret = take_entry(&tree, e);
	fts_close(fts);
	if (!ret && !tree.files)
		return err_set(err, -ENOENT, "there are no modules (.ko files) below %s", from);
	return ret;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Where the configuration of an image may lie: as installed, as built, in the build tree. */
static char *find_config(const char *bzimage, const char *release)
{
	static const char boot[] = "/arch/x86/boot";
	cleanup_free char *copy = xstrdup(bzimage);
	const char *dir = dirname(copy);
	size_t len = strlen(dir);
	char *path = xasprintf("%s/config-%s", dir, release);

	if (file_exists(path))
		return path;
	free(path);
	path = xasprintf("%s/.config", dir);
	if (file_exists(path))
		return path;
	free(path);
	if (len < strlen(boot) || strcmp(dir + len - strlen(boot), boot))
		return NULL;
	path = xasprintf("%s/../../../.config", dir);
	if (file_exists(path))
		return path;
	free(path);
	return NULL;
}

static int take_image(const char *bzimage, const char *to, struct err *err)
{
	cleanup_free char *image = xasprintf("%s/%s", to, uml_image(bzimage) ? "linux" : "vmlinuz");
	cleanup_free char *to_config = xasprintf("%s/config", to);
	cleanup_free char *release = NULL;
	cleanup_free char *config = NULL;
	int ret = image_check(bzimage, &release, err);

	if (!ret)
		ret = file_copy(bzimage, image, err);
	if (ret)
		return ret;
	config = find_config(bzimage, release);
	return config ? file_copy(config, to_config, err) : 0;
}

int kernel_import(const char *bzimage, const char *modules_dir, struct kernel *out, struct err *err)
{
	cleanup_draft struct draft draft = {.lock = -1};
	int ret;

	if (modules_dir && !is_dir(modules_dir))
		return err_set(err, -ENOTDIR, "modules folder %s is not there", modules_dir);
	ret = draft_open(&draft, err);
	if (!ret)
		ret = take_image(bzimage, draft.kernel, err);
	if (!ret && modules_dir)
		ret = take_modules(modules_dir, draft.kernel, err);
	draft.packaging = "file";
	if (!ret)
		ret = draft_commit(&draft, out, err);
	if (ret)
		return ret;
	ret = vmlinux_note(bzimage, out->id, err);
	if (ret)
		kernel_release(out);
	return ret;
}
