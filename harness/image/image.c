// SPDX-License-Identifier: GPL-2.0-only
#include "image/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/path.h"
#include "image/cpio.h"
#include "image/modules.h"

static char *image_path(const char *id)
{
	return xasprintf("%s/images/%s.cpio", path_cache(), id);
}

static int add_file(struct cpio *cpio, const struct image_file *file, struct err *err)
{
	cleanup_buf struct buf bytes = {0};
	int ret;

	if (!file->name)
		return 0;
	if (!file->path)
		return cpio_add(cpio, file->name, file->mode, file->data, file->len, err);
	ret = file_read(file->path, &bytes, err);
	return ret ? ret : cpio_add(cpio, file->name, file->mode, bytes.data, bytes.len, err);
}

static int add_module(struct cpio *cpio, const struct module *module, struct err *err)
{
	cleanup_free char *name = xasprintf("modules/%s.ko", module->name);

	return cpio_add(cpio, name, 0644, module->data.data, module->data.len, err);
}

static int fill(struct cpio *cpio, const struct image_file *files, size_t nr_files,
		const struct module_list *list, struct err *err)
{
	int ret = cpio_start(cpio, err);
	size_t i;

	for (i = 0; !ret && i < nr_files; i++)
		ret = add_file(cpio, &files[i], err);
	for (i = 0; !ret && i < list->nr; i++)
		ret = add_module(cpio, &list->module[i], err);
	return ret ? ret : cpio_finish(cpio, err);
}

/* The kernel unpacks one archive after the other. */
static int append(struct buf *bytes, const struct image_file *files, size_t nr_files,
		  struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < nr_files; i++) {
		if (files[i].name)
			continue;
		while (bytes->len % 4)
			buf_add(bytes, "", 1);
		ret = file_read(files[i].path, bytes, err);
	}
	return ret;
}

/* Whether the file is there and is what its name says. */
static bool intact(const char *path, const char *id)
{
	char have[SHA256_HEX];

	cache_used(path);
	return file_exists(path) && !sha256_file(path, have, NULL) && !strcmp(have, id);
}

static int store(const struct buf *bytes, struct image *out, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/images", path_cache());
	int ret;

	cache_hold();
	sha256_buf(bytes->data, bytes->len, out->id);
	out->path = image_path(out->id);
	if (intact(out->path, out->id))
		return 0;
	ret = dir_make(dir, err);
	return ret ? ret : file_write(out->path, bytes->data, bytes->len, err);
}

/* The names move from the list. */
static char **take_names(struct module_list *list)
{
	char **names = xcalloc(list->nr + 1, sizeof(*names));
	size_t i;

	for (i = 0; i < list->nr; i++) {
		names[i] = list->module[i].name;
		list->module[i].name = NULL;
	}
	return names;
}

int image_build(const struct kernel *kernel, const char *const *modules,
		const struct image_file *files, size_t nr_files, struct image *out, struct err *err)
{
	struct module_list list;
	struct cpio cpio;
	int ret;

	*out = (struct image){0};
	ret = modules_resolve(kernel, modules, &list, err);
	if (ret)
		return ret;
	ret = fill(&cpio, files, nr_files, &list, err);
	if (!ret)
		ret = append(&cpio.bytes, files, nr_files, err);
	if (!ret)
		ret = store(&cpio.bytes, out, err);
	cpio_release(&cpio);
	if (ret)
		image_release(out);
	else
		out->modules = take_names(&list);
	module_list_release(&list);
	return ret;
}

int image_open(const char *id, struct image *out, struct err *err)
{
	*out = (struct image){0};
	cache_hold();
	/* The id becomes part of a path. */
	if (strlen(id) != SHA256_HEX - 1 || id[strspn(id, "0123456789abcdef")])
		return err_set(err, -EINVAL,
			       "'%.80s' is no image: an image is named by 64 hexadecimal digits",
			       id);
	memcpy(out->id, id, SHA256_HEX);
	out->path = image_path(id);
	out->modules = xcalloc(1, sizeof(*out->modules));
	if (intact(out->path, id))
		return 0;
	err_set(err, -ENOENT, "image %s is not in the cache or damaged: build it again", id);
	image_release(out);
	return -ENOENT;
}

void image_release(struct image *image)
{
	size_t i;

	for (i = 0; image->modules && image->modules[i]; i++)
		free(image->modules[i]);
	free(image->modules);
	free(image->path);
	*image = (struct image){0};
}
