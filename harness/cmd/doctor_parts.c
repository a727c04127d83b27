// SPDX-License-Identifier: GPL-2.0-only
/* The parts that only some commands need, and what killed processes left. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "experiment/inside.h"
#include "history/history.h"
#include "result/store.h"

/* All programs and files that one thing takes. */
static const struct part {
	const char *check;
	enum doctor_state state; /* where one of them is not there */
	const char *programs, *headers; /* words */
	const char *use;
	const char *todo;
} parts[] = {
	{"mke2fs", DOCTOR_MISSING, "mke2fs", "", "file systems of data devices",
	 "apt-get install e2fsprogs"},
	{"xfs", DOCTOR_OPTIONAL, "mkfs.xfs xfs_db", "", "data devices with xfs",
	 "apt-get install xfsprogs"},
	{"bpf", DOCTOR_OPTIONAL, "clang", "bpf/bpf_helpers.h", "BPF policies of your own",
	 "apt-get install clang libbpf-dev"},
	{"build", DOCTOR_OPTIONAL, "git make gcc ld bison flex bc pahole lz4",
	 "gelf.h openssl/ssl.h", "wringer kernel build",
	 "apt-get install git make gcc bison flex bc dwarves lz4 libelf-dev libssl-dev"},
	{"ccache", DOCTOR_OPTIONAL, "ccache", "", "building a kernel again in less time",
	 "apt-get install ccache"},
	{"gdb", DOCTOR_OPTIONAL, "gdb", "", "wringer gdb", "apt-get install gdb"},
	{"ssh", DOCTOR_OPTIONAL, "ssh", "", "experiments on other hosts, with parallel or by hand",
	 "apt-get install openssh-client"},
	{"parallel", DOCTOR_OPTIONAL, "parallel", "", "spreading experiments over hosts",
	 "apt-get install parallel"},
	{"slurm", DOCTOR_OPTIONAL, "sbatch srun", "", "spreading experiments over a cluster",
	 "apt-get install slurm-client"},
};

/* System programs may not be in the PATH of an ordinary user. */
static bool has_program(const char *name)
{
	const char *path = getenv("PATH");
	cleanup_free char *dirs = xasprintf("%s:/sbin:/usr/sbin", path ? path : "");
	char *rest = dirs, *dir;

	while ((dir = strsep(&rest, ":"))) {
		cleanup_free char *file = xasprintf("%s/%s", dir, name);

		if (*dir == '/' && !access(file, X_OK))
			return true;
	}
	return false;
}

static bool has_header(const char *name)
{
	cleanup_free char *path = xasprintf("/usr/include/%s", name);
	cleanup_free char *multi = NULL;
	struct utsname host;

	if (uname(&host))
		return file_exists(path);
	multi = xasprintf("/usr/include/%s-linux-gnu/%s", host.machine, name);
	return file_exists(path) || file_exists(multi);
}

static void find_lacking(const char *words, bool (*has)(const char *name), struct buf *lack)
{
	cleanup_free char *copy = xstrdup(words);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word && !has(word))
			buf_printf(lack, " %s", word);
}

void doctor_programs(struct doctor *d)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct part *p = &parts[i];
		cleanup_buf struct buf lack = {0};

		find_lacking(p->programs, has_program, &lack);
		find_lacking(p->headers, has_header, &lack);
		if (lack.len)
			doctor_say(d, p->check, p->state, p->todo, "lacks%s, for %s",
				   buf_str(&lack), p->use);
		else
			doctor_say(d, p->check, DOCTOR_OK, NULL, "there, for %s", p->use);
	}
}

void doctor_busybox(struct doctor *d)
{
	cleanup_buf struct buf program = {0};
	struct err err = {""};

	if (inside_busybox(&program, &err))
		doctor_say(d, "busybox", DOCTOR_OPTIONAL, "apt-get install busybox-static",
			   "lacks a static one, for shells in the guest");
	else
		doctor_say(d, "busybox", DOCTOR_OK, NULL, "there, for shells in the guest");
}

static void say_index(struct doctor *d, struct history *h)
{
	struct err err = {""};

	if (history_check(h, &err))
		doctor_say(d, "index", DOCTOR_WARNING, "wringer index --fresh", "%s", err.msg);
	else if (history_stale(h))
		doctor_say(d, "index", DOCTOR_WARNING, "wringer index",
			   "results have changed since it was made");
	else
		doctor_say(d, "index", DOCTOR_OK, NULL, "whole and up to date");
}

void doctor_index(struct doctor *d)
{
	struct history *h = NULL;
	struct err err = {""};
	int ret = history_open(false, false, &h, &err);

	if (!ret)
		say_index(d, h);
	else if (ret == -ENOENT)
		doctor_say(d, "index", DOCTOR_OPTIONAL, "wringer index",
			   "none in %s, which wringer history asks", path_results());
	else
		doctor_say(d, "index", DOCTOR_WARNING, "wringer index --fresh", "%s", err.msg);
	history_close(h);
}

/* Where bash-completion looks, and where it is installed with the data. */
void doctor_completion(struct doctor *d)
{
	static const char file[] = "bash-completion/completions/wringer";
	cleanup_free char *installed = xasprintf("%s/../../share", path_data());
	cleanup_free char *local = xasprintf("%s/.local/share", getenv("HOME") ?: "");
	const char *dirs[] = {installed, local, "/usr/local/share", "/usr/share"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		cleanup_free char *path = xasprintf("%s/%s", dirs[i], file);

		if (!file_exists(path))
			continue;
		doctor_say(d, "completion", DOCTOR_OK, NULL, "%s", path);
		return;
	}
	doctor_say(d, "completion", DOCTOR_OPTIONAL, "make install, or: . scripts/wringer.bash",
		   "lacks the one for bash");
}

void doctor_left(struct doctor *d)
{
	DIR *dir = opendir(path_results());
	struct dirent *e;
	size_t nr = 0;

	while (dir && (e = readdir(dir)))
		nr += store_run_is_dead(e->d_name);
	if (dir)
		closedir(dir);
	if (nr)
		doctor_say(d, "left-overs", DOCTOR_WARNING, "wringer gc --yes",
			   "%zu runs of processes that are gone in %s", nr, path_results());
	else
		doctor_say(d, "left-overs", DOCTOR_OK, NULL, "none of killed runs");
}

/* An emulator, or a kernel for User-Mode Linux: somebody's shell may be in that folder, too. */
static bool is_machine(const char *pid)
{
	cleanup_free char *path = xasprintf("/proc/%s/comm", pid);
	cleanup_buf struct buf comm = {0};

	return !file_read(path, &comm, NULL) &&
	       (!strncmp(buf_str(&comm), "qemu-system", 11) || !strcmp(buf_str(&comm), "linux\n"));
}

/* A machine's folder is where it runs: ".run-<id>-<pid>-<n>", by whose process one knows. */
static bool is_orphan(const char *pid)
{
	cleanup_free char *link = xasprintf("/proc/%s/cwd", pid);
	char cwd[PATH_MAX];
	ssize_t n = readlink(link, cwd, sizeof(cwd) - 1);
	char *gone;

	if (n <= 0 || !is_machine(pid))
		return false;
	cwd[n] = '\0';
	gone = strstr(cwd, " (deleted)");
	if (gone)
		*gone = '\0';
	return store_run_is_dead(basename(cwd));
}

void doctor_orphans(struct doctor *d)
{
	DIR *dir = opendir("/proc");
	cleanup_buf struct buf pids = {0};
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (isdigit((unsigned char)*e->d_name) && is_orphan(e->d_name))
			buf_printf(&pids, " %s", e->d_name);
	if (dir)
		closedir(dir);
	if (pids.len) {
		cleanup_free char *todo = xasprintf("kill%s", buf_str(&pids));

		doctor_say(d, "orphans", DOCTOR_WARNING, todo,
			   "machines run on whose wringer is gone: pid%s", buf_str(&pids));
	} else {
		doctor_say(d, "orphans", DOCTOR_OK, NULL, "no machine runs without its wringer");
	}
}
