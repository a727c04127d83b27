// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/git.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"

#define ARGS_MAX       80
#define GIT_TIMEOUT_MS (60 * 60 * 1000)

struct words {
	const char *arg[ARGS_MAX + 1];
	char *own[6];
	size_t nr, nr_own;
};

static void word(struct words *w, const char *s)
{
	if (w->nr < ARGS_MAX)
		w->arg[w->nr++] = s;
}

static void setting(struct words *w, const char *name, const char *value)
{
	if (!value)
		return;
	w->own[w->nr_own] = xasprintf("%s=%s", name, value);
	word(w, w->own[w->nr_own++]);
}

static void words_release(struct words *w)
{
	while (w->nr_own)
		free(w->own[--w->nr_own]);
}

/* Whoever runs us out of git (a hook, git bisect run) has set some of these for another repository. */
static void add_environment(struct words *w, const struct git *git)
{
	static const char *const not[] = {
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_COMMON_DIR"};
	size_t i;

	word(w, "env");
	for (i = 0; i < ARRAY_SIZE(not); i++) {
		word(w, "-u");
		word(w, not[i]);
	}
	word(w, "LC_ALL=C");
	word(w, "GIT_TERMINAL_PROMPT=0");
	word(w, "GIT_OPTIONAL_LOCKS=0");
	if (!git->dir)
		return;
	word(w, "GIT_CONFIG_NOSYSTEM=1");
	word(w, "GIT_CONFIG_GLOBAL=/dev/null");
	setting(w, "GIT_DIR", git->dir);
	setting(w, "GIT_WORK_TREE", git->work);
	setting(w, "GIT_INDEX_FILE", git->index);
}

static int run(const struct git *git, bool join, struct buf *out, struct err *err, va_list ap)
{
	struct words w = {.nr = 0};
	const char *arg;
	int ret;

	add_environment(&w, git);
	if (join || git->input) {
		word(&w, "sh");
		word(&w, "-c");
		word(&w, join && git->input ? "f=$1; shift; exec \"$@\" 2>&1 <\"$f\"" :
			 join ? "shift; exec \"$@\" 2>&1" :
				"f=$1; shift; exec \"$@\" <\"$f\"");
		word(&w, "sh");
		word(&w, git->input ? git->input : "");
	}
	word(&w, "git");
	while ((arg = va_arg(ap, const char *)))
		word(&w, arg);
	ret = proc_capture(w.arg, GIT_TIMEOUT_MS, out, err);
	words_release(&w);
	return ret;
}

/* "env failed: fatal: no such thing" says less than "no such thing". */
static void drop_program(struct err *err)
{
	static const char *const marks[] = {"failed: ", "fatal: ", "error: "};
	size_t i;

	for (i = 0; err && i < ARRAY_SIZE(marks); i++) {
		char *at = strstr(err->msg, marks[i]);

		if (at)
			memmove(err->msg, at + strlen(marks[i]), strlen(at + strlen(marks[i])) + 1);
	}
}

static int full_disk(struct err *err, int ret)
{
	if (!err || !strstr(err->msg, "No space left"))
		return ret;
	return -ENOSPC;
}

int git_run(const struct git *git, struct buf *out, struct err *err, ...)
{
	struct err why = {""};
	va_list ap;
	int ret;

	va_start(ap, err);
	ret = run(git, false, out, &why, ap);
	va_end(ap);
	if (!ret)
		return 0;
	drop_program(&why);
	return err_set(err, full_disk(&why, ret), "git: %s", why.msg);
}

int git_why(const struct git *git, struct buf *why, ...)
{
	va_list ap;
	int ret;

	va_start(ap, why);
	ret = run(git, true, why, NULL, ap);
	va_end(ap);
	return ret;
}

int git_line(const struct git *git, char *out, size_t size, struct err *err, ...)
{
	cleanup_buf struct buf text = {0};
	struct err why = {""};
	const char *line;
	va_list ap;
	size_t len;
	int ret;

	va_start(ap, err);
	ret = run(git, false, &text, &why, ap);
	va_end(ap);
	if (ret) {
		drop_program(&why);
		return err_set(err, full_disk(&why, ret), "git: %s", why.msg);
	}
	line = buf_str(&text);
	len = strcspn(line, "\n");
	if (!len || len >= size)
		return err_set(err, -EBADMSG, "git printed what was not asked: %.40s", line);
	memcpy(out, line, len);
	out[len] = '\0';
	return 0;
}
