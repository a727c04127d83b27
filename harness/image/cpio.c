// SPDX-License-Identifier: GPL-2.0-only
#include "image/cpio.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_LEN_MAX 255

static la_ssize_t to_memory(struct archive *a, void *data, const void *bytes, size_t len)
{
	struct cpio *cpio = data;

	(void)a;
	buf_add(&cpio->bytes, bytes, len);
	return (la_ssize_t)len;
}

static int failed(const struct cpio *cpio, struct err *err)
{
	const char *why = archive_error_string(cpio->archive);

	return err_set(err, -EIO, "cannot write the guest image: %s",
		       why ? why : "libarchive failed");
}

int cpio_start(struct cpio *cpio, struct err *err)
{
	struct archive *a = archive_write_new();

	*cpio = (struct cpio){.archive = a};
	if (!a)
		return err_sys(err, -ENOMEM, "cannot write the guest image");
	if (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK)
		return failed(cpio, err);
	/* No padding behind the trailer: what a default of the library decides stays out. */
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open(a, cpio, NULL, to_memory, NULL) != ARCHIVE_OK)
		return failed(cpio, err);
	return 0;
}

static bool has(const struct cpio *cpio, const char *name)
{
	size_t i;

	for (i = 0; i < cpio->nr; i++)
		if (!strcmp(cpio->name[i], name))
			return true;
	return false;
}

static int put(struct cpio *cpio, const char *name, unsigned int type, unsigned int mode,
	       const void *data, size_t len)
{
	struct archive_entry *e = archive_entry_new();
	int ret;

	if (!e)
		return ARCHIVE_FATAL;
	cpio->name = xrealloc(cpio->name, cpio->nr + 1, sizeof(*cpio->name));
	cpio->name[cpio->nr++] = xstrdup(name);
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, mode & 07777);
	/* Unique, or the guest takes files for links of each other. */
	archive_entry_set_ino64(e, (la_int64_t)cpio->nr);
	archive_entry_set_nlink(e, type == S_IFDIR ? 2 : 1);
	archive_entry_set_uid(e, 0);
	archive_entry_set_gid(e, 0);
	archive_entry_set_mtime(e, 0, 0);
	archive_entry_set_size(e, (la_int64_t)len);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, data);
	ret = archive_write_header(cpio->archive, e);
	if (ret == ARCHIVE_OK && len && archive_write_data(cpio->archive, data, len) < 0)
		ret = ARCHIVE_FATAL;
	archive_entry_free(e);
	return ret;
}

static bool component_ok(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return len && !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

static bool name_ok(const char *name)
{
	const char *p = name;

	/* The name that ends an archive. */
	if (strlen(name) > NAME_LEN_MAX || !strcmp(name, "TRAILER!!!"))
		return false;
	for (;;) {
		size_t len = strcspn(p, "/");

		if (!component_ok(p, len))
			return false;
		if (!p[len])
			return true;
		p += len + 1;
	}
}

/* The kernel makes no folders on its own when it unpacks. */
static int add_parents(struct cpio *cpio, const char *name, struct err *err)
{
	const char *slash = name;

	while ((slash = strchr(slash, '/'))) {
		cleanup_free char *dir = xasprintf("%.*s", (int)(slash - name), name);

		if (!has(cpio, dir) && put(cpio, dir, S_IFDIR, 0755, NULL, 0) != ARCHIVE_OK)
			return failed(cpio, err);
		slash++;
	}
	return 0;
}

static int check_name(const struct cpio *cpio, const char *name, struct err *err)
{
	if (!name_ok(name))
		return err_set(err, -EINVAL,
			       "'%.80s' cannot be a file of the guest image: use a relative path "
			       "of printable characters without . and ..",
			       name);
	if (has(cpio, name))
		return err_set(err, -EEXIST, "%s would be in the guest image twice: rename one",
			       name);
	return 0;
}

int cpio_add(struct cpio *cpio, const char *name, unsigned int mode, const void *data, size_t len,
	     struct err *err)
{
	int ret = check_name(cpio, name, err);

	if (ret)
		return ret;
	if (len > CPIO_SIZE_MAX || cpio->bytes.len > CPIO_SIZE_MAX - len)
		return err_set(err, -EFBIG,
			       "the guest image is over %u MiB with %s: leave files out",
			       CPIO_SIZE_MAX >> 20, name);
	ret = add_parents(cpio, name, err);
	if (!ret && put(cpio, name, S_IFREG, mode, data, len) != ARCHIVE_OK)
		ret = failed(cpio, err);
	return ret;
}

int cpio_link(struct cpio *cpio, const char *name, const char *to, struct err *err)
{
	int ret = check_name(cpio, name, err);

	if (!ret)
		ret = add_parents(cpio, name, err);
	if (!ret && put(cpio, name, S_IFLNK, 0777, to, 0) != ARCHIVE_OK)
		ret = failed(cpio, err);
	return ret;
}

int cpio_finish(struct cpio *cpio, struct err *err)
{
	return archive_write_close(cpio->archive) == ARCHIVE_OK ? 0 : failed(cpio, err);
}

void cpio_release(struct cpio *cpio)
{
	size_t i;

	archive_write_free(cpio->archive);
	for (i = 0; i < cpio->nr; i++)
		free(cpio->name[i]);
	free(cpio->name);
	buf_release(&cpio->bytes);
	*cpio = (struct cpio){0};
}
