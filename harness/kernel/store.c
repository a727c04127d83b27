// SPDX-License-Identifier: GPL-2.0-only
/* The kernels in the cache: put together beside it, named by their content, moved in whole. */
#include "kernel/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"

#define DRAFT_PREFIX "tmp."
/* A draft that nobody locks is dead, but a new one is for a moment not locked yet. */
#define DRAFT_AGE_MIN 600

static char *kernels_dir(void)
{
	return xasprintf("%s/kernels", path_cache());
}

static int lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void sweep_one(const char *dir)
{
	cleanup_fd int fd = lock_dir(dir);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && time(NULL) - st.st_mtime > DRAFT_AGE_MIN)
		dir_remove(dir, NULL);
}

/* Removes what killed processes left. */
static void sweep_drafts(const char *kernels)
{
	DIR *dir = opendir(kernels);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", kernels, e->d_name);

		if (!strncmp(e->d_name, DRAFT_PREFIX, strlen(DRAFT_PREFIX)))
			sweep_one(path);
	}
	if (dir)
		closedir(dir);
}

int draft_open(struct draft *draft, struct err *err)
{
	cleanup_free char *kernels = kernels_dir();
	int ret = dir_make(kernels, err);

	memset(draft, 0, sizeof(*draft));
	draft->lock = -1;
	draft->packages = json_array();
	cache_hold();
	if (ret)
		return ret;
	sweep_drafts(kernels);
	draft->dir = xasprintf("%s/" DRAFT_PREFIX "XXXXXX", kernels);
	draft->kernel = xasprintf("%s/" DRAFT_PREFIX "XXXXXX/kernel", kernels);
	if (!mkdtemp(draft->dir)) {
		ret = -errno;
		free(draft->dir);
		draft->dir = NULL;
		return err_sys(err, ret, "cannot make a folder in %s", kernels);
	}
	memcpy(draft->kernel, draft->dir, strlen(draft->dir));
	draft->lock = lock_dir(draft->dir);
	return dir_make(draft->kernel, err);
}

void draft_release(struct draft *draft)
{
	if (draft->dir)
		dir_remove(draft->dir, NULL);
	if (draft->lock >= 0)
		close(draft->lock);
	free(draft->dir);
	free(draft->kernel);
	json_decref(draft->packages);
	memset(draft, 0, sizeof(*draft));
	draft->lock = -1;
}

int parent_make(const char *path, struct err *err)
{
	cleanup_free char *copy = xstrdup(path);

	return dir_make(dirname(copy), err);
}

struct names {
	char **name;
	size_t nr;
};

static void names_release(struct names *names)
{
	while (names->nr)
		free(names->name[--names->nr]);
	free(names->name);
}

static int cmp_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of all files below root, relative to it, sorted. */
static int list_files(const char *root, struct names *names, struct err *err)
{
	char *roots[] = {(char *)root, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;
	int ret = 0;

	if (!fts)
		return err_sys(err, -errno, "cannot read folder %s", root);
	while (!ret && (e = fts_read(fts))) {
		if (e->fts_info == FTS_D || e->fts_info == FTS_DP)
			continue;
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
			ret = err_sys(err, -e->fts_errno, "cannot read %s", e->fts_path);
			continue;
		}
		names->name = xrealloc(names->name, names->nr + 1, sizeof(*names->name));
		names->name[names->nr++] = xstrdup(e->fts_path + strlen(root) + 1);
	}
	fts_close(fts);
	if (names->nr)
		qsort(names->name, names->nr, sizeof(*names->name), cmp_names);
	return ret;
}

static int hash_names(const char *root, const struct names *names, char id[SHA256_HEX],
		      struct err *err)
{
	cleanup_buf struct buf list = {0};
	size_t i;

	for (i = 0; i < names->nr; i++) {
		cleanup_free char *path = xasprintf("%s/%s", root, names->name[i]);
		char hex[SHA256_HEX];
		int ret = sha256_file(path, hex, err);

		if (ret)
			return ret;
		buf_printf(&list, "%s  %s\n", hex, names->name[i]);
	}
	sha256_buf(buf_str(&list), list.len, id);
	return 0;
}

static int make_id(const char *root, char id[SHA256_HEX], struct err *err)
{
	struct names names = {0};
	int ret = list_files(root, &names, err);

	if (!ret)
		ret = hash_names(root, &names, id, err);
	names_release(&names);
	return ret;
}

static json_t *make_meta(const struct draft *draft, const char *id, const char *release)
{
	cleanup_free char *modules = xasprintf("%s/modules", draft->kernel);

	return json_pack("{ss ss ss ss ss ss* sb sO}", "id", id, "release", release, "version",
			 draft->version ? draft->version : release, "package",
			 draft->package ? draft->package : "", "packaging", draft->packaging,
			 "suite", draft->suite, "modules", file_exists(modules), "packages",
			 draft->packages);
}

static int write_json(const struct draft *draft, const char *name, const json_t *json,
		      struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", draft->kernel, name);
	cleanup_buf struct buf text = {0};
	char *dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;

	if (!dump)
		return err_set(err, -EINVAL, "cannot describe kernel %s in JSON",
			       draft->version ? draft->version : "");
	buf_printf(&text, "%s\n", dump);
	free(dump);
	return file_write(path, text.data, text.len, err);
}

static int write_meta(const struct draft *draft, const char *id, const char *release,
		      struct err *err)
{
	json_t *meta = make_meta(draft, id, release);
	int ret = write_json(draft, "meta.json", meta, err);

	json_decref(meta);
	if (!ret && draft->build)
		ret = write_json(draft, "build.json", draft->build, err);
	return ret;
}

/* It is on the disk before it has its name; another process may have been faster. */
static int move_in(const struct draft *draft, const char *id, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/kernels/%s", path_cache(), id);
	cleanup_fd int fd = open(draft->kernel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd))
		return err_sys(err, -errno, "cannot sync %s", draft->kernel);
	if (rename(draft->kernel, to) && errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(err, -errno, "cannot move a kernel to %s", to);
	return 0;
}

/* Of the two files that a kernel can be. */
static char *image_in(const char *dir)
{
	char *path = xasprintf("%s/linux", dir);

	if (file_exists(path))
		return path;
	free(path);
	return xasprintf("%s/vmlinuz", dir);
}

int draft_commit(struct draft *draft, struct kernel *out, struct err *err)
{
	cleanup_free char *image = image_in(draft->kernel);
	cleanup_free char *release = NULL;
	char id[SHA256_HEX];
	int ret;

	if (!file_exists(image))
		return err_set(err, -ENOENT, "no kernel image among the files of %s",
			       draft->package ? draft->package : "the kernel");
	ret = image_check(image, &release, err);
	if (!ret)
		ret = make_id(draft->kernel, id, err);
	if (!ret)
		ret = write_meta(draft, id, release, err);
	if (!ret)
		ret = move_in(draft, id, err);
	return ret ? ret : kernel_open(id, out, err);
}

bool kernel_is_uml(const struct kernel *kernel)
{
	cleanup_free char *path = xasprintf("%s/linux", kernel->dir);

	return file_exists(path);
}

char *kernel_image(const struct kernel *kernel)
{
	char *path = image_in(kernel->dir);

	cache_used(path);
	return path;
}

void kernel_release(struct kernel *kernel)
{
	free(kernel->dir);
	free(kernel->version);
	free(kernel->package);
	free(kernel->packaging);
	free(kernel->release);
	memset(kernel, 0, sizeof(*kernel));
}

void kernels_release(struct kernel *kernel, size_t nr)
{
	while (nr)
		kernel_release(&kernel[--nr]);
	free(kernel);
}

static bool is_id(const char *s)
{
	return strlen(s) == SHA256_HEX - 1 && strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}

static int read_meta(struct kernel *kernel, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/meta.json", kernel->dir);
	cleanup_buf struct buf text = {0};
	const char *version;
	const char *package;
	const char *packaging;
	const char *release;
	json_t *meta;
	int modules;
	int ret = file_read(path, &text, err);

	if (ret)
		return ret;
	meta = json_loadb(buf_str(&text), text.len, 0, NULL);
	if (!meta ||
	    json_unpack(meta, "{ss ss ss ss sb}", "version", &version, "package", &package,
			"packaging", &packaging, "release", &release, "modules", &modules)) {
		ret = err_set(err, -EBADMSG, "%s is damaged; remove the folder %s", path,
			      kernel->dir);
	} else {
		kernel->version = xstrdup(version);
		kernel->package = xstrdup(package);
		kernel->packaging = xstrdup(packaging);
		kernel->release = xstrdup(release);
		kernel->has_modules = modules;
	}
	json_decref(meta);
	return ret;
}

int kernel_open(const char *id, struct kernel *out, struct err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	cache_hold();
	if (!is_id(id))
		return err_set(err, -EINVAL, "\"%s\" is not the id of a kernel", id);
	memcpy(out->id, id, SHA256_HEX);
	out->dir = xasprintf("%s/kernels/%s", path_cache(), id);
	if (file_exists(out->dir))
		ret = read_meta(out, err);
	else
		ret = err_set(err, -ENOENT,
			      "kernel %.12s is not in the cache; fetch or import it again", id);
	if (ret)
		kernel_release(out);
	return ret;
}

static int cmp_kernels(const void *a, const void *b)
{
	const struct kernel *ka = a;
	const struct kernel *kb = b;
	int ret = kernel_version_cmp(ka->version, kb->version);

	if (!ret)
		ret = kernel_version_cmp(ka->package, kb->package);
	return ret ? ret : strcmp(ka->id, kb->id);
}

int kernel_cached(struct kernel **out, size_t *nr, struct err *err)
{
	cleanup_free char *kernels = kernels_dir();
	DIR *dir = opendir(kernels);
	struct dirent *e;

	*out = NULL;
	*nr = 0;
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot read %s", kernels);
	while ((e = readdir(dir))) {
		struct kernel kernel;

		/* One damaged kernel must not hide the others. */
		if (!is_id(e->d_name) || kernel_open(e->d_name, &kernel, NULL))
			continue;
		*out = xrealloc(*out, *nr + 1, sizeof(**out));
		(*out)[(*nr)++] = kernel;
	}
	closedir(dir);
	if (*nr)
		qsort(*out, *nr, sizeof(**out), cmp_kernels);
	return 0;
}

static bool is_called(const struct kernel *kernel, const char *version, bool exact)
{
	return *kernel->package && !strcmp(exact ? kernel->package : kernel->version, version);
}

int cached_find(const char *version, bool exact, struct kernel *out, struct err *err)
{
	struct kernel *kernel;
	size_t nr;
	size_t i;
	int ret = kernel_cached(&kernel, &nr, err);

	for (i = nr; i-- && !ret;)
		if (is_called(&kernel[i], version, exact))
			break;
	if (!ret && i < nr) {
		*out = kernel[i];
		memset(&kernel[i], 0, sizeof(kernel[i]));
	} else if (!ret) {
		ret = err_set(err, -ENOENT, "kernel %s is not in the cache", version);
	}
	kernels_release(kernel, nr);
	return ret;
}
