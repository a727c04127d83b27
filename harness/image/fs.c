// SPDX-License-Identifier: GPL-2.0-only
#include "image/image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"
#include "base/proc.h"
#include "wire/fsruns.h"

#define BLOCK	4096
#define FS_MIN	(1ull << 20)
#define FS_MAX	(1ull << 40)

#define MKFS_TIMEOUT_MS 120000
#define FS_XFS_LOG_TEXT "8m"

/* Runs being written; the headers are filled in once a run has ended. */
struct encoder {
	struct buf *out;
	size_t start;      /* where the file system's header is in out */
	size_t run;        /* where the last run's header is in out */
	uint64_t run_from; /* its place on the device */
	uint32_t run_len;
	uint32_t nr_runs;
};

/* A user's PATH often lacks the folders that hold it. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	cleanup_free char *dirs = xasprintf("%s:/sbin:/usr/sbin", path ? path : "");
	char *rest = dirs;
	char *dir;

	while ((dir = strsep(&rest, ":"))) {
		char *full = xasprintf("%s/%s", dir, name);

		if (*dir == '/' && !access(full, X_OK))
			return full;
		free(full);
	}
	return NULL;
}

/*
 * The environment is emptied and the machine's mke2fs.conf left out, so that only what is written
 * here decides.  The features are those which every kernel from 6.1 on mounts and every release of
 * mke2fs lays out in one way; no checksums also means no thread that initialises tables after the
 * mount.  All times are one second after 1970 began, since it takes 0 for "not set".  -T keeps it
 * from choosing settings by size, -F from refusing for want of a configuration.
 */
static int make_ext4(const char *file, struct err *err)
{
	cleanup_free char *program = find_program("mke2fs");
	const char *const argv[] = {
		"env", "-i", "LC_ALL=C", "MKE2FS_CONFIG=/dev/null", "E2FSPROGS_FAKE_TIME=1",
		"SOURCE_DATE_EPOCH=1", program, "-q", "-F", "-t", "ext4", "-T", "default",
		"-b", "4096", "-I", "256", "-N", "256", "-m", "0", "-G", "16", "-o", "Linux",
		"-U", "77726967-0001-4000-8000-000000000001",
		"-O", "none,extent,filetype,flex_bg,large_file,sparse_super",
		"-E", "nodiscard,lazy_itable_init=0,root_owner=0:0,"
		      "hash_seed=77726967-0001-4000-8000-000000000002",
		file, NULL,
	};

	if (!program)
		return err_set(err, -ENOENT, "mke2fs is not there: install e2fsprogs");
	return proc_capture(argv, MKFS_TIMEOUT_MS, NULL, err);
}

/*
 * mkfs.xfs puts the time and a random generation into its three inodes; here they become what they
 * are every time.  xfs_db keeps the checksums right.
 */
static int settle_xfs(const char *file, struct err *err)
{
#define SETTLE(inode)                                                                              \
	"-c", "sb 0", "-c", "addr " inode, "-c", "write core.gen 1",                              \
	"-c", "write core.atime.sec 1", "-c", "write core.atime.nsec 0",                          \
	"-c", "write core.mtime.sec 1", "-c", "write core.mtime.nsec 0",                          \
	"-c", "write core.ctime.sec 1", "-c", "write core.ctime.nsec 0",                          \
	"-c", "write v3.crtime.sec 1", "-c", "write v3.crtime.nsec 0"
	cleanup_free char *program = find_program("xfs_db");
	const char *const argv[] = {
		"env", "-i", "LC_ALL=C", program, "-x",
		SETTLE("rootino"), SETTLE("rbmino"), SETTLE("rsumino"), file, NULL,
	};

	if (!program)
		return err_set(err, -ENOENT, "xfs_db is not there: install xfsprogs");
	return proc_capture(argv, MKFS_TIMEOUT_MS, NULL, err);
}

/*
 * Features that every kernel from 6.1 on mounts.  What is below 300 MiB is refused without
 * --unsupported, for fear of bad performance, not because it would not work.
 */
static int make_xfs(const char *file, struct err *err)
{
	cleanup_free char *program = find_program("mkfs.xfs");
	const char *const argv[] = {
		"env", "-i", "LC_ALL=C", "SOURCE_DATE_EPOCH=1", program, "--unsupported", "-q",
		"-f", "-K", "-b", "size=4096", "-s", "size=4096", "-d", "agcount=1,su=0,sw=0",
		"-l", "version=2,size=" FS_XFS_LOG_TEXT, "-i", "maxpct=25,nrext64=0", "-m",
		"crc=1,finobt=1,rmapbt=0,reflink=0,inobtcount=0,bigtime=0,"
		"uuid=77726967-0001-4000-8000-000000000001",
		file, NULL,
	};
	int ret;

	if (!program)
		return err_set(err, -ENOENT, "mkfs.xfs is not there: install xfsprogs");
	ret = proc_capture(argv, MKFS_TIMEOUT_MS, NULL, err);
	return ret ? ret : settle_xfs(file, err);
}

static void end_run(struct encoder *e)
{
	struct fsruns_run run = {.offset = htole64(e->run_from), .len = htole32(e->run_len)};

	if (e->run_len)
		memcpy(e->out->data + e->run, &run, sizeof(run));
	e->run_len = 0;
}

static void add_block(struct encoder *e, uint64_t offset, const char block[BLOCK])
{
	static const struct fsruns_run none;

	if (e->run_len == FSRUNS_RUN_MAX || e->run_from + e->run_len != offset)
		end_run(e);
	if (!e->run_len) {
		e->run = e->out->len;
		e->run_from = offset;
		e->nr_runs++;
		buf_add(e->out, &none, sizeof(none));
	}
	buf_add(e->out, block, BLOCK);
	e->run_len += BLOCK;
}

static int read_block(int fd, char block[BLOCK], uint64_t offset)
{
	size_t have = 0;

	while (have < BLOCK) {
		ssize_t n = pread(fd, block + have, BLOCK - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		have += (size_t)n;
	}
	return 0;
}

/* Where a file system keeps no track of holes this looks at all of them: slow, same result. */
static int encode_blocks(struct encoder *e, int fd, uint64_t size)
{
	static const char zero[BLOCK];
	char block[BLOCK];
	uint64_t hole = 0, at = 0;
	int ret;

	for (; at < size; at += BLOCK) {
		if (at >= hole) {
			off_t data = lseek(fd, (off_t)at, SEEK_DATA);

			if (data < 0)
				return errno == ENXIO ? 0 : -errno;
			at = (uint64_t)data / BLOCK * BLOCK;
			data = lseek(fd, data, SEEK_HOLE);
			if (data < 0)
				return -errno;
			hole = (uint64_t)data;
		}
		ret = read_block(fd, block, at);
		if (ret)
			return ret;
		if (memcmp(block, zero, BLOCK))
			add_block(e, at, block);
	}
	return 0;
}

static int encode(int fd, uint64_t size, struct buf *out)
{
	struct fsruns_header head = {
		.version = htole32(FSRUNS_VERSION),
		.size = htole64(size),
	};
	struct encoder e = {.out = out, .start = out->len};
	int ret;

	memcpy(head.magic, FSRUNS_MAGIC, sizeof(head.magic));
	buf_add(out, &head, sizeof(head));
	ret = encode_blocks(&e, fd, size);
	end_run(&e);
	head.nr_runs = htole32(e.nr_runs);
	memcpy(out->data + e.start, &head, sizeof(head));
	return ret;
}

static int make_in(const char *kind, int fd, const char *path, uint64_t size, struct buf *out,
		   struct err *err)
{
	int ret;

	if (ftruncate(fd, (off_t)size))
		return err_sys(err, -errno, "cannot make a sparse file of %llu bytes as %s",
			       (unsigned long long)size, path);
	ret = !strcmp(kind, "xfs") ? make_xfs(path, err) : make_ext4(path, err);
	if (ret)
		return err_prefix(err, ret, "cannot make a file system");
	ret = encode(fd, size, out);
	return ret ? err_sys(err, ret, "cannot read %s", path) : 0;
}

int fs_make(const char *kind, uint64_t size, struct buf *out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/mkfs.XXXXXX", path_cache());
	size_t before;
	int fd, ret;

	if (size < FS_MIN || size > FS_MAX || size % BLOCK)
		return err_set(err, -EINVAL,
			       "a file system of %llu bytes cannot be made: give a multiple of "
			       "4096 from 1M to 1T",
			       (unsigned long long)size);
	cache_hold();
	ret = dir_make(path_cache(), err);
	if (ret)
		return ret;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	before = out->len;
	ret = make_in(kind, fd, path, size, out, err);
	if (ret)
		out->len = before;
	unlink(path);
	close(fd);
	return ret;
}
