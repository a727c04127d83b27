// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/toolchain.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"
#include "base/proc.h"
#include "kernel/apt.h"

#define ASK_TIMEOUT_MS (60 * 1000)
#define UNPACK_TIMEOUT_MS (20 * 60 * 1000)

/* Newer than any host that has apt needs, in the order in which they are tried. */
static const char *const suites[] = {"trixie", "sid"};

/* What a kernel is built with, and what those need to run; base-files first, for /bin. */
static const char *const packages[] = {
	"base-files", "dash", "bash", "coreutils", "sed", "grep", "mawk", "findutils", "diffutils",
	"gzip", "tar", "hostname", "perl-base", "gcc", "libc6-dev", "make", "bison", "flex", "bc",
	"libelf-dev", "libssl-dev", "pahole", "lz4", "zstd", "xz-utils", "cpio", "kmod", NULL};

/* The host's, with the file of the tree that says whether it is needed (NULL: always). */
static const struct {
	const char *program, *package, *file;
} programs[] = {
	{"make", "make", NULL},
	{"gcc", "gcc", NULL},
	{"ld", "binutils", NULL},
	{"flex", "flex", "scripts/kconfig/lexer.l"},
	{"bison", "bison", "scripts/kconfig/parser.y"},
	{"bc", "bc", "kernel/time/timeconst.bc"},
};

char *toolchain_script(void)
{
	return xasprintf("%s/in-toolchain", path_data());
}

size_t toolchain_words(const struct toolchain *toolchain, const char *script, const char *dir,
		       const char **argv)
{
	if (!toolchain->root)
		return 0;
	argv[0] = "sh";
	argv[1] = script;
	argv[2] = toolchain->root;
	argv[3] = dir;
	return 4;
}

/* What a command in it prints; false when it fails. */
static bool ask(const struct toolchain *t, struct buf *out, struct err *err, const char *program,
		const char *option)
{
	cleanup_free char *script = toolchain_script();
	const char *argv[TOOLCHAIN_WORDS + 6];
	size_t n = toolchain_words(t, script, "", argv);

	argv[n++] = "env";
	argv[n++] = "LC_ALL=C";
	argv[n++] = program;
	argv[n++] = option;
	argv[n] = NULL;
	return !proc_capture(argv, ASK_TIMEOUT_MS, out, err);
}

static char *first_line(const struct toolchain *t, const char *program)
{
	cleanup_buf struct buf text = {0};

	if (!ask(t, &text, NULL, program, "--version"))
		return xstrdup("");
	return xasprintf("%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
}

/* The last word that is a version: "gcc (Debian 12.2.0-14) 12.2.0" is 12.2.0, "v1.24" is 1.24. */
static void version_of(const char *line, char out[24])
{
	size_t i, len;

	out[0] = '\0';
	for (i = 0; line[i]; i++) {
		if (i && !strchr(" v", line[i - 1]))
			continue;
		len = strspn(line + i, "0123456789.");
		if (len && len < 24 && isdigit((unsigned char)line[i]) &&
		    memchr(line + i, '.', len)) {
			memcpy(out, line + i, len);
			out[len] = '\0';
		}
	}
}

static bool older(const char *line, const char *wanted, char have[24])
{
	version_of(line, have);
	return *wanted && kernel_version_cmp(*have ? have : "0", wanted) < 0;
}

/* ---- what a tree wants ---- */

/* The tree's own script, which a build runs anyway. */
static void min_version(const struct source *source, const char *tool, char out[24])
{
	cleanup_buf struct buf script = {0}, text = {0};
	const char *argv[] = {"env", "SRCARCH=x86", "sh", "-c", NULL, "sh", tool, NULL};

	out[0] = '\0';
	if (source_read(source, "scripts/min-tool-version.sh", &script, NULL) ||
	    script.len > 65536)
		return;
	argv[4] = buf_str(&script);
	if (!proc_capture(argv, ASK_TIMEOUT_MS, &text, NULL))
		snprintf(out, 24, "%.*s", (int)strspn(buf_str(&text), "0123456789."),
			 buf_str(&text));
}

/* "depends on PAHOLE_VERSION >= 122" below "config DEBUG_INFO_BTF": 1.22. */
static void min_pahole(const struct source *source, char out[24])
{
	cleanup_buf struct buf text = {0};
	const char *at, *end;
	unsigned long most = 116;

	if (source_read(source, "lib/Kconfig.debug", &text, NULL))
		return;
	at = strstr(buf_str(&text), "\nconfig DEBUG_INFO_BTF\n");
	end = at ? strstr(at + 1, "\nconfig ") : NULL;
	while (at && (at = strstr(at, "PAHOLE_VERSION >= ")) && (!end || at < end)) {
		unsigned long n = strtoul(at += strlen("PAHOLE_VERSION >= "), NULL, 10);

		if (n > most && n < 10000)
			most = n;
	}
	snprintf(out, 24, "%lu.%lu", most / 100, most % 100);
}

void toolchain_read_wants(const struct source *source, bool btf, struct toolchain_wants *wants)
{
	wants->pahole[0] = '\0';
	min_version(source, "gcc", wants->compiler);
	if (btf)
		min_pahole(source, wants->pahole);
}

/* ---- is it good enough ---- */

static void read_versions(struct toolchain *t)
{
	t->compiler = first_line(t, "gcc");
	t->linker = first_line(t, "ld");
	t->pahole = first_line(t, "pahole");
}

static bool have(const char *program)
{
	cleanup_free char *command = xasprintf("command -v %s", program);
	const char *argv[] = {"sh", "-c", command, NULL};

	return !proc_capture(argv, ASK_TIMEOUT_MS, NULL, NULL);
}

static bool have_header(const char *name)
{
	cleanup_free char *command =
		xasprintf("echo '#include <%s>' | gcc -E -x c - >/dev/null", name);
	const char *argv[] = {"sh", "-c", command, NULL};

	return !proc_capture(argv, ASK_TIMEOUT_MS, NULL, NULL);
}

static bool needed(const struct source *source, const char *file)
{
	cleanup_buf struct buf text = {0};

	return !file || !source_read(source, file, &text, NULL);
}

/* Names of packages that the host lacks. */
static void find_missing(const struct source *source, const struct toolchain_wants *wants,
			 struct buf *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		if (!have(programs[i].program) && needed(source, programs[i].file))
			buf_printf(out, " %s", programs[i].package);
	if (needed(source, "tools/objtool/elf.c") && !have_header("gelf.h"))
		buf_adds(out, " libelf-dev");
	if (*wants->pahole && !have("pahole"))
		buf_adds(out, " dwarves");
	if (wants->lz4 && !have("lz4"))
		buf_adds(out, " lz4");
}

/* Says what is too old, if something is. */
static bool too_old(const struct toolchain *t, const struct toolchain_wants *wants, struct buf *why)
{
	char version[24];

	if (older(t->compiler, wants->compiler, version))
		buf_printf(why, "gcc %s is older than %s, which this tree needs", version,
			   wants->compiler);
	else if (older(t->pahole, wants->pahole, version))
		buf_printf(why, "pahole %s is older than %s, which this tree needs for its types",
			   version, wants->pahole);
	return why->len;
}

/* ---- a folder of packages ---- */

static int entry_of(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".deb");
}

/* /bin and its like come with base-files: before anything that lies in them. */
static int base_first(const struct dirent **a, const struct dirent **b)
{
	bool x = !strncmp((*a)->d_name, "base-files_", 11), y = !strncmp((*b)->d_name, "base-files_", 11);

	return x != y ? y - x : strcmp((*a)->d_name, (*b)->d_name);
}

static int unpack_all(const char *from, const char *root, struct err *err)
{
	struct dirent **list;
	int nr = scandir(from, &list, entry_of, base_first), i, ret = 0;

	if (nr < 0)
		return err_sys(err, -errno, "cannot read %s", from);
	for (i = 0; i < nr; i++) {
		cleanup_free char *path = xasprintf("%s/%s", from, list[i]->d_name);
		const char *argv[] = {"dpkg-deb", "-x", path, root, NULL};

		if (!ret)
			ret = proc_capture(argv, UNPACK_TIMEOUT_MS, NULL, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

/* What the packages' own scripts would have made: nothing is run as root here. */
static int make_links(const char *root, struct err *err)
{
	static const char *const link[][2] = {{"dash", "usr/bin/sh"}, {"mawk", "usr/bin/awk"}};
	static const char *const dirs[] = {"proc", "dev", "tmp"};
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(link); i++) {
		cleanup_free char *path = xasprintf("%s/%s", root, link[i][1]);

		if (symlink(link[i][0], path) && errno != EEXIST)
			return err_sys(err, -errno, "cannot make %s", path);
	}
	for (i = 0; !ret && i < ARRAY_SIZE(dirs); i++) {
		cleanup_free char *path = xasprintf("%s/%s", root, dirs[i]);

		ret = dir_make(path, err);
	}
	return ret;
}

static int make_root(const char *suite, const char *root, void (*say)(const char *line),
		     struct err *err)
{
	cleanup_free char *tmp = xasprintf("%s.%d", root, (int)getpid());
	cleanup_free char *debs = xasprintf("%s/debs", tmp);
	cleanup_free char *new = xasprintf("%s/root", tmp);
	cleanup_free char *line = xasprintf("fetching a compiler from %s; that takes a few minutes, "
					    "once", suite);
	int ret = dir_make(new, err);

	if (say)
		say(line);
	if (!ret)
		ret = apt_fetch_closure(suite, packages, debs, err);
	if (!ret)
		ret = unpack_all(debs, new, err);
	if (!ret)
		ret = make_links(new, err);
	if (!ret && rename(new, root) && errno != EEXIST && errno != ENOTEMPTY)
		ret = err_sys(err, -errno, "cannot move a toolchain to %s", root);
	dir_remove(tmp, NULL);
	return ret;
}

static int open_suite(const char *suite, const struct toolchain_wants *wants,
		      void (*say)(const char *line), struct toolchain *t, struct err *err)
{
	cleanup_buf struct buf why = {0}, text = {0};
	struct err cannot = {""};
	int ret = 0;

	if (!*suite || strspn(suite, "abcdefghijklmnopqrstuvwxyz-") != strlen(suite))
		return err_set(err, -EINVAL, "a toolchain is auto, host or a suite, not '%s'", suite);
	t->name = xstrdup(suite);
	t->root = xasprintf("%s/toolchains/%s", path_cache(), suite);
	cache_used(t->root);
	if (!file_exists(t->root))
		ret = make_root(suite, t->root, say, err);
	if (ret)
		return err_prefix(err, ret, "no compiler from %s", suite);
	if (!ask(t, &text, &cannot, "gcc", "--version"))
		return err_set(err, -ENOTSUP,
			       "the compiler from %s cannot be run: this host may allow no mount "
			       "namespaces; build as root, or install a newer gcc: %s",
			       suite, cannot.msg);
	read_versions(t);
	return too_old(t, wants, &why) ? err_set(err, -ENOTSUP, "in %s: %s", suite, buf_str(&why)) : 0;
}

static int open_host(const struct source *source, const struct toolchain_wants *wants,
		     struct toolchain *t, struct err *err)
{
	cleanup_buf struct buf missing = {0}, why = {0};

	t->name = xstrdup("host");
	find_missing(source, wants, &missing);
	read_versions(t);
	t->ccache = have("ccache");
	if (too_old(t, wants, &why))
		return err_set(err, -ENOTSUP, "%s", buf_str(&why));
	if (!missing.len)
		return 0;
	return err_set(err, -ENOTSUP,
		       "to build a kernel this host lacks%s; install that ('scripts/deps build' does) "
		       "or say --toolchain trixie", buf_str(&missing));
}

/* The first suite that will do. */
static int open_newer(const struct toolchain_wants *wants, void (*say)(const char *line),
		      struct toolchain *t, struct err *err)
{
	int ret = -ENOTSUP;
	size_t i;

	for (i = 0; ret && i < ARRAY_SIZE(suites); i++) {
		toolchain_release(t);
		ret = open_suite(suites[i], wants, say, t, err);
	}
	return ret;
}

int toolchain_open(const char *want, const struct source *source,
		   const struct toolchain_wants *wants, void (*say)(const char *line),
		   struct toolchain *out, struct err *err)
{
	bool is_auto = !want || !strcmp(want, "auto");
	struct err why = {""};
	int ret;

	memset(out, 0, sizeof(*out));
	cache_hold();
	if (!is_auto && strcmp(want, "host")) {
		ret = open_suite(want, wants, say, out, err);
	} else {
		ret = open_host(source, wants, out, &why);
		if (ret && is_auto && strstr(why.msg, "older")) {
			if (say)
				say(why.msg);
			ret = open_newer(wants, say, out, err);
		} else if (ret) {
			err_set(err, ret, "%s", why.msg);
		}
	}
	if (!ret)
		out->why = xstrdup(want && !is_auto ? "asked for" : why.msg);
	else
		toolchain_release(out);
	return ret;
}

void toolchain_release(struct toolchain *toolchain)
{
	free(toolchain->name);
	free(toolchain->root);
	free(toolchain->why);
	free(toolchain->compiler);
	free(toolchain->linker);
	free(toolchain->pahole);
	memset(toolchain, 0, sizeof(*toolchain));
}
