// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups that come and go: each lives for one short process, which touches memory and writes a
 * file.  The file's pages stay in the cache and pin the cgroup, which is dying for as long as they
 * do; with enough of them the kernel goes over many dying cgroups in each reclaim.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/child.h"
#include "workloads/lib/data.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

#define CGROUPS "/sys/fs/cgroup"
/* A cgroup whose last task has just ended can be busy for a moment. */
#define TRIES 1000

struct memcg_opts {
	char *below;
	char *file;
	uint64_t file_size;
	uint64_t keep;
	uint64_t anon;
	uint64_t pause;
	uint64_t compress;
};

static const struct memcg_opts memcg_defaults = {
	.below = (char *)"",
	.file = (char *)"",
	.file_size = 64 << 10,
	.keep = 128,
	.anon = 256 << 10,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct memcg_opts, field), __VA_ARGS__}

static const struct conf_key memcg_options[] = {
	KEY(below, CONF_STR,
	    .help = "name of a [cgroup] without tasks that they are made in; without, in the "
		    "workload's own, where it must be the only workload and moves into a child "
		    "itself"),
	KEY(file, CONF_STR,
	    .help = "name of a [file] that each reads a part of, one after the other, in place of "
		    "writing one"),
	KEY(file_size, CONF_SIZE, .help = "file or part of one, bytes; 0 for none", .max = 1 << 30),
	KEY(keep, CONF_U64,
	    .help = "files that are kept; then the oldest is read back and removed each time; ext4 "
		    "of a data device has room for about 240",
	    .min = 1, .max = 1000000),
	KEY(anon, CONF_SIZE, .help = "anonymous memory of each, bytes", .min = 4096,
	    .max = 1ull << 40),
	KEY(pause, CONF_TIME, .help = "rest between two of them", .max = 10000000000),
	KEY(compress, CONF_MILLIONTHS,
	    .help = "share of each page of memory that compression saves", .max = 1000000),
};

enum { CREATED, DYING, DYING_SUM, REMOVED, BUSY };

static struct {
	char parent[160]; /* where cgroups are made */
	char folder[64];  /* of the files */
	struct wl_pages file; /* or that is read */
	uint64_t lives;
} memcg;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		wl_fail("cannot write '%s' to %s: %m", text, path);
}

static void enter(const char *cgroup)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	write_file(path, "0");
}

/* The cgroup that this process is in, "" for the root. */
static void own_cgroup(char *out, size_t size)
{
	char text[256] = "";
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n < 4 || strncmp(text, "0::/", 4))
		wl_fail("cannot tell which cgroup this is");
	text[strcspn(text, "\n")] = '\0';
	snprintf(out, size, "%.120s", text[4] ? text + 3 : "");
}

/* No cgroup but the root may have both tasks and children with controllers. */
static void leave_own(const struct wl *wl)
{
	char leaf[256];

	snprintf(leaf, sizeof(leaf), "%s/self-%016llx", memcg.parent, (unsigned long long)wl->seed);
	if (mkdir(leaf, 0755))
		wl_fail("cannot make cgroup %s: %m", leaf);
	enter(leaf);
}

static void find_parent(const struct wl *wl, const char *below)
{
	char own[128] = "", path[256];
	int fd;

	if (*below)
		snprintf(own, sizeof(own), "/%.100s", below);
	else
		own_cgroup(own, sizeof(own));
	snprintf(memcg.parent, sizeof(memcg.parent), CGROUPS "%s", own);
	if (!*below && own[0])
		leave_own(wl);
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", memcg.parent);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "+memory", 7) != 7)
		wl_fail("cannot hand memory down in %s, where no other task may be: %m", path);
	close(fd);
}

static void memcg_setup(struct wl *wl)
{
	const struct memcg_opts *o = wl->opts;

	find_parent(wl, o->below);
	snprintf(memcg.folder, sizeof(memcg.folder), WL_DATA_DIR "/memcg-%016llx",
		 (unsigned long long)wl->seed);
	if (*o->file)
		wl_pages_open(&memcg.file, o->file, 0);
	else if (o->file_size)
		wl_own_folder(memcg.folder);
}

static void file_path(char *out, size_t size, uint64_t nr)
{
	snprintf(out, size, "%s/%llu", memcg.folder, (unsigned long long)nr);
}

/* Those behind the file's end begin again at its start. */
static void read_part(const struct memcg_opts *o, uint64_t nr)
{
	uint64_t pages = o->file_size / WL_PAGE_SIZE, i;

	for (i = 0; i < pages && !wl_stopping(); i++)
		wl_pages_read(&memcg.file, (nr * pages + i) % memcg.file.pages);
}

static void use_files(struct wl *wl, const struct memcg_opts *o, uint64_t nr)
{
	uint64_t pages = o->file_size / WL_PAGE_SIZE;
	char path[128];

	file_path(path, sizeof(path), nr);
	wl_own_write(path, wl_mix(wl->seed) + nr, pages);
	if (nr < o->keep)
		return;
	file_path(path, sizeof(path), nr - o->keep);
	wl_own_check(path, wl_mix(wl->seed) + nr - o->keep, pages);
	if (unlink(path))
		wl_fail("cannot remove %s: %m", path);
	wl_add(wl, REMOVED, 1);
}

static void child(struct wl *wl, const struct memcg_opts *o, const char *cgroup, uint64_t nr)
{
	struct wl_mem mem;
	uint64_t i;

	enter(cgroup);
	if (*o->file)
		read_part(o, nr);
	else if (o->file_size)
		use_files(wl, o, nr);
	wl_mem_map(&mem, o->anon, 0, wl_random(wl), o->compress);
	for (i = 0; i < mem.pages && !wl_stopping(); i++)
		wl_mem_write(&mem, i);
	while (i--)
		wl_mem_check(&mem, i);
	_exit(0);
}

static void remove_cgroup(struct wl *wl, const char *cgroup)
{
	unsigned int i;

	for (i = 0; i < TRIES && rmdir(cgroup); i++) {
		if (errno != EBUSY)
			wl_fail("cannot remove cgroup %s: %m", cgroup);
		wl->metric[BUSY]++;
		usleep(100);
	}
	if (i == TRIES)
		wl_fail("cgroup %s stays busy", cgroup);
}

static uint64_t dying(void)
{
	char path[256], text[512] = "";
	const char *at;
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.stat", memcg.parent);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		wl_fail("cannot read %s: %m", path);
	close(fd);
	at = strstr(text, "nr_dying_descendants ");
	if (!at)
		wl_fail("%s does not tell the dying ones", path);
	return strtoull(at + strlen("nr_dying_descendants "), NULL, 10);
}

static void memcg_op(struct wl *wl)
{
	const struct memcg_opts *o = wl->opts;
	uint64_t nr = memcg.lives++, start = wl_now();
	char cgroup[256];

	snprintf(cgroup, sizeof(cgroup), "%s/life-%08x-%llu", memcg.parent, (unsigned int)wl->seed,
		 (unsigned long long)nr);
	if (mkdir(cgroup, 0755))
		wl_fail("cannot make cgroup %s: %m", cgroup);
	wl->metric[CREATED]++;
	if (!wl_fork(wl, nr))
		child(wl, o, cgroup, nr);
	wl_reap(true);
	remove_cgroup(wl, cgroup);
	wl_count(wl_now() - start);
	wl->metric[DYING] = dying();
	wl->metric[DYING_SUM] += wl->metric[DYING];
	if (o->pause)
		wl_nap(o->pause);
}

static const struct wl_metric memcg_metrics[] = {
	{"created", "count", WL_HIGHER, "cgroups made"},
	{"dying", "count", WL_LOWER,
	 "by how many there are more dying ones at the end than at the start"},
	{"dying_sum", "count", WL_LOWER,
	 "dying ones there were at the end of each, added up; by created, it is their mean number"},
	{"removed", "count", WL_NONE, "files read back, checked and removed"},
	{"busy", "count", WL_NONE, "refusals to remove a cgroup whose last task had just ended"},
};

const struct workload workload_memcg = {
	.name = "memcg",
	.summary = "cgroups that come and go, each with a short process and a file that pins it",
	.op = "the life of a cgroup, from mkdir to rmdir",
	WL_TABLE(memcg_options),
	.defaults = &memcg_defaults,
	.opts_size = sizeof(struct memcg_opts),
	.metrics = memcg_metrics,
	.nr_metrics = sizeof(memcg_metrics) / sizeof(memcg_metrics[0]),
	.counts_itself = true,
	.setup = memcg_setup,
	.op_run = memcg_op,
};
