// SPDX-License-Identifier: GPL-2.0-only
/* Runs apt with a private configuration in <cache>/apt, which the apt-conf script makes. */
#include "kernel/apt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"
#include "base/proc.h"
#include "kernel/internal.h"

#define INDEX_AGE_MAX    (24 * 3600)
#define APT_TIMEOUT_MS   (10 * 60 * 1000)
#define LOCAL_TIMEOUT_MS (60 * 1000)
#define APT_HELPER       "/usr/lib/apt/apt-helper"
/* More packages than a rung has, and apt-get's own words. */
#define ARGS_MAX 64

static char *apt_file(const char *name)
{
	return xasprintf("%s/apt/%s", path_cache(), name);
}

/*
 * Indexes are read while a download goes on, so that may not run beside an update.  Waits for the
 * other process, which has a time limit.
 */
static int apt_lock(int how, struct err *err)
{
	cleanup_free char *dir = apt_file("");
	cleanup_free char *path = apt_file("lock");
	int ret, fd;

	cache_hold();
	ret = dir_make(dir, err);
	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	while (flock(fd, how)) {
		if (errno == EINTR)
			continue;
		ret = err_sys(err, -errno, "cannot lock %s", path);
		close(fd);
		return ret;
	}
	return fd;
}

/* "env failed: E: no such package" says less than "E: no such package". */
static void drop_program(struct err *err)
{
	static const char mark[] = " failed: ";
	const char *why = err ? strstr(err->msg, mark) : NULL;

	if (why)
		memmove(err->msg, why + strlen(mark), strlen(why + strlen(mark)) + 1);
}

/* Runs argv with our configuration, in dir if not NULL. */
static int apt_run(const char *dir, const char *const args[], int timeout_ms, struct buf *out,
		   struct err *err)
{
	cleanup_free char *path = apt_file("apt.conf");
	/* apt is to find it from dir, too. */
	cleanup_free char *full = realpath(path, NULL);
	cleanup_free char *conf = xasprintf("APT_CONFIG=%s", full ? full : path);
	cleanup_free char *chdir = dir ? xasprintf("--chdir=%s", dir) : NULL;
	const char *argv[ARGS_MAX + 4] = {"env"};
	size_t n = 1;
	size_t i;
	int ret;

	if (chdir)
		argv[n++] = chdir;
	argv[n++] = conf;
	for (i = 0; args[i] && i < ARGS_MAX; i++)
		argv[n++] = args[i];
	ret = proc_capture(argv, timeout_ms, out, err);
	if (ret)
		drop_program(err);
	return ret;
}

static int make_conf(struct err *err)
{
	cleanup_free char *script = xasprintf("%s/apt-conf", path_data());
	cleanup_free char *dir = xasprintf("%s/apt", path_cache());
	const char *argv[] = {"sh", script, dir, NULL};
	int ret;

	if (!file_exists(script))
		return err_set(err, -ENOENT,
			       "%s is missing; install wringer again or set WRINGER_DATA", script);
	ret = proc_capture(argv, LOCAL_TIMEOUT_MS, NULL, err);
	if (ret != -EIO)
		return ret;
	drop_program(err);
	return -ENOTSUP;
}

/* line is "SUITE FILE". */
static int read_target(char *line, struct buf *out, struct err *err)
{
	char *space = strchr(line, ' ');
	const char *args[] = {APT_HELPER, "cat-file", space ? space + 1 : NULL, NULL};
	cleanup_buf struct buf text = {0};
	int ret;

	if (!space || !file_exists(space + 1))
		return 0;
	*space = '\0';
	ret = apt_run(NULL, args, LOCAL_TIMEOUT_MS, &text, err);
	if (!ret)
		index_filter(buf_str(&text), text.len, line, out);
	return ret;
}

/* Appends the kernels of every index that is there; *found counts the indexes. */
static int read_targets(struct buf *out, size_t *found, struct err *err)
{
	static const char format[] = "$(RELEASE) $(FILENAME)";
	static const char *const args[] = {
		"apt-get", "indextargets", "--format", format, "Created-By: Packages", NULL};
	cleanup_buf struct buf list = {0};
	char *save = NULL;
	char *line;
	int ret = apt_run(NULL, args, LOCAL_TIMEOUT_MS, &list, err);

	if (ret || !list.len)
		return ret;
	for (line = strtok_r(list.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		ret = read_target(line, out, err);
		if (ret)
			return ret;
		++*found;
	}
	return 0;
}

/*
 * apt-get update fails as a whole when one suite cannot be had, and succeeds when none can be
 * reached, so what counts is what is there after it.
 */
static int update(const char *path, struct err *err)
{
	static const char *const args[] = {
		"apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update", NULL};
	cleanup_buf struct buf text = {0};
	struct err why = {0};
	size_t found = 0;
	int ret = make_conf(err);

	if (ret)
		return ret;
	if (apt_run(NULL, args, APT_TIMEOUT_MS, NULL, &why) == -ETIMEDOUT)
		return err_set(
			err, -ETIMEDOUT,
			"fetching the package indexes takes more than ten minutes; try again");
	ret = read_targets(&text, &found, err);
	if (ret)
		return ret;
	if (!found)
		return err_set(err, -EIO,
			       "no package index could be fetched; check the network and whether "
			       "\"apt-get update\" works%s%s",
			       *why.msg ? ": " : "", why.msg);
	return file_write(path, buf_str(&text), text.len, err);
}

static bool fresh(const char *path)
{
	struct stat st;
	time_t now = time(NULL);

	return !stat(path, &st) && st.st_mtime <= now && now - st.st_mtime < INDEX_AGE_MAX;
}

int apt_index(bool refresh, struct buf *out, struct err *err)
{
	cleanup_free char *path = apt_file("kernels");
	cleanup_fd int lock = -1;
	int ret = 0;

	if (!refresh && fresh(path))
		return file_read(path, out, err);
	lock = apt_lock(LOCK_EX, err);
	if (lock < 0)
		return lock;
	/* Another process may have done it while we waited. */
	if (refresh || !fresh(path))
		ret = update(path, err);
	/* Without the network, an old index still finds what is in the cache. */
	if (ret && (refresh || !file_exists(path)))
		return ret;
	return file_read(path, out, err);
}

int apt_download(const struct rung *rung, const char *dir, struct err *err)
{
	const char *args[ARGS_MAX + 1] = {"apt-get", "-qq", "download"};
	char *name[ARGS_MAX] = {NULL};
	cleanup_fd int lock = apt_lock(LOCK_SH, err);
	struct err why = {0};
	size_t i;
	int ret;

	if (lock < 0)
		return lock;
	for (i = 0; rung->name[i] && i + 3 < ARGS_MAX; i++) {
		name[i] = xasprintf("%s=%s", rung->name[i], rung->package);
		args[i + 3] = name[i];
	}
	ret = apt_run(dir, args, APT_TIMEOUT_MS, NULL, &why);
	while (i)
		free(name[--i]);
	if (ret == -ETIMEDOUT)
		return err_set(err, ret,
			       "downloading kernel %s takes more than ten minutes; try again",
			       rung->package);
	if (ret)
		return err_set(err, ret,
			       "kernel %s cannot be had now; take another or refresh the list: %s",
			       rung->package, why.msg);
	return 0;
}

int apt_fetch(char *const names[], const char *dir, struct err *err)
{
	const char *args[ARGS_MAX + 1] = {"apt-get", "-qq", "download"};
	cleanup_buf struct buf index = {0};
	cleanup_fd int lock = -1;
	struct err why = {0};
	size_t n = 3, i;
	/* What is fetched for the kernels are all packages' indexes. */
	int ret = apt_index(false, &index, err);

	if (ret)
		return ret;
	for (i = 0; names[i]; i++) {
		if (i == APT_FETCH_MAX)
			return err_set(err, -E2BIG, "more than %d packages", APT_FETCH_MAX);
		args[n++] = names[i];
	}
	lock = apt_lock(LOCK_SH, err);
	if (lock < 0)
		return lock;
	ret = apt_run(dir, args, APT_TIMEOUT_MS, NULL, &why);
	if (ret == -ETIMEDOUT)
		return err_set(err, ret, "downloading takes more than ten minutes; try again");
	return ret ? err_set(err, ret, "%s", why.msg) : 0;
}

/* apt's idea of a machine on which nothing is installed, with room for what it downloads. */
static int make_empty(const char *dir, struct err *err)
{
	cleanup_free char *status = xasprintf("%s/status", dir);
	cleanup_free char *partial = xasprintf("%s/partial", dir);
	int ret = dir_make(partial, err);

	return ret ? ret : file_write(status, "", 0, err);
}

int apt_fetch_closure(const char *suite, const char *const names[], const char *dir, struct err *err)
{
	cleanup_free char *archives = xasprintf("Dir::Cache::archives=%s", dir);
	cleanup_free char *status = xasprintf("Dir::State::status=%s/status", dir);
	cleanup_buf struct buf index = {0};
	const char *args[ARGS_MAX + 1] = {
		"apt-get", "-qq", "-y", "-o", archives, "-o", status, "-o", "Debug::NoLocking=1",
		"-o", "APT::Install-Recommends=0", "-t", suite, "install", "--download-only"};
	cleanup_fd int lock = -1;
	struct err why = {0};
	size_t n, i;
	int ret = apt_index(false, &index, err);

	for (n = 0; args[n]; n++)
		;
	for (i = 0; names[i] && n + 1 < ARRAY_SIZE(args); i++)
		args[n++] = names[i];
	if (!ret)
		ret = make_empty(dir, err);
	if (ret)
		return ret;
	lock = apt_lock(LOCK_SH, err);
	if (lock < 0)
		return lock;
	ret = apt_run(NULL, args, 3 * APT_TIMEOUT_MS, NULL, &why);
	return ret ? err_set(err, ret, "%s", why.msg) : 0;
}
