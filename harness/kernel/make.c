// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "base/proc.h"

#define ARGS_MAX 48
#define TICK_MS	 500
/* Before so much of it is there, an estimate says nothing. */
#define ESTIMATE_MIN 40
/* A log longer than that is looked at from its end. */
#define LOG_MAX	 (16u << 20)
#define LINE_MAX_SAID 300
/* The last that fits holds.  ccache calls the source ../src. */
#define PATHS "-ffile-prefix-map=%s=. -ffile-prefix-map=%s=. -ffile-prefix-map=%s/= " \
	      "-ffile-prefix-map=../src/="

/* ---- the command ---- */

struct command {
	const char *arg[ARGS_MAX + 1];
	char *own[ARGS_MAX];
	size_t nr, nr_own;
};

static void add(struct command *c, const char *s)
{
	if (c->nr < ARGS_MAX)
		c->arg[c->nr++] = s;
}

/* Takes a heap string. */
static void add_own(struct command *c, char *s)
{
	c->own[c->nr_own++] = s;
	add(c, s);
}

static void command_release(struct command *c)
{
	while (c->nr_own)
		free(c->own[--c->nr_own]);
}

/* Nothing of the user's environment: CFLAGS, ARCH, MAKEFLAGS and languages change what is built. */
static void add_environment(struct command *c, const struct make *m)
{
	const char *path = getenv("PATH");

	add(c, "env");
	add(c, "-i");
	add_own(c, xasprintf("PATH=%s", path && !m->toolchain->root ?
				    path : "/usr/sbin:/usr/bin:/sbin:/bin"));
	/* No folder of the user's, and none that a tool could make. */
	add(c, "HOME=/dev/null");
	add(c, "LC_ALL=C");
	add(c, "TZ=UTC");
	if (m->toolchain->ccache) {
		add_own(c, xasprintf("CCACHE_DIR=%s/ccache", path_cache()));
		add(c, "CCACHE_COMPILERCHECK=content");
		/* What one tree compiled, another need not: paths below here count as relative. */
		add_own(c, xasprintf("CCACHE_BASEDIR=%s", m->source->dir));
	}
	if (m->allconfig)
		add_own(c, xasprintf("KCONFIG_ALLCONFIG=%s", m->allconfig));
}

/* All that would else come from the day, the user, the machine and its folders. */
static void add_fixed(struct command *c, const struct make *m)
{
	static const char *const fixed[] = {
		"KBUILD_BUILD_TIMESTAMP=Thu Jan 1 00:00:00 UTC 2026", "KBUILD_BUILD_USER=wringer",
		"KBUILD_BUILD_HOST=wringer", "KBUILD_BUILD_VERSION=1", "LOCALVERSION="};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		add(c, fixed[i]);
	add_own(c, xasprintf("KCFLAGS=" PATHS, m->src, m->out, m->src));
	add_own(c, xasprintf("KAFLAGS=" PATHS, m->src, m->out, m->src));
	add(c, m->toolchain->ccache ? "CC=ccache gcc" : "CC=gcc");
}

/* target is cut into its words. */
static void make_command(struct command *c, const struct make *m, const char *script, char *target)
{
	unsigned int jobs = m->build->jobs;
	char *word;

	if (!jobs)
		jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	c->nr = toolchain_words(m->toolchain, script, m->source->dir, c->arg);
	add_environment(c, m);
	add(c, "make");
	add_own(c, xasprintf("-j%u", jobs));
	add(c, "-C");
	add(c, m->src);
	add_own(c, xasprintf("O=%s", m->out));
	add_own(c, xasprintf("ARCH=%s", m->arch));
	add_fixed(c, m);
	while ((word = strsep(&target, " ")))
		add(c, word);
}

/* ---- while it runs ---- */

struct watch {
	const struct make *make;
	int log; /* read from where it was when make began */
	size_t lines, total;
	struct timespec start;
};

static double since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void count_lines(struct watch *w)
{
	char chunk[65536];
	ssize_t n, i;

	while ((n = read(w->log, chunk, sizeof(chunk))) > 0)
		for (i = 0; i < n; i++)
			w->lines += chunk[i] == '\n';
}

static void tell(struct watch *w, bool last)
{
	const struct build *b = w->make->build;
	struct build_progress p = {.done = w->lines, .total = w->total, .left = -1, .last = last};

	count_lines(w);
	if (!b->progress || !w->total)
		return;
	p.done = w->lines;
	if (p.total < p.done)
		p.total = p.done;
	p.seconds = since(&w->start);
	if (p.done >= ESTIMATE_MIN)
		p.left = p.seconds / (double)p.done * (double)(p.total - p.done);
	b->progress(&p, b->ctx);
}

static int wait_for(struct watch *w, struct proc *proc, int *status)
{
	int ret;

	do {
		ret = proc_wait(proc, TICK_MS, status);
		tell(w, ret != -ETIMEDOUT);
	} while (ret == -ETIMEDOUT && !build_stop);
	if (ret)
		proc_kill(proc);
	return ret == -ETIMEDOUT ? -EINTR : ret;
}

static int run(const struct make *m, const char *const argv[], struct watch *w, int *status,
	       struct err *err)
{
	cleanup_fd int to = open(m->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct proc_opts opts = {.cwd = "/", .out_fd = to, .err_fd = to,
				 .keep_fd = {m->source->lock}};
	struct proc proc;
	int ret;

	w->log = open(m->log, O_RDONLY | O_CLOEXEC);
	if (to < 0 || w->log < 0)
		return err_sys(err, -errno, "cannot write %s", m->log);
	lseek(w->log, 0, SEEK_END);
	clock_gettime(CLOCK_MONOTONIC, &w->start);
	ret = proc_spawn(&proc, argv, &opts, err);
	if (ret)
		return ret;
	ret = wait_for(w, &proc, status);
	return ret == -EINTR ? err_set(err, ret, "the build was interrupted; the same command goes on "
						 "with it") :
			       ret;
}

/* ---- what went wrong ---- */

static const char *line_with(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	while (at && at > text && at[-1] != '\n')
		at--;
	return at;
}

/* The line without the source's folder. */
static void say_line(const char *line, const char *src, struct buf *out)
{
	size_t len = strcspn(line, "\n"), skip = strlen(src);
	const char *at;

	if (len > LINE_MAX_SAID)
		len = LINE_MAX_SAID;
	at = skip ? memmem(line, len, src, skip) : NULL;
	if (at) {
		buf_add(out, line, (size_t)(at - line));
		skip += at[skip] == '/';
		len -= (size_t)(at - line) + skip;
		line = at + skip;
	}
	buf_add(out, line, len);
}

/* What the source is not to blame for, and may well go better next time. */
static int host_fault(const char *log, struct err *err)
{
	static const char *const killed[] = {"Killed signal terminated program", "signal 9",
					     "Cannot allocate memory", "virtual memory exhausted",
					     "internal compiler error", "Killed\n"};
	size_t i;

	if (strstr(log, "No space left on device"))
		return err_set(err, -ENOSPC, "the disk of %s is full: a kernel takes up to 3 GB to "
					     "build", path_cache());
	for (i = 0; i < ARRAY_SIZE(killed); i++)
		if (strstr(log, killed[i]))
			return err_set(err, -EIO, "the compiler did not survive (\"%.*s\"): is there "
						  "enough memory?",
				       (int)strcspn(killed[i], "\n"), killed[i]);
	return 0;
}

int make_blame(const char *log, const char *src, struct err *err)
{
	static const char *const marks[] = {": fatal error: ", ": error: ", "error: ",
					    "Error: ", "undefined reference to", "undefined symbol",
					    "ERROR: ", "*** "};
	cleanup_buf struct buf text = {0};
	const char *first = NULL;
	size_t i;
	int ret = host_fault(log, err);

	if (ret)
		return ret;
	for (i = 0; !first && i < ARRAY_SIZE(marks); i++)
		first = line_with(log, marks[i]);
	if (first)
		say_line(first, src, &text);
	else
		buf_adds(&text, "make says not why");
	return err_set(err, BUILD_BROKEN, "it does not compile: %s", buf_str(&text));
}

static int blame(const struct make *m, struct err *err)
{
	cleanup_buf struct buf text = {0};
	struct err why = {""};
	struct stat st;
	int ret;

	if (!stat(m->log, &st) && st.st_size > LOG_MAX)
		return err_set(err, BUILD_BROKEN, "it does not compile (see %s)", m->log);
	ret = file_read(m->log, &text, err);
	if (ret)
		return ret;
	ret = make_blame(buf_str(&text), m->src, &why);
	return err_set(err, ret, "%s (log: %s)", why.msg, m->log);
}

int make_run(const struct make *make, const char *target, size_t total, size_t *lines,
	     struct err *err)
{
	cleanup_free char *script = toolchain_script();
	cleanup_free char *words = xstrdup(target);
	struct watch w = {.make = make, .log = -1, .total = total};
	struct command c = {.nr = 0};
	int status = 0, ret;

	make_command(&c, make, script, words);
	ret = run(make, c.arg, &w, &status, err);
	command_release(&c);
	if (w.log >= 0)
		close(w.log);
	if (lines)
		*lines = w.lines;
	if (ret)
		return ret;
	if (WIFSIGNALED(status))
		return err_set(err, -EIO, "make was killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) ? blame(make, err) : 0;
}
