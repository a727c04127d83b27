// SPDX-License-Identifier: GPL-2.0-only
#include "engine/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/path.h"

#define ABOUT  "template.json"
#define NEW    ".new"
#define LOCK   ".lock"
#define PAGE   4096
#define CHUNK  (1u << 20)

static char *templates_path(const char *key, const char *suffix)
{
	return xasprintf("%s/templates/%s%s", path_cache(), key, suffix);
}

static bool is_key(const char *s)
{
	return strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}

void template_key(const json_t *parts, char key[SHA256_HEX])
{
	char *text = json_dumps(parts, JSON_SORT_KEYS | JSON_COMPACT);

	sha256_buf(text, strlen(text), key);
	free(text);
}

/* The file may have been removed and made anew between opening and locking it. */
static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* -EWOULDBLOCK when it is held in a way that excludes this one. */
static int take_lock(const char *key, int how, struct err *err)
{
	cleanup_free char *path = templates_path(key, LOCK);

	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		int ret;

		if (fd < 0)
			return err_sys(err, -errno, "cannot create %s", path);
		ret = flock(fd, how | LOCK_NB) ? -errno : 0;
		if (!ret && same_file(fd, path))
			return fd;
		close(fd);
		if (ret)
			return err_set(err, ret == -EWOULDBLOCK ? -EBUSY : ret,
				       "template %.12s is in use: %s", key, strerror(-ret));
	}
}

static int take(const char *key, int how, struct template *tpl, struct err *err)
{
	cleanup_free char *folder = xasprintf("%s/templates", path_cache());
	int ret = dir_make(folder, err);

	*tpl = TEMPLATE_NONE;
	if (ret)
		return ret;
	ret = take_lock(key, how, err);
	if (ret < 0)
		return ret;
	tpl->lock = ret;
	memcpy(tpl->key, key, SHA256_HEX);
	return 0;
}

static bool is_there(const char *key)
{
	cleanup_free char *about = templates_path(key, "/" ABOUT);

	return file_exists(about);
}

int template_open(const char *key, struct template *tpl, struct err *err)
{
	cleanup_free char *about = templates_path(key, "/" ABOUT);
	int ret = take(key, LOCK_SH, tpl, err);

	if (ret)
		return ret;
	/* The time of the last use decides what goes first. */
	if (utimensat(AT_FDCWD, about, NULL, 0) && errno == ENOENT) {
		template_close(tpl);
		return err_set(err, -ENOENT, "there is no template %.12s", key);
	}
	tpl->dir = templates_path(key, "");
	return 0;
}

int template_begin(const char *key, struct template *tpl, struct err *err)
{
	int ret = take(key, LOCK_EX, tpl, err);

	if (ret)
		return ret;
	if (is_there(key)) {
		template_close(tpl);
		return err_set(err, -EEXIST, "template %.12s is there", key);
	}
	tpl->dir = templates_path(key, NEW);
	ret = dir_remove(tpl->dir, err);
	if (!ret && mkdir(tpl->dir, 0755))
		ret = err_sys(err, -errno, "cannot make folder %s", tpl->dir);
	if (ret)
		template_close(tpl);
	return ret;
}

void template_close(struct template *tpl)
{
	size_t len = tpl->dir ? strlen(tpl->dir) : 0;

	if (len && !strcmp(tpl->dir + len - strlen(NEW), NEW))
		dir_remove(tpl->dir, NULL);
	free(tpl->dir);
	if (tpl->lock >= 0)
		close(tpl->lock);
	*tpl = TEMPLATE_NONE;
}

/* A piece of memory being looked through. */
struct pass {
	int fd;
	SHA2_CTX *hash;
	off_t hole; /* where the zero pages before the present one begin */
};

/* The zero pages up to there go off the disk, where the file system can do that. */
static int end_hole(struct pass *p, off_t at)
{
	if (at == p->hole)
		return 0;
	if (!fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, p->hole, at - p->hole))
		return 0;
	return errno == EOPNOTSUPP ? 0 : -errno;
}

/* A page that is not zero goes into the hash, with its place. */
static int take_page(struct pass *p, off_t at, const char *page)
{
	static const char zero[PAGE];
	uint64_t place = (uint64_t)at;
	int ret;

	if (!memcmp(page, zero, PAGE))
		return 0;
	ret = end_hole(p, at);
	p->hole = at + PAGE;
	SHA256Update(p->hash, (const uint8_t *)&place, sizeof(place));
	SHA256Update(p->hash, (const uint8_t *)page, PAGE);
	return ret;
}

static int take_pages(struct pass *p)
{
	static char chunk[CHUNK];
	off_t at = 0;
	ssize_t n, i;
	int ret = 0;

	while (!ret && (n = pread(p->fd, chunk, sizeof(chunk), at)) > 0) {
		for (i = 0; !ret && i + PAGE <= n; i += PAGE)
			ret = take_page(p, at + i, chunk + i);
		at += n;
	}
	if (!ret && n < 0)
		ret = -errno;
	return ret ? ret : end_hole(p, at);
}

static int take_memory(int fd, SHA2_CTX *hash)
{
	struct pass p = {.fd = fd, .hash = hash};
	int ret = take_pages(&p);

	/* It was the emulator's user's. */
	if (!ret && !geteuid() && fchown(fd, 0, 0))
		ret = -errno;
	if (!ret && (fchmod(fd, 0444) || fsync(fd)))
		ret = -errno;
	return ret;
}

static int cmp_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_ram_file(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > strlen(SAVED_RAM) && !strcmp(e->d_name + len - strlen(SAVED_RAM), SAVED_RAM);
}

/* The emulator has ended: nobody changes what is looked at, but it may have put anything there. */
static int open_plain(const char *path, int flags)
{
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1)
		return fd;
	close(fd);
	return -EBADMSG;
}

static int take_memories(const char *dir, char hex[SHA256_HEX], struct err *err)
{
	struct dirent **list;
	int i, n = scandir(dir, &list, is_ram_file, cmp_name);
	int ret = n > 0 ? 0 : -EBADMSG;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX hash;

	SHA256Init(&hash);
	for (i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, list[i]->d_name);
		cleanup_fd int fd = ret ? -1 : open_plain(path, O_RDWR);

		ret = fd < 0 ? ret ? ret : fd : take_memory(fd, &hash);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	SHA256Final(digest, &hash);
	for (i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return ret ? err_sys(err, ret, "cannot keep the memory in %s", dir) : 0;
}

static int take_file(const char *dir, const char *name, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	cleanup_fd int fd = open_plain(path, O_RDONLY);

	if (fd < 0)
		return err_sys(err, fd, "cannot keep %s", path);
	if ((!geteuid() && fchown(fd, 0, 0)) || fchmod(fd, 0444))
		return err_sys(err, -errno, "cannot take over %s", path);
	return 0;
}

static int write_about(const char *dir, const json_t *parts, const char *title, const char *memory,
		       struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" ABOUT, dir);
	json_t *about = json_pack("{s:O, s:s, s:s}", "made_of", parts, "title", title,
				  "memory_sha256", memory);
	char *text = json_dumps(about, JSON_SORT_KEYS | JSON_INDENT(1));
	int ret = file_write(path, text, strlen(text), err);

	free(text);
	json_decref(about);
	return ret;
}

/* What a run needs in its folder and a template does not. */
static void drop_rest(const char *dir)
{
	static const char *const names[] = {RUN_KERNEL, RUN_INITRD, RUN_PLUGIN, RUN_SETUP, RUN_PLAN,
					    RUN_OBJECTS, RUN_STDERR};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
	}
}

int template_finish(struct template *tpl, const json_t *parts, const char *title, struct err *err)
{
	static const char *const names[] = {SAVED_STATE, RUN_CONSOLE, RUN_PROGRESS};
	cleanup_free char *final = templates_path(tpl->key, "");
	char memory[SHA256_HEX];
	size_t i;
	int ret = 0;

	drop_rest(tpl->dir);
	if (!geteuid() && chown(tpl->dir, 0, 0))
		ret = err_sys(err, -errno, "cannot take over %s", tpl->dir);
	for (i = 0; !ret && i < ARRAY_SIZE(names); i++)
		ret = take_file(tpl->dir, names[i], err);
	if (!ret)
		ret = take_memories(tpl->dir, memory, err);
	if (!ret)
		ret = write_about(tpl->dir, parts, title, memory, err);
	if (!ret)
		ret = dir_sync(tpl->dir, err);
	if (!ret && rename(tpl->dir, final))
		ret = err_sys(err, -errno, "cannot make %s", final);
	template_close(tpl);
	return ret;
}

static uint64_t disk_bytes(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t sum = 0;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d)))
		if (!fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	if (d)
		closedir(d);
	return sum;
}

static bool read_info(const char *key, struct template_info *info)
{
	cleanup_free char *dir = templates_path(key, "");
	cleanup_free char *about = templates_path(key, "/" ABOUT);
	struct stat st;

	if (stat(about, &st))
		return false;
	memcpy(info->key, key, SHA256_HEX);
	info->bytes = disk_bytes(dir);
	info->used = st.st_mtime;
	info->about = json_load_file(about, 0, NULL);
	return true;
}

static int cmp_used(const void *a, const void *b)
{
	const struct template_info *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

int templates_list(struct template_info **list, size_t *nr, struct err *err)
{
	cleanup_free char *folder = xasprintf("%s/templates", path_cache());
	DIR *dir = opendir(folder);
	struct dirent *e;

	*list = NULL;
	*nr = 0;
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot read %s", folder);
	while ((e = readdir(dir))) {
		if (strlen(e->d_name) != SHA256_HEX - 1 || !is_key(e->d_name))
			continue;
		*list = xrealloc(*list, *nr + 1, sizeof(**list));
		*nr += read_info(e->d_name, &(*list)[*nr]);
	}
	closedir(dir);
	if (*nr)
		qsort(*list, *nr, sizeof(**list), cmp_used);
	return 0;
}

void templates_free(struct template_info *list, size_t nr)
{
	while (nr)
		json_decref(list[--nr].about);
	free(list);
}

/*
 * Renamed before it is removed, so that a folder that is there is whole at every moment.  True when
 * it is gone.
 */
static bool remove_held(const char *key)
{
	cleanup_free char *dir = templates_path(key, "");
	cleanup_free char *doomed = templates_path(key, NEW);
	cleanup_free char *lock = templates_path(key, LOCK);

	dir_remove(doomed, NULL);
	if (rename(dir, doomed) && errno != ENOENT)
		return false;
	dir_remove(doomed, NULL);
	unlink(lock);
	return true;
}

bool template_busy(const char *key)
{
	cleanup_free char *path = templates_path(key, LOCK);
	cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

bool template_remove(const char *key)
{
	cleanup_fd int lock = take_lock(key, LOCK_EX, NULL);

	return lock >= 0 && remove_held(key);
}

/* Somebody may finish it in the meantime. */
static void remove_left(const char *key)
{
	cleanup_fd int lock = take_lock(key, LOCK_EX, NULL);

	if (lock >= 0 && !is_there(key))
		remove_held(key);
}

/* The lock tells that whoever began it is gone. */
void templates_clean(void)
{
	cleanup_free char *folder = xasprintf("%s/templates", path_cache());
	DIR *dir = opendir(folder);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char key[SHA256_HEX];

		if (!is_key(e->d_name) || strlen(e->d_name) == SHA256_HEX - 1)
			continue;
		memcpy(key, e->d_name, SHA256_HEX - 1);
		key[SHA256_HEX - 1] = '\0';
		remove_left(key);
	}
	if (dir)
		closedir(dir);
}

int templates_trim(uint64_t max, size_t *removed, struct err *err)
{
	struct template_info *list;
	size_t i, nr;
	uint64_t sum = 0;
	int ret = templates_list(&list, &nr, err);

	*removed = 0;
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		sum += list[i].bytes;
	for (i = 0; i < nr && sum > max; i++) {
		if (!template_remove(list[i].key))
			continue;
		sum -= list[i].bytes;
		++*removed;
	}
	templates_free(list, nr);
	templates_clean();
	return 0;
}

int templates_max(uint64_t *max, struct err *err)
{
	const char *text = getenv("WRINGER_TEMPLATES_MAX");

	*max = TEMPLATES_MAX_DEFAULT;
	if (!text || !parse_size(text, max))
		return 0;
	return err_set(err, -EINVAL, "WRINGER_TEMPLATES_MAX='%s' is no size, as in 8G", text);
}
