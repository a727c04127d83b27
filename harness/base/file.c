// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int read_fd(int fd, struct buf *out)
{
	char chunk[65536];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		total += (size_t)n;
		if (total > FILE_READ_MAX)
			return -EFBIG;
		buf_add(out, chunk, (size_t)n);
	}
	return 0;
}

int file_read_at(int dirfd, const char *name, struct buf *out, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", name);
	ret = read_fd(fd, out);
	return ret ? err_sys(err, ret, "cannot read %s", name) : 0;
}

int file_read(const char *path, struct buf *out, struct err *err)
{
	return file_read_at(AT_FDCWD, path, out, err);
}

static int write_fd(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_sync_close(int fd, const void *data, size_t len)
{
	int ret = write_fd(fd, data, len);

	if (!ret && fchmod(fd, 0644))
		ret = -errno;
	if (!ret && fsync(fd))
		ret = -errno;
	/* Some file systems report a full disk only here. */
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

int file_write(const char *path, const void *data, size_t len, struct err *err)
{
	cleanup_free char *tmp = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	ret = write_sync_close(fd, data, len);
	if (!ret && rename(tmp, path))
		ret = -errno;
	if (ret) {
		unlink(tmp);
		return err_sys(err, ret, "cannot write %s", path);
	}
	return 0;
}

int dir_make(const char *path, struct err *err)
{
	cleanup_free char *p = xstrdup(path);
	char *slash;

	for (slash = p + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (mkdir(p, 0755) && errno != EEXIST)
			return err_sys(err, -errno, "cannot make folder %s", p);
		*slash = '/';
	}
	if (mkdir(p, 0755) && errno != EEXIST)
		return err_sys(err, -errno, "cannot make folder %s", p);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) ? -errno : 0;
}

int dir_remove(const char *path, struct err *err)
{
	struct stat st;

	/* A link to nothing is there too. */
	if (lstat(path, &st) && errno == ENOENT)
		return 0;
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		return err_sys(err, -errno, "cannot remove %s", path);
	return 0;
}

static int sync_at(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return fsync(fd) ? -errno : 0;
}

int dir_sync(const char *path, struct err *err)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int ret = 0;

	if (!dir)
		return err_sys(err, -errno, "cannot open folder %s", path);
	while (!ret && (e = readdir(dir)))
		if (e->d_type == DT_REG)
			ret = sync_at(dirfd(dir), e->d_name);
	if (!ret && fsync(dirfd(dir)))
		ret = -errno;
	closedir(dir);
	return ret ? err_sys(err, ret, "cannot sync %s", path) : 0;
}

static int copy_fd(int in, int out)
{
	ssize_t n;

	while ((n = sendfile(out, in, NULL, 1 << 20)) != 0)
		if (n < 0 && errno != EINTR)
			return -errno;
	return fchmod(out, 0644) ? -errno : 0;
}

int file_copy(const char *from, const char *to, struct err *err)
{
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = -1;
	int ret;

	if (in < 0)
		return err_sys(err, -errno, "cannot open %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(err, -errno, "cannot create %s", to);
	ret = copy_fd(in, out);
	if (ret) {
		unlink(to);
		return err_sys(err, ret, "cannot write %s", to);
	}
	return 0;
}

int file_link(const char *from, const char *to, struct err *err)
{
	if (!link(from, to))
		return 0;
	if (errno == EEXIST || errno == ENOENT)
		return err_sys(err, -errno, "cannot link %s", to);
	return file_copy(from, to, err);
}

void sha256_buf(const void *data, size_t len, char hex[SHA256_HEX])
{
	SHA256Data(data, len, hex);
}

int sha256_file(const char *path, char hex[SHA256_HEX], struct err *err)
{
	if (!SHA256File(path, hex))
		return err_sys(err, -errno, "cannot read %s", path);
	return 0;
}
