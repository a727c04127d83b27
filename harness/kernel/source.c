// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"
#include "base/proc.h"
#include "kernel/apt.h"
#include "kernel/git.h"
#include "kernel/internal.h"

#define UNPACK_TIMEOUT_MS (60 * 60 * 1000)
#define DEBIAN		  "debian:"

volatile bool build_stop;

static char *part(const struct source *s, const char *name)
{
	return xasprintf("%s/%s", s->dir, name);
}

/* Our repository of this tree, with an index of its own for what is being looked at. */
struct repo {
	char *dir, *work, *index;
	struct git git;
};

static void repo_release(struct repo *r)
{
	free(r->dir);
	free(r->work);
	free(r->index);
}
#define cleanup_repo __attribute__((cleanup(repo_release)))

static struct repo repo_of(const struct source *s, const char *work, const char *index)
{
	struct repo r = {.dir = part(s, "git"), .work = xstrdup(work),
			 .index = xasprintf("%s/git/%s", s->dir, index)};

	r.git = (struct git){.dir = r.dir, .work = r.work, .index = r.index};
	return r;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/*
 * Kbuild's own programs inherit the lock, so that what a killed build left running keeps others away
 * until it has ended.
 */
static int take_lock(struct source *s, void (*say)(const char *line), struct err *err)
{
	cleanup_free char *path = part(s, "lock");

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lock < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	cache_used(path);
	if (!flock(s->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (say)
		say("waiting for another build of this tree");
	while (flock(s->lock, LOCK_EX))
		if (errno != EINTR || build_stop)
			return err_sys(err, -errno, "cannot lock %s", path);
	return 0;
}

/* What a killed git left; nobody else is at it while we hold the lock. */
static void remove_locks(const struct source *s)
{
	cleanup_free char *dir = part(s, "git");
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		cleanup_free char *path = xasprintf("%s/%s", dir, e->d_name);
		size_t len = strlen(e->d_name);

		if (len > 5 && !strcmp(e->d_name + len - 5, ".lock"))
			unlink(path);
	}
	if (d)
		closedir(d);
}

/* <cache>/trees/<key>; the key is short because compilers see the path. */
static int open_dir(struct source *s, void (*say)(const char *line), struct err *err)
{
	cleanup_free char *from = NULL;
	cleanup_free char *src = NULL;
	char key[SHA256_HEX];
	int ret;

	sha256_buf(s->from, strlen(s->from), key);
	s->dir = xasprintf("%s/trees/%.16s", path_cache(), key);
	cache_hold();
	ret = dir_make(s->dir, err);
	if (!ret) {
		char *full = realpath(s->dir, NULL);

		if (full) {
			free(s->dir);
			s->dir = full;
		}
		/* make's words and git's list of folders end at these */
		if (strpbrk(s->dir, " \t\n:'\"\\$#=,%"))
			return err_set(err, -EINVAL,
				       "kernels cannot be built below %s, whose name has more than "
				       "letters, digits, '/', '-', '_' and '.'; set WRINGER_CACHE",
				       path_cache());
		ret = take_lock(s, say, err);
	}
	if (ret)
		return ret;
	remove_locks(s);
	src = part(s, "src");
	ret = dir_make(src, err);
	from = part(s, "from");
	return ret || file_exists(from) ? ret : file_write(from, s->from, strlen(s->from), err);
}

/* objects: a folder of objects that are read, too, or NULL.  Written anew each time: it may move. */
static int open_repo(const struct source *s, const char *format, const char *objects, struct err *err)
{
	cleanup_repo struct repo r = repo_of(s, s->dir, "index");
	cleanup_free char *head = part(s, "git/HEAD");
	cleanup_free char *path = part(s, "git/objects/info/alternates");
	cleanup_free char *option = xasprintf("--object-format=%s", format);
	cleanup_free char *line = xasprintf("%s\n", objects ? objects : "");
	struct git git = {.dir = r.dir};
	int ret = 0;

	if (!file_exists(head))
		ret = git_run(&git, NULL, err, "init", "-q", "--bare", option, NULL);
	return ret || !objects ? ret : file_write(path, line, strlen(line), err);
}

/* ---- a folder, or the working tree of a repository, as it is now ---- */

#define SETTINGS "-c", "core.looseCompression=1", "-c", "core.autocrlf=false", "-c", \
		 "core.fileMode=true", "-c", "advice.addEmbeddedRepo=false"
#define BUT(what) ":(exclude,glob)" what

/*
 * A folder that is no repository: its .gitignore files may be of whoever packed it and leave out all
 * (Debian's do), so what a build leaves is named here.
 */
static int add_all(const struct repo *r, const char *folder, struct err *err)
{
	return git_run(&r->git, NULL, err, "-C", folder, SETTINGS, "add", "-A", "-f", "--", ".",
		       BUT("**/*.o"), BUT("**/*.a"), BUT("**/*.ko"), BUT("**/*.cmd"), BUT("**/*.mod"),
		       BUT("**/*.order"), BUT(".config*"), BUT(".tmp_*"), BUT("vmlinux*"),
		       BUT("include/config/**"), BUT("include/generated/**"),
		       BUT("arch/*/include/generated/**"), BUT("**/.git/**"), NULL);
}

/* The index is kept: next time only what changed is read. */
static int take_folder(struct source *s, const char *folder, const char *head, struct err *err)
{
	cleanup_repo struct repo r = repo_of(s, folder, "folder");
	int ret = 0;

	if (head && !file_exists(r.index))
		ret = git_run(&r.git, NULL, err, "read-tree", head, NULL);
	if (!ret && head)
		ret = git_run(&r.git, NULL, err, "-C", folder, SETTINGS, "add", "-A", ".", NULL);
	else if (!ret)
		ret = add_all(&r, folder, err);
	return ret ? ret : git_line(&r.git, s->tree, sizeof(s->tree), err, "write-tree", NULL);
}

/* ---- a git repository ---- */

struct user_repo {
	char *top;     /* its files; NULL for a bare one */
	char *objects;
	char format[16];
};

static void user_repo_release(struct user_repo *u)
{
	free(u->top);
	free(u->objects);
}
#define cleanup_user_repo __attribute__((cleanup(user_repo_release)))

/* False when the folder is not the top of a repository; a refusal of git's is an error. */
static int open_user_repo(const char *path, struct user_repo *u, bool *is, struct err *err)
{
	cleanup_free char *dotgit = xasprintf("%s/.git", path);
	cleanup_free char *head = xasprintf("%s/HEAD", path);
	cleanup_free char *objects = xasprintf("%s/objects", path);
	char line[4096];
	struct git git = {.dir = NULL};
	int ret;

	*is = file_exists(dotgit) || (file_exists(head) && is_folder(objects));
	if (!*is)
		return 0;
	ret = git_line(&git, line, sizeof(line), err, "-C", path, "rev-parse", "--git-path",
		       "objects", NULL);
	if (ret)
		return err_prefix(err, ret, "%s", path);
	free(objects);
	objects = *line == '/' ? xstrdup(line) : xasprintf("%s/%s", path, line);
	u->objects = realpath(objects, NULL);
	if (!u->objects)
		return err_sys(err, -errno, "the repository %s has no objects", path);
	if (file_exists(dotgit))
		u->top = xstrdup(path);
	ret = git_line(&git, u->format, sizeof(u->format), err, "-C", path, "rev-parse",
		       "--show-object-format", NULL);
	return ret ? err_prefix(err, ret, "%s", path) : 0;
}

static int resolve_commit(struct source *s, const char *path, const char *commit, struct err *err)
{
	cleanup_free char *name = xasprintf("%s^{commit}", commit);
	struct git git = {.dir = NULL};

	if (git_line(&git, s->commit, sizeof(s->commit), NULL, "-C", path, "rev-parse", "--quiet",
		     "--verify", "--end-of-options", name, NULL))
		return err_set(err, -ENOENT, "there is no commit %s in %s", commit, path);
	return 0;
}

static int take_commit(struct source *s, const char *path, struct err *err)
{
	cleanup_free char *name = xasprintf("%s^{tree}", s->commit);
	struct git git = {.dir = NULL};

	return git_line(&git, s->tree, sizeof(s->tree), err, "-C", path, "rev-parse", "--verify",
			"--end-of-options", name, NULL);
}

/* Without a commit: the files as they are, with HEAD's as what git keeps although it ignores it. */
static int take_repo(struct source *s, const char *path, const struct user_repo *u,
		     const char *commit, struct err *err)
{
	cleanup_free char *head_tree = NULL;
	char head[GIT_ID_MAX] = "";
	int ret;

	if (commit || !u->top) {
		ret = resolve_commit(s, path, commit ? commit : "HEAD", err);
		return ret ? ret : take_commit(s, path, err);
	}
	if (!resolve_commit(s, path, "HEAD", NULL) && !take_commit(s, path, NULL)) {
		memcpy(head, s->tree, sizeof(head));
		head_tree = xstrdup(head);
	}
	ret = take_folder(s, path, head_tree, err);
	/* What differs from its commit is none. */
	if (strcmp(head, s->tree))
		s->commit[0] = '\0';
	return ret;
}

/* ---- Debian's source packages ---- */

struct unpack {
	const char *tar; /* the tarball is to be there */
	bool found;
};

static int take_tarball(struct archive *tar, struct archive_entry *entry, void *ctx, struct err *err)
{
	struct unpack *u = ctx;
	const char *name = archive_entry_pathname(entry);
	size_t len = name ? strlen(name) : 0;
	int fd, ret = 0;

	if (u->found || !name || !strstr(name, "usr/src/linux-source-") || len < 7 ||
	    strcmp(name + len - 7, ".tar.xz"))
		return 0;
	fd = open(u->tar, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot write %s", u->tar);
	if (archive_read_data_into_fd(tar, fd) != ARCHIVE_OK)
		ret = err_set(err, errno == ENOSPC ? -ENOSPC : -EBADMSG, "cannot unpack %s: %s", name,
			      archive_error_string(tar));
	u->found = !ret;
	close(fd);
	return ret;
}

static int is_deb(const struct dirent *e)
{
	return strstr(e->d_name, ".deb") != NULL;
}

/* The package's file becomes what the source is from. */
static int unpack_package(struct source *s, const char *tmp, struct err *err)
{
	cleanup_free char *tar = xasprintf("%s/source.tar.xz", tmp);
	cleanup_free char *src = part(s, "src");
	const char *argv[] = {"tar", "-xJf", tar, "-C", src, "--strip-components=1",
			      "--no-same-owner", NULL};
	struct unpack u = {.tar = tar};
	struct dirent **list = NULL;
	int nr = scandir(tmp, &list, is_deb, alphasort), i, ret = -ENOENT;

	for (i = 0; i < nr; i++) {
		cleanup_free char *path = xasprintf("%s/%s", tmp, list[i]->d_name);

		free(s->origin);
		s->origin = xstrdup(list[i]->d_name);
		ret = deb_walk(path, take_tarball, &u, err);
		free(list[i]);
	}
	free(list);
	if (!ret && !u.found)
		ret = -ENOENT;
	if (ret == -ENOENT)
		return err_set(err, ret, "the package of %s holds no kernel source", s->from);
	return ret ? ret : proc_capture(argv, UNPACK_TIMEOUT_MS, NULL, err);
}

static int fetch_package(const struct source *s, const char *tmp, void (*say)(const char *line),
			 struct err *err)
{
	cleanup_free char *name = xasprintf("linux-source-%s", s->from + strlen(DEBIAN));
	char *names[] = {name, NULL};

	if (say)
		say("fetching the kernel's source; that takes a few minutes, once");
	return err_prefix(err, apt_fetch(names, tmp, err), "%s", s->from);
}

/* What was unpacked stays in src/, and the index knows it: the first checkout has nothing to do. */
static int import_package(struct source *s, const char *tmp, void (*say)(const char *line),
			  struct err *err)
{
	cleanup_free char *src = part(s, "src");
	cleanup_repo struct repo r = repo_of(s, src, "index");
	int ret = dir_remove(src, err);

	if (!ret)
		ret = dir_make(src, err);
	if (!ret)
		ret = dir_make(tmp, err);
	if (!ret)
		ret = fetch_package(s, tmp, say, err);
	if (!ret)
		ret = unpack_package(s, tmp, err);
	if (!ret)
		ret = git_run(&r.git, NULL, err, "-C", src, "-c", "core.looseCompression=1", "add",
			      "-A", "-f", ".", NULL);
	return ret ? ret : git_line(&r.git, s->tree, sizeof(s->tree), err, "write-tree", NULL);
}

/* The file "package" says that all is there: "TREE FILE". */
static int open_package(struct source *s, void (*say)(const char *line), struct err *err)
{
	cleanup_free char *done = part(s, "package");
	cleanup_free char *tmp = part(s, "tmp");
	cleanup_free char *line = NULL;
	cleanup_buf struct buf text = {0};
	char file[256] = "";
	int ret;

	if (file_exists(done) && !file_read(done, &text, NULL) &&
	    sscanf(buf_str(&text), "%64[0-9a-f] %255s", s->tree, file) == 2) {
		free(s->origin);
		s->origin = xstrdup(file);
		return 0;
	}
	ret = open_repo(s, "sha1", NULL, err);
	if (!ret)
		ret = import_package(s, tmp, say, err);
	dir_remove(tmp, NULL);
	line = xasprintf("%s %s\n", s->tree, s->origin);
	return ret ? ret : file_write(done, line, strlen(line), err);
}

/* ---- all of them ---- */

int source_read(const struct source *source, const char *path, struct buf *out, struct err *err)
{
	cleanup_repo struct repo r = repo_of(source, source->dir, "index");
	cleanup_free char *name = xasprintf("%s:%s", source->tree, path);

	return git_run(&r.git, out, err, "cat-file", "blob", name, NULL);
}

/* "VERSION = 7"; what is not there is empty. */
static void makefile_value(const char *text, const char *key, char out[12])
{
	size_t len = strlen(key);
	const char *at;

	out[0] = '\0';
	for (at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, len) || !strchr(" \t=", at[len]))
			continue;
		at += len + strspn(at + len, " \t=");
		len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-.");
		snprintf(out, 12, "%.*s", (int)(len > 11 ? 11 : len), at);
		return;
	}
}

/* Its Makefile says its version, and there is a Kconfig. */
static int check_tree(struct source *s, struct err *err)
{
	char major[12], minor[12], sub[12], extra[12];
	cleanup_buf struct buf kconfig = {0};
	cleanup_buf struct buf text = {0};

	if (source_read(s, "Kconfig", &kconfig, NULL) || source_read(s, "Makefile", &text, NULL))
		return err_set(err, -EINVAL,
			       "%s is no kernel tree: it has no Makefile or no Kconfig at its top",
			       s->from);
	makefile_value(buf_str(&text), "VERSION", major);
	makefile_value(buf_str(&text), "PATCHLEVEL", minor);
	makefile_value(buf_str(&text), "SUBLEVEL", sub);
	makefile_value(buf_str(&text), "EXTRAVERSION", extra);
	if (!isdigit((unsigned char)*major) || !isdigit((unsigned char)*minor))
		return err_set(err, -EINVAL, "%s is no kernel tree: its Makefile has no VERSION",
			       s->from);
	snprintf(s->version, sizeof(s->version), "%s.%s%s%s%s", major, minor,
		 *sub && strcmp(sub, "0") ? "." : "", strcmp(sub, "0") ? sub : "", extra);
	return 0;
}

static int take_path(struct source *s, const char *commit, void (*say)(const char *line),
		     struct err *err)
{
	cleanup_user_repo struct user_repo u = {.format = "sha1"};
	bool is_repo;
	int ret = open_user_repo(s->from, &u, &is_repo, err);

	if (ret)
		return ret;
	if (commit && !is_repo)
		return err_set(err, -EINVAL, "%s is no git repository, so it has no commit %s",
			       s->from, commit);
	ret = open_dir(s, say, err);
	if (!ret)
		ret = open_repo(s, u.format, u.objects, err);
	if (ret)
		return ret;
	return is_repo ? take_repo(s, s->from, &u, commit, err) :
			 take_folder(s, s->from, NULL, err);
}

/* A path may have an '@'; what is behind the last one is a commit only if all of it is no path. */
static int open_path(struct source *s, const char *spec, const char *commit,
		     void (*say)(const char *line), struct err *err)
{
	cleanup_free char *path = xstrdup(spec);
	char *at = is_folder(spec) ? NULL : strrchr(path, '@');

	if (at) {
		*at++ = '\0';
		if (commit)
			return err_set(err, -EINVAL, "two commits for one build: %s and %s", at,
				       commit);
		commit = at;
	}
	if (!is_folder(path))
		return err_set(err, -ENOENT, "there is no folder %s%s", path,
			       strchr(path, '/') ? "" : " (or say debian:7.3 for a source package)");
	s->from = realpath(path, NULL);
	return s->from ? take_path(s, commit, say, err) :
			 err_sys(err, -errno, "cannot find %s", path);
}

static int open_debian(struct source *s, const char *spec, const char *commit,
		       void (*say)(const char *line), struct err *err)
{
	size_t len = strlen(spec + strlen(DEBIAN));
	int ret;

	if (commit)
		return err_set(err, -EINVAL, "%s is a package and has no commits", spec);
	if (!len || len > 100 ||
	    strspn(spec + strlen(DEBIAN), "abcdefghijklmnopqrstuvwxyz0123456789.+~=-/") != len)
		return err_set(err, -EINVAL, "%s: say debian:BRANCH, as in debian:7.3, or "
					     "debian:BRANCH=PACKAGE-VERSION", spec);
	s->from = xstrdup(spec);
	ret = open_dir(s, say, err);
	return ret ? ret : open_package(s, say, err);
}

int source_open(const char *spec, const char *commit, void (*say)(const char *line),
		struct source *out, struct err *err)
{
	const char *argv[] = {"git", "--version", NULL};
	int ret = proc_capture(argv, UNPACK_TIMEOUT_MS, NULL, NULL);

	*out = SOURCE_NONE;
	out->origin = xstrdup("");
	if (ret)
		ret = err_set(err, -ENOTSUP, "git is missing; 'scripts/deps build' installs what a "
					     "kernel is built with");
	else if (!strncmp(spec, DEBIAN, strlen(DEBIAN)))
		ret = open_debian(out, spec, commit, say, err);
	else
		ret = open_path(out, spec, commit, say, err);
	if (!ret)
		ret = check_tree(out, err);
	if (ret)
		source_release(out);
	return ret;
}

void source_release(struct source *source)
{
	free(source->from);
	free(source->dir);
	free(source->origin);
	if (source->lock >= 0)
		close(source->lock);
	*source = SOURCE_NONE;
}

/* ---- patches ---- */

/* Which hunk of the patch has this line of the old file; 0 when none does. */
static unsigned int find_hunk(const char *patch, const char *file, unsigned long line)
{
	unsigned int hunk = 0;
	bool here = false;
	const char *at;

	for (at = patch; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, "+++ ", 4) || !strncmp(at, "--- ", 4)) {
			const char *slash = strchr(at, '/');

			here = slash && !strncmp(slash + 1, file, strlen(file)) &&
			       strchr("\r\n\t", slash[1 + strlen(file)]);
			hunk = 0;
		} else if (here && !strncmp(at, "@@ -", 4)) {
			hunk++;
			if (strtoul(at + 4, NULL, 10) == line)
				return hunk;
		}
	}
	return 0;
}

/* git says "error: patch failed: FILE:LINE" or "error: FILE: no such thing". */
static int conflict(const char *name, const char *path, const struct buf *why, struct err *err)
{
	const char *failed = strstr(buf_str(why), "patch failed: ");
	const char *error = strstr(buf_str(why), "error: ");
	cleanup_buf struct buf patch = {0};
	char file[512] = "";
	unsigned long line = 0;
	unsigned int hunk;

	if (strstr(buf_str(why), "No space left"))
		return err_set(err, -ENOSPC, "the disk of %s is full", path_cache());
	if (!failed || sscanf(failed, "patch failed: %511[^:\n]:%lu", file, &line) != 2) {
		error = error ? error + 7 : buf_str(why);
		return err_set(err, BUILD_CONFLICT, "patch %s does not apply: %.*s", name,
			       (int)strcspn(error, "\n"), error);
	}
	hunk = file_read(path, &patch, NULL) ? 0 : find_hunk(buf_str(&patch), file, line);
	if (!hunk)
		return err_set(err, BUILD_CONFLICT, "patch %s does not apply to %s at line %lu", name,
			       file, line);
	return err_set(err, BUILD_CONFLICT, "patch %s does not apply: hunk %u of %s, at line %lu", name,
		       hunk, file, line);
}

/* In an index of their own: no file is written before all of them apply. */
int source_patch(struct source *source, const struct patches *series, size_t nr, struct err *err)
{
	cleanup_repo struct repo r = repo_of(source, source->dir, "patched");
	size_t i;
	int ret = git_run(&r.git, NULL, err, "read-tree", source->tree, NULL);

	for (i = 0; !ret && i < nr && i < series->nr; i++) {
		cleanup_free char *path = xasprintf("%s/%s", series->dir, series->name[i]);
		cleanup_buf struct buf why = {0};

		r.git.input = path;
		if (git_why(&r.git, &why, "-c", "core.looseCompression=1", "apply", "--cached",
			    "--whitespace=nowarn", "-", NULL))
			ret = conflict(series->name[i], path, &why, err);
	}
	r.git.input = NULL;
	if (ret)
		return ret;
	source->commit[0] = '\0';
	return git_line(&r.git, source->tree, sizeof(source->tree), err, "write-tree", NULL);
}

bool source_has_symbol(const struct source *source, const char *symbol)
{
	cleanup_repo struct repo r = repo_of(source, source->dir, "index");
	cleanup_free char *pattern = xasprintf("^[ \t]*(menu)?config[ \t]+%s[ \t]*$", symbol);

	return !git_run(&r.git, NULL, NULL, "grep", "-q", "-E", "-e", pattern, source->tree, "--",
			"*Kconfig*", NULL);
}

/*
 * Three steps, since a killed one may have left anything: what differs between the commits, then what
 * is there that should not be, then what is not as it should be.
 */
int source_checkout(const struct source *source, struct err *err)
{
	cleanup_free char *src = part(source, "src");
	cleanup_repo struct repo r = repo_of(source, src, "index");
	int ret = git_run(&r.git, NULL, err, "-C", src, "read-tree", "--reset", "-u", source->tree,
			  NULL);

	if (!ret)
		ret = git_run(&r.git, NULL, err, "-C", src, "clean", "-ffdxq", NULL);
	if (!ret)
		ret = git_run(&r.git, NULL, err, "-C", src, "checkout-index", "-f", "-a", "-q", "-u",
			      NULL);
	return ret ? err_prefix(err, ret, "cannot check the source out to %s", src) : 0;
}
