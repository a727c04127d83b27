// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes a kernel's files, or what the caller likes, out of a Debian package without installing it.
 *
 * A package is an ar archive with a compressed tar inside; the tar is read through the ar, so
 * nothing is written but what is wanted.  Packages are not trusted: files get names that we choose,
 * links are never made, and what is claimed to be too much is refused before it is unpacked.
 */
#include "kernel/apt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel/internal.h"

struct deb {
	const char *path;
	const char *dir; /* where a kernel's files go, unless there is take */
	int (*take)(struct archive *tar, struct archive_entry *entry, void *ctx, struct err *err);
	void *ctx;
	struct archive *ar;
	struct archive *tar;
	uint64_t bytes;
	size_t files;
	struct err *err;
};

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s);
	size_t n = strlen(end);

	return len > n && !strcmp(s + len - n, end);
}

bool is_module(const char *name)
{
	return ends_with(name, ".ko") || ends_with(name, ".ko.xz") || ends_with(name, ".ko.zst");
}

/* Relative, no "..", printable: a path that stays below the folder it is put into. */
static bool path_stays(const char *path)
{
	const char *p;

	if (*path == '/')
		return false;
	for (p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return false;
	for (p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2]))
			return false;
	}
	return true;
}

/* Takes a prefix off the front of *path, if it is there. */
static bool skip_prefix(const char **path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*path, prefix, n))
		return false;
	*path += n;
	return true;
}

/* In the folder of the release: /lib/modules/6.12.107+deb13-cloud-amd64/. */
static char *place_in_release(const char *name)
{
	if (!strcmp(name, "vmlinuz") || !strcmp(name, "vmlinuz.unsigned"))
		return xstrdup("vmlinuz");
	if (!strcmp(name, "config") || !strcmp(name, "modules.builtin"))
		return xstrdup(name);
	return is_module(name) ? xasprintf("modules/%s", name) : NULL;
}

static char *place_in_boot(const char *name)
{
	if (strchr(name, '/'))
		return NULL;
	if (skip_prefix(&name, "vmlinuz-"))
		return xstrdup("vmlinuz");
	return skip_prefix(&name, "config-") ? xstrdup("config") : NULL;
}

/* Where a member goes, or NULL when it is not wanted. */
static char *place(const char *path)
{
	skip_prefix(&path, "./");
	if (skip_prefix(&path, "boot/"))
		return place_in_boot(path);
	skip_prefix(&path, "usr/");
	if (!skip_prefix(&path, "lib/modules/"))
		return NULL;
	path = strchr(path, '/');
	return path ? place_in_release(path + 1) : NULL;
}

static int broken(const struct deb *deb, struct archive *archive)
{
	const char *why = archive_error_string(archive);

	return err_set(deb->err, -EBADMSG, "package %s is damaged (%s); fetch it again", deb->path,
		       why ? why : "no reason known");
}

static int copy_data(struct deb *deb, int fd, const char *to)
{
	char chunk[65536];
	la_ssize_t n;

	while ((n = archive_read_data(deb->tar, chunk, sizeof(chunk))) > 0) {
		la_ssize_t done = 0;

		while (done < n) {
			ssize_t ret = write(fd, chunk + done, (size_t)(n - done));

			if (ret < 0 && errno != EINTR)
				return err_sys(deb->err, -errno, "cannot write %s", to);
			done += ret > 0 ? ret : 0;
		}
	}
	return n ? broken(deb, deb->tar) : 0;
}

static int write_member(struct deb *deb, const char *name)
{
	cleanup_free char *to = xasprintf("%s/%s", deb->dir, name);
	int ret = parent_make(to, deb->err);
	int fd;

	if (ret)
		return ret;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_set(deb->err, -EBADMSG,
			       "package %s holds %s a second time; it is not used", deb->path,
			       name);
	if (fd < 0)
		return err_sys(deb->err, -errno, "cannot create %s", to);
	ret = copy_data(deb, fd, to);
	if (close(fd) && !ret)
		ret = err_sys(deb->err, -errno, "cannot write %s", to);
	return ret;
}

static int check_member(struct deb *deb, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	la_int64_t size = archive_entry_size(entry);

	if (!path || !path_stays(path))
		return err_set(deb->err, -EBADMSG,
			       "package %s holds a path that leads out of it; it is not used",
			       deb->path);
	if (size < 0 || (uint64_t)size > KERNEL_BYTES_MAX - deb->bytes ||
	    ++deb->files > KERNEL_FILES_MAX)
		return err_set(deb->err, -EFBIG, "package %s holds too much for a kernel",
			       deb->path);
	deb->bytes += (uint64_t)size;
	return 0;
}

static int take_kernel_file(struct deb *deb, struct archive_entry *entry)
{
	cleanup_free char *name = NULL;

	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return 0;
	name = place(archive_entry_pathname(entry));
	return name ? write_member(deb, name) : 0;
}

static int take_member(struct deb *deb, struct archive_entry *entry)
{
	int ret = check_member(deb, entry);

	if (ret)
		return ret;
	return deb->take ? deb->take(deb->tar, entry, deb->ctx, deb->err) :
			   take_kernel_file(deb, entry);
}

static int next_member(struct deb *deb, struct archive *archive, struct archive_entry **entry)
{
	int ret = archive_read_next_header(archive, entry);

	if (ret == ARCHIVE_EOF)
		return 0;
	return ret == ARCHIVE_OK || ret == ARCHIVE_WARN ? 1 : broken(deb, archive);
}

/* libarchive's callback: the tar's bytes are the data of the ar's current member. */
static la_ssize_t read_ar(struct archive *tar, void *data, const void **out)
{
	struct deb *deb = data;
	size_t len = 0;
	la_int64_t off;
	int ret = archive_read_data_block(deb->ar, out, &len, &off);

	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret == ARCHIVE_OK)
		return (la_ssize_t)len;
	archive_set_error(tar, EIO, "%s", archive_error_string(deb->ar));
	return -1;
}

/* A tar ends before its file does: the rest must be there as well. */
static int drain_ar(struct deb *deb)
{
	int ret = archive_read_data_skip(deb->ar);

	return ret == ARCHIVE_OK || ret == ARCHIVE_EOF ? 0 : broken(deb, deb->ar);
}

static int unpack_tar(struct deb *deb)
{
	struct archive_entry *entry;
	int ret;

	archive_read_support_format_tar(deb->tar);
	archive_read_support_filter_xz(deb->tar);
	archive_read_support_filter_zstd(deb->tar);
	archive_read_support_filter_gzip(deb->tar);
	if (archive_read_open(deb->tar, deb, NULL, read_ar, NULL))
		return broken(deb, deb->tar);
	while ((ret = next_member(deb, deb->tar, &entry)) > 0) {
		ret = take_member(deb, entry);
		if (ret)
			return ret;
	}
	return ret ? ret : drain_ar(deb);
}

static int find_data(struct deb *deb)
{
	struct archive_entry *entry;
	int ret;

	archive_read_support_format_ar(deb->ar);
	if (archive_read_open_filename(deb->ar, deb->path, 65536))
		return broken(deb, deb->ar);
	while ((ret = next_member(deb, deb->ar, &entry)) > 0) {
		const char *name = archive_entry_pathname(entry);

		if (name && skip_prefix(&name, "data.tar"))
			return 0;
	}
	return ret ? ret
		   : err_set(deb->err, -EBADMSG, "%s is not a Debian package: it has no data.tar",
			     deb->path);
}

static int unpack(struct deb *deb)
{
	int ret;

	deb->ar = archive_read_new();
	deb->tar = archive_read_new();
	if (deb->ar && deb->tar) {
		ret = find_data(deb);
		if (!ret)
			ret = unpack_tar(deb);
	} else {
		ret = err_sys(deb->err, -ENOMEM, "cannot unpack %s", deb->path);
	}
	archive_read_free(deb->tar);
	archive_read_free(deb->ar);
	return ret;
}

int deb_unpack(const char *path, const char *dir, struct err *err)
{
	struct deb deb = {.path = path, .dir = dir, .err = err};

	return unpack(&deb);
}

int deb_walk(const char *path,
	     int (*take)(struct archive *tar, struct archive_entry *entry, void *ctx,
			 struct err *err),
	     void *ctx, struct err *err)
{
	struct deb deb = {.path = path, .take = take, .ctx = ctx, .err = err};

	return unpack(&deb);
}
