// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vmlinux that lies beside a bzImage of one's own: it is too large to copy, so the cache has a
 * link to it, and whether it is still of the same build is looked at when it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "kernel/internal.h"

#define HEADER_VERSION 0x20e /* u16: offset of the version string from 0x200 */
#define HEADER_MAX     (64u << 10)

static char *link_path(const char *id)
{
	return xasprintf("%s/symbols/%s.vmlinux", path_cache(), id);
}

/* As installed, as built. */
static char *find_vmlinux(const char *bzimage)
{
	static const char *const places[] = {"vmlinux", "../../../vmlinux"};
	cleanup_free char *copy = xstrdup(bzimage);
	const char *dir = dirname(copy);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, places[i]);

		if (file_exists(path))
			return realpath(path, NULL);
	}
	return NULL;
}

int vmlinux_note(const char *bzimage, const char *id, struct err *err)
{
	cleanup_free char *vmlinux = find_vmlinux(bzimage);
	cleanup_free char *dir = xasprintf("%s/symbols", path_cache());
	cleanup_free char *path = link_path(id);
	int ret;

	if (!vmlinux)
		return 0;
	ret = dir_make(dir, err);
	if (!ret && unlink(path) && errno != ENOENT)
		ret = err_sys(err, -errno, "cannot remove %s", path);
	if (!ret && symlink(vmlinux, path))
		ret = err_sys(err, -errno, "cannot make the link %s", path);
	return ret;
}

/* "#1 SMP ... date": what tells two builds of one release apart; "" when it is not there. */
static void build_of(const char *bzimage, char *out, size_t size)
{
	cleanup_fd int fd = open(bzimage, O_RDONLY | O_CLOEXEC);
	cleanup_free char *head = xcalloc(1, HEADER_MAX + 1);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, HEADER_MAX, 0);
	uint16_t at = 0;
	const char *mark;

	*out = '\0';
	if (n > HEADER_VERSION + 2)
		memcpy(&at, head + HEADER_VERSION, sizeof(at));
	if (!at || at + 0x200u >= (size_t)n)
		return;
	mark = strchr(head + 0x200 + at, '#');
	if (mark && strlen(mark) < size)
		memcpy(out, mark, strlen(mark) + 1);
}

static bool holds(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;
	bool found;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	found = memmem(data, (size_t)st.st_size, text, strlen(text));
	munmap(data, (size_t)st.st_size);
	return found;
}

char *kernel_vmlinux(const struct kernel *kernel)
{
	cleanup_free char *bzimage = xasprintf("%s/vmlinuz", kernel->dir);
	cleanup_free char *link = link_path(kernel->id);
	char *path = realpath(link, NULL);
	char build[256];

	if (!path)
		return NULL;
	build_of(bzimage, build, sizeof(build));
	if (*build && holds(path, build))
		return path;
	free(path);
	return NULL;
}
