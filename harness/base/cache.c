// SPDX-License-Identifier: GPL-2.0-only
#include "base/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

static int open_lock(struct err *err)
{
	cleanup_free char *path = xasprintf("%s/lock", path_cache());
	int ret = dir_make(path_cache(), err);
	int fd;

	if (ret)
		return ret;
	/* Not to be written to: a cache may be shared by users. */
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(err, -errno, "cannot open %s", path) : fd;
}

void cache_hold(void)
{
	static int lock = -1;

	if (lock >= 0)
		return;
	lock = open_lock(NULL);
	while (lock >= 0 && flock(lock, LOCK_SH) && errno == EINTR)
		;
}

int cache_alone(struct err *err)
{
	int fd = open_lock(err), ret = 0;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB))
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (!ret)
		return fd;
	close(fd);
	return err_sys(err, ret, "cannot have the cache %s alone", path_cache());
}

void cache_used(const char *path)
{
	utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

void cache_note_results(void)
{
	cleanup_free char *folder = realpath(path_results(), NULL);
	cleanup_free char *dir = xasprintf("%s/results", path_cache());
	cleanup_free char *link = NULL;
	char key[SHA256_HEX];

	if (!folder || dir_make(dir, NULL))
		return;
	sha256_buf(folder, strlen(folder), key);
	link = xasprintf("%s/%.16s", dir, key);
	/* There already, as a rule. */
	if (symlink(folder, link) && errno == EEXIST)
		cache_used(link);
}
