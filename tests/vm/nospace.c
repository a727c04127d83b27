// SPDX-License-Identifier: GPL-2.0-only
/*
 * LD_PRELOAD library: the Nth call that could need room on a disk says there is none.
 *
 * NOSPACE_AT=N chooses the call, counted from 1 over all processes that share the file
 * NOSPACE_COUNT (its size in bytes is the count, so that children count on); without N calls are
 * only counted.  Only paths below NOSPACE_DIRS (colon-separated) count.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool below(const char *path, const char *dirs)
{
	size_t len;

	for (; dirs && *dirs; dirs += len + (dirs[len] == ':')) {
		len = strcspn(dirs, ":");
		if (len && !strncmp(path, dirs, len) && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

/* By raw system calls: what is counted must not be counted again. */
static long count_one(const char *file)
{
	long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			  0666);
	long at = -1;

	if (fd < 0)
		return -1;
	if (syscall(SYS_write, fd, ".", 1) == 1)
		at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	syscall(SYS_close, fd);
	return at;
}

static bool fails(const char *path)
{
	const char *at = getenv("NOSPACE_AT"), *file = getenv("NOSPACE_COUNT");

	if (!file || !below(path, getenv("NOSPACE_DIRS")))
		return false;
	return count_one(file) == (at ? atol(at) : 0);
}

static bool fd_fails(int fd)
{
	char link[32], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return fails(path);
}

static bool at_fails(int dirfd, const char *name)
{
	char full[4096];

	if (*name == '/')
		return fails(name);
	if (dirfd != AT_FDCWD)
		return fd_fails(dirfd);
	if (!getcwd(full, sizeof(full)))
		return false;
	return fails(full);
}

#define REAL(type, name, ...)                                                                     \
	static type (*real)(__VA_ARGS__);                                                         \
	if (!real)                                                                                \
		*(void **)&real = dlsym(RTLD_NEXT, name)
#define NO_ROOM ((errno = ENOSPC), -1)

ssize_t write(int fd, const void *data, size_t len)
{
	REAL(ssize_t, "write", int, const void *, size_t);
	return fd_fails(fd) ? NO_ROOM : real(fd, data, len);
}

ssize_t writev(int fd, const struct iovec *iov, int nr)
{
	REAL(ssize_t, "writev", int, const struct iovec *, int);
	return fd_fails(fd) ? NO_ROOM : real(fd, iov, nr);
}

/* A disk that becomes full takes the beginning. */
ssize_t sendfile(int out, int in, off_t *at, size_t len)
{
	REAL(ssize_t, "sendfile", int, int, off_t *, size_t);
	if (!fd_fails(out))
		return real(out, in, at, len);
	if (len > 1)
		real(out, in, at, len / 2);
	return NO_ROOM;
}

int posix_fallocate(int fd, off_t at, off_t len)
{
	REAL(int, "posix_fallocate", int, off_t, off_t);
	return fd_fails(fd) ? ENOSPC : real(fd, at, len);
}

int fsync(int fd)
{
	REAL(int, "fsync", int);
	return fd_fails(fd) ? NO_ROOM : real(fd);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(int, "mkdir", const char *, mode_t);
	/* What is there needs no room. */
	return access(path, F_OK) && fails(path) ? NO_ROOM : real(path, mode);
}

int rename(const char *from, const char *to)
{
	REAL(int, "rename", const char *, const char *);
	return fails(to) ? NO_ROOM : real(from, to);
}

int renameat2(int fromfd, const char *from, int tofd, const char *to, unsigned int flags)
{
	REAL(int, "renameat2", int, const char *, int, const char *, unsigned int);
	return at_fails(tofd, to) ? NO_ROOM : real(fromfd, from, tofd, to, flags);
}

int link(const char *from, const char *to)
{
	REAL(int, "link", const char *, const char *);
	return fails(to) ? NO_ROOM : real(from, to);
}

int mkostemp(char *template, int flags)
{
	REAL(int, "mkostemp", char *, int);
	return fails(template) ? NO_ROOM : real(template, flags);
}

static int open_any(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...);

	*(void **)&real = dlsym(RTLD_NEXT, name);
	return (flags & O_CREAT) && access(path, F_OK) && fails(path) ? NO_ROOM :
									real(path, flags, mode);
}

#define DEFINE_OPEN(name)                                                                         \
	int name(const char *path, int flags, ...)                                                \
	{                                                                                         \
		mode_t mode = 0;                                                                  \
		va_list ap;                                                                       \
                                                                                                  \
		va_start(ap, flags);                                                              \
		if (flags & O_CREAT)                                                              \
			mode = va_arg(ap, mode_t);                                                \
		va_end(ap);                                                                       \
		return open_any(#name, path, flags, mode);                                        \
	}

/* wringer's and the emulator's. */
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
