// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits, and the patches of a series on top of one, as a line.  All of git's work is done by git, in a
 * worktree of our own, so the user's is never touched.  What is built is a kernel of kernel/build.h, or
 * what the user's command makes of the checkout.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "bisect/line.h"
#include "kernel/build.h"
#include "kernel/git.h"

/* The matrix of commits is 50 MB then. */
#define COMMITS_MAX 20000

#define GIT_TIMEOUT_MS 600000
/* A day: nobody waits for that. */
#define BUILD_TIMEOUT_MS 86400000

/* Exit status of a build that says: not this commit. */
#define EXIT_SKIP 125

/* Of what a build prints, its last line is read. */
#define OUTPUT_MAX 65536

#define HASH_LEN 40

struct checkout {
	char *tree, *work, *build, *toolchain;
	char **config;
	char **hash; /* by point */
	size_t nr;
};

static void checkout_release(void *own)
{
	struct checkout *c = own;
	size_t i;

	for (i = 0; i < c->nr; i++)
		free(c->hash[i]);
	for (i = 0; c->config && c->config[i]; i++)
		free(c->config[i]);
	free(c->config);
	free(c->toolchain);
	free(c->hash);
	free(c->tree);
	free(c->work);
	free(c->build);
	free(c);
}

/* git -C DIR ARG...; no hook of the tree's runs. */
#define GIT(dir, out, err, ...)                                                                     \
	git_run(&(const struct git){0}, out, err, "-C", dir, "-c", "core.hooksPath=/dev/null", "-c", \
		"advice.detachedHead=false", __VA_ARGS__, NULL)

static void trim(struct buf *text)
{
	while (text->len && isspace((unsigned char)text->data[text->len - 1]))
		text->data[--text->len] = '\0';
}

static int check_tree(const char *tree, struct err *err)
{
	struct err why = {""};

	if (GIT(tree, NULL, &why, "rev-parse", "--git-dir"))
		return err_set(err, -EINVAL, "%s is not in a git repository", tree);
	return 0;
}

static int resolve(const char *tree, const char *word, char out[HASH_LEN + 1], struct err *err)
{
	cleanup_free char *commit = xasprintf("%s^{commit}", word);
	cleanup_buf struct buf text = {0};

	if (GIT(tree, &text, NULL, "rev-parse", "--verify", "--quiet", "--end-of-options", commit))
		return err_set(err, -ENOENT, "there is no commit '%s' in %s", word, tree);
	trim(&text);
	if (text.len != HASH_LEN || strspn(text.data, "0123456789abcdef") != HASH_LEN)
		return err_set(err, -ENOTSUP, "'%s' in %s has no hash of %d digits", word, tree, HASH_LEN);
	memcpy(out, text.data, HASH_LEN + 1);
	return 0;
}

/* Which of the ends is the older one. */
static int order(const char *tree, const char *from, const char *to, bool *swapped, struct err *err)
{
	cleanup_buf struct buf base = {0};

	if (!strcmp(from, to))
		return err_set(err, -EINVAL, "both ends are commit %.12s: there is nothing between them",
			       from);
	if (GIT(tree, &base, NULL, "merge-base", from, to))
		return err_set(err, -EINVAL, "the ends %.12s and %.12s have no history in common", from, to);
	trim(&base);
	*swapped = !strcmp(buf_str(&base), to);
	if (*swapped || !strcmp(buf_str(&base), from))
		return 0;
	return err_set(err, -EINVAL,
		       "the ends are on different branches: neither %.12s nor %.12s is an ancestor of the "
		       "other; test where they part, %.12s, first, and give it for one of them",
		       from, to, buf_str(&base));
}

static char *copy_of(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static char **copy_list(char *const *list)
{
	char **out = xcalloc(FRAGMENTS_MAX + 1, sizeof(*out));
	size_t i;

	for (i = 0; list && list[i] && i < FRAGMENTS_MAX; i++)
		out[i] = xstrdup(list[i]);
	return out;
}

static struct checkout *attach(struct line *line, const struct git_request *ask)
{
	struct checkout *c = xcalloc(1, sizeof(*c));

	*c = (struct checkout){.tree = xstrdup(ask->tree), .work = xstrdup(ask->work),
			       .build = copy_of(ask->build),
			       .toolchain = copy_of(ask->toolchain),
			       .config = copy_list(ask->config)};
	line->own = c;
	line->release_own = checkout_release;
	return c;
}

static void add_commit(struct line *line, const char *name, const char *hash, const char *title)
{
	struct checkout *c = line->own;

	line_add(line, name, title, NULL, COST_BUILD + COST_TEMPLATE);
	c->hash = xrealloc(c->hash, c->nr + 1, sizeof(*c->hash));
	c->hash[c->nr++] = xstrdup(hash);
}

static char *subject(const char *tree, const char *hash)
{
	cleanup_buf struct buf text = {0};

	if (GIT(tree, &text, NULL, "show", "-s", "--format=%s", hash))
		return xstrdup("");
	trim(&text);
	return xstrdup(buf_str(&text));
}

static int by_hash(const void *a, const void *b)
{
	const char *const *const *x = a, *const *const *y = b;

	return strcmp(**x, **y);
}

/* Places of hashes, for looking parents up. */
struct places {
	char ***sorted; /* pointers into checkout.hash */
	size_t nr;
};

static size_t place_of(const struct places *p, const struct checkout *c, char *hash)
{
	char **key = &hash;
	char ***found = bsearch(&key, p->sorted, p->nr, sizeof(*p->sorted), by_hash);

	return found ? (size_t)(*found - c->hash) : SIZE_MAX;
}

/* "commit HASH PARENT...\nSUBJECT\n", parents before their children. */
static int read_commits(struct line *line, const struct buf *text, char **lines, size_t *nr,
			struct err *err)
{
	char *rest = text->data, *head, *title, hash[HASH_LEN + 1];

	while (rest && *rest) {
		head = strsep(&rest, "\n");
		title = strsep(&rest, "\n");
		if (!title || strncmp(head, "commit ", 7) || strlen(head) < 7 + HASH_LEN)
			return err_set(err, -EBADMSG, "git rev-list says what is not understood: %.60s",
				       head);
		if (*nr == COMMITS_MAX)
			return err_set(err, -E2BIG, "over %d commits lie between the ends: name --path or "
						    "--first-parent", COMMITS_MAX);
		lines[(*nr)++] = head + 7 + HASH_LEN;
		snprintf(hash, sizeof(hash), "%s", head + 7);
		add_commit(line, hash, hash, title);
	}
	return 0;
}

static void link_parents(struct line *line, char **parents, size_t nr)
{
	struct checkout *c = line->own;
	struct places p = {xcalloc(c->nr, sizeof(*p.sorted)), c->nr};
	size_t i, at;
	char *hash;

	for (i = 0; i < c->nr; i++)
		p.sorted[i] = &c->hash[i];
	qsort(p.sorted, p.nr, sizeof(*p.sorted), by_hash);
	for (i = 0; i < nr; i++) {
		char *rest = parents[i];

		/* The old end has place 0; parents that are elsewhere do not matter. */
		while ((hash = strsep(&rest, " "))) {
			at = *hash ? place_of(&p, c, hash) : SIZE_MAX;
			if (at <= i)
				line_add_parent(line, i + 1, at);
		}
	}
	free(p.sorted);
}

/* Whether each point has that before it as its only parent. */
static bool is_plain(const struct line *line)
{
	size_t k;

	for (k = 1; k < line->nr; k++)
		if (line->point[k].nr_parents != 1 || line->point[k].parent[0] != k - 1)
			return false;
	return true;
}

/* The new end stands for all commits that the paths leave out. */
static void add_new_end(struct line *line, const char *tree, const char *to)
{
	cleanup_free char *title = NULL;
	size_t k;

	if (!strcmp(line->point[line->nr - 1].name, to))
		return;
	title = subject(tree, to);
	add_commit(line, to, to, title);
	for (k = 1; k + 1 < line->nr; k++)
		line_add_parent(line, line->nr - 1, k);
	if (line->nr == 2)
		line_add_parent(line, 1, 0);
	line->note = xstrdup("the new end is not in the paths: it stands for every commit that they leave "
			     "out");
}

static int list_commits(const struct git_request *ask, const char *from, const char *to,
			struct buf *out, struct err *err)
{
	cleanup_free char *range = xasprintf("%s..%s", from, to);
	const char **argv;
	size_t i, n = 0, paths = 0;
	int ret;

	while (ask->paths && ask->paths[paths])
		paths++;
	argv = xcalloc(paths + 12, sizeof(*argv));
	argv[n++] = "git";
	argv[n++] = "-C";
	argv[n++] = ask->tree;
	argv[n++] = "rev-list";
	argv[n++] = "--reverse";
	argv[n++] = "--topo-order";
	argv[n++] = "--parents";
	argv[n++] = "--format=%s";
	if (ask->first_parent)
		argv[n++] = "--first-parent";
	argv[n++] = range;
	argv[n++] = "--";
	for (i = 0; i < paths; i++)
		argv[n++] = ask->paths[i];
	ret = proc_capture(argv, GIT_TIMEOUT_MS, out, err);
	free(argv);
	return ret;
}

static line_make_fn make_commit;

static int fill_commits(const struct git_request *ask, const char *from, const char *to,
			struct line *out, struct err *err)
{
	cleanup_free char *title = subject(ask->tree, from);
	char **parents = xcalloc(COMMITS_MAX, sizeof(*parents));
	cleanup_buf struct buf text = {0};
	size_t nr = 0, k;
	int ret;

	attach(out, ask);
	add_commit(out, from, from, title);
	ret = list_commits(ask, from, to, &text, err);
	if (!ret)
		ret = read_commits(out, &text, parents, &nr, err);
	if (!ret) {
		link_parents(out, parents, nr);
		add_new_end(out, ask->tree, to);
		/* Along first parents, or where paths leave one thread, nothing branches. */
		for (k = 1; ask->first_parent && k < out->nr; k++) {
			out->point[k].nr_parents = 0;
			line_add_parent(out, k, k - 1);
		}
		if (!is_plain(out))
			line_make_matrix(out);
	}
	free(parents);
	return ret;
}

int line_of_commits(const struct git_request *ask, struct line *out, bool *swapped, struct err *err)
{
	char from[HASH_LEN + 1], to[HASH_LEN + 1];
	int ret = check_tree(ask->tree, err);

	*out = (struct line){.kind = "commits", .make = make_commit};
	if (!ret)
		ret = resolve(ask->tree, ask->from, from, err);
	if (!ret)
		ret = resolve(ask->tree, ask->to, to, err);
	if (!ret)
		ret = order(ask->tree, from, to, swapped, err);
	if (!ret)
		ret = fill_commits(ask, *swapped ? to : from, *swapped ? from : to, out, err);
	if (ret)
		line_release(out);
	return ret;
}

/* --- building --- */

/* A checkout that was killed half-way leaves locks: then the worktree is made anew. */
static int check_out(const struct checkout *c, const char *hash, struct err *err)
{
	if (file_exists(c->work) &&
	    !GIT(c->work, NULL, NULL, "checkout", "--quiet", "--detach", "--force", hash))
		return 0;
	GIT(c->tree, NULL, NULL, "worktree", "remove", "--force", "--force", c->work);
	if (dir_remove(c->work, err))
		return -EIO;
	GIT(c->tree, NULL, NULL, "worktree", "prune");
	return GIT(c->tree, NULL, err, "worktree", "add", "--quiet", "--force", "--detach", c->work, hash);
}

/* Runs the command; *status is waitpid()'s. */
static int run_build(const struct checkout *c, const char *log, int out_fd, int *status,
		     struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", c->build, NULL};
	cleanup_fd int log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct proc_opts opts = {.cwd = c->work, .out_fd = out_fd, .err_fd = log_fd};
	struct proc proc;
	int ret;

	if (log_fd < 0)
		return err_sys(err, -errno, "cannot write %s", log);
	ret = proc_spawn(&proc, argv, &opts, err);
	if (ret)
		return ret;
	ret = proc_wait(&proc, BUILD_TIMEOUT_MS, status);
	if (!ret)
		return 0;
	/* It is a signal that ends the wait so early. */
	proc_kill(&proc);
	return err_set(err, -EINTR, "stopped; the same command goes on where this one ended");
}

/* The last line that is not blank; a relative path is meant from the worktree. */
static int read_kernel(const struct checkout *c, int fd, char **kernel, struct err *err)
{
	char text[OUTPUT_MAX + 1], *line;
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, text, OUTPUT_MAX, end > OUTPUT_MAX ? end - OUTPUT_MAX : 0);
	struct buf out = {0};
	char *rest, *part;
	bool path;

	for (text[n < 0 ? 0 : n] = '\0'; n > 0 && isspace((unsigned char)text[n - 1]);)
		text[--n] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	for (rest = line; *rest && !iscntrl((unsigned char)*rest);)
		rest++;
	if (!*line || *rest || strlen(line) >= PATH_MAX)
		return err_set(err, -EINVAL, "the build command's last line on stdout is no kernel: it is to "
					     "print what 'wringer run -k' takes");
	path = strchr(line, '/') != NULL;
	for (rest = line; (part = strsep(&rest, ":"));)
		buf_printf(&out, "%s%s%s%s", out.len ? ":" : "", path && *part != '/' ? c->work : "",
			   path && *part != '/' ? "/" : "", part);
	*kernel = out.data;
	return 0;
}

static int run_command(const struct checkout *c, const char *name, char **kernel, struct err *err)
{
	cleanup_fd int out_fd = memfd_create("stdout", MFD_CLOEXEC);
	cleanup_free char *log = xasprintf("%s.log", c->work);
	int status, ret;

	if (out_fd < 0)
		return err_sys(err, -errno, "cannot start a build");
	ret = run_build(c, log, out_fd, &status, err);
	if (ret)
		return ret;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return read_kernel(c, out_fd, kernel, err);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP)
		return err_set(err, -ENOEXEC, "the build command says that it cannot be built");
	return err_set(err, -EIO, "the build command ended with %s %d at %.60s (%d would skip it); its stderr "
				  "is in %s", WIFEXITED(status) ? "status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), name, EXIT_SKIP, log);
}

void line_remove_worktree(struct line *line)
{
	const struct checkout *c = line->own;

	if (line->make == make_commit && c)
		GIT(c->tree, NULL, NULL, "worktree", "remove", "--force", "--force", c->work);
}

/* What does not compile, lacks a symbol or conflicts is a matter of the commit: skipped. */
static int build_commit(const struct checkout *c, size_t k, void (*say)(const char *line), char **kernel,
			struct err *err)
{
	struct build build = {.tree = c->tree, .commit = c->hash[k], .fragments = c->config,
			      .toolchain = c->toolchain, .say = say};
	struct built built;
	int ret = build_kernel(&build, &built, err);

	if (ret == BUILD_BROKEN || ret == BUILD_CONFIG || ret == BUILD_CONFLICT)
		return -ENOEXEC;
	if (ret)
		return ret;
	*kernel = xstrdup(built.name);
	built_release(&built);
	return 0;
}

static int make_commit(struct line *line, size_t k, void (*say)(const char *line), char **kernel,
		       struct err *err)
{
	const struct checkout *c = line->own;
	int ret;

	if (!c->build)
		return build_commit(c, k, say, kernel, err);
	if (say) {
		cleanup_free char *text = xasprintf("building %.60s", line->point[k].name);

		say(text);
	}
	ret = check_out(c, c->hash[k], err);
	if (ret)
		return ret;
	setenv("WRINGER_COMMIT", c->hash[k], 1);
	return run_command(c, line->point[k].name, kernel, err);
}

/* --- series --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* One commit a patch, with the same hash whenever it is made. */
static int commit_patch(const char *work, const char *file, char hash[HASH_LEN + 1], struct err *err)
{
	int ret;

	ret = GIT(work, NULL, err, "apply", "--index", "--whitespace=nowarn", "--", file);
	if (ret)
		return err_prefix(err, ret, "patch %s does not apply", base_name(file));
	setenv("GIT_AUTHOR_DATE", "2000-01-01T00:00:00Z", 1);
	setenv("GIT_COMMITTER_DATE", "2000-01-01T00:00:00Z", 1);
	ret = GIT(work, NULL, err, "-c", "user.name=wringer", "-c", "user.email=wringer@localhost", "-c",
		  "commit.gpgSign=false", "commit", "--quiet", "--allow-empty", "--no-verify", "-m",
		  base_name(file));
	return ret ? ret : resolve(work, "HEAD", hash, err);
}

/* "base" or 0, "all", a number of patches, or the name of the last one that is applied. */
static size_t count_named(const struct patches *p, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);
	size_t i;

	if (!strcmp(word, "base"))
		return 0;
	if (!strcmp(word, "all"))
		return p->nr;
	if (*word && !*end)
		return n;
	for (i = 0; i < p->nr; i++)
		if (!strcmp(base_name(p->name[i]), word))
			return i + 1;
	return SIZE_MAX;
}

static int add_patches(const struct git_request *ask, const struct patches *p, size_t first, size_t last,
		       struct line *out, struct err *err)
{
	struct checkout *c = attach(out, ask);
	char hash[HASH_LEN + 1];
	size_t i;
	int ret = resolve(ask->tree, ask->base ? ask->base : "HEAD", hash, err);

	if (!ret)
		ret = check_out(c, hash, err);
	for (i = 0; !ret && i <= last; i++) {
		const char *name = i ? base_name(p->name[i - 1]) : "base";

		if (i) {
			cleanup_free char *path = xasprintf("%s/%s", p->dir, p->name[i - 1]);

			ret = commit_patch(c->work, path, hash, err);
		}
		if (!ret && i >= first)
			add_commit(out, name, hash, "");
	}
	return ret;
}

int line_of_series(const struct git_request *ask, struct line *out, bool *swapped, struct err *err)
{
	struct patches p = {0};
	size_t from = 0, to = 0;
	int ret = check_tree(ask->tree, err);

	*out = (struct line){.kind = "patches", .make = make_commit};
	if (!ret)
		ret = patches_load(ask->series, &p, err);
	if (!ret) {
		from = count_named(&p, ask->from);
		to = count_named(&p, ask->to);
	}
	if (!ret && (from > p.nr || to > p.nr || from == to))
		ret = err_set(err, -EINVAL,
			      "the ends of a series are two of: base, all, a number of patches up to %zu, the "
			      "name of a patch", p.nr);
	*swapped = from > to;
	if (!ret)
		ret = add_patches(ask, &p, from < to ? from : to, from < to ? to : from, out, err);
	if (ret)
		line_release(out);
	patches_release(&p);
	return ret;
}
