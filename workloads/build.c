// SPDX-License-Identifier: GPL-2.0-only
/*
 * As a build does: many short processes, each of which reads several small files, works in memory,
 * writes a small file and ends.  A process makes its folder, writes under another name and renames;
 * it also reads back what an earlier one wrote, and removes it: folder entries and inodes come and
 * go with the pages.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/child.h"
#include "workloads/lib/data.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

#define JOBS_MAX 64
/* Own sources in a folder. */
#define FOLDER 32

struct build_opts {
	uint64_t jobs;
	char *file;
	uint64_t sources;
	uint64_t source;
	uint64_t reads;
	uint64_t memory;
	uint64_t output;
	uint64_t keep;
	uint64_t compress;
};

static const struct build_opts build_defaults = {
	.jobs = 2,
	.file = (char *)"",
	.sources = 96,
	.source = 16 << 10,
	.reads = 12,
	.memory = 2 << 20,
	.output = 16 << 10,
	.keep = 16,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct build_opts, field), __VA_ARGS__}

static const struct conf_key build_options[] = {
	KEY(jobs, CONF_U64, .help = "processes at a time", .min = 1, .max = JOBS_MAX),
	KEY(file, CONF_STR,
	    .help = "name of a [file] whose slices are read in place of small files of its own"),
	KEY(sources, CONF_U64,
	    .help = "small files of its own, written before the gate; ext4 of a data device has "
		    "room for about 240 files and folders",
	    .min = 1, .max = 65536),
	KEY(source, CONF_SIZE, .help = "bytes of each, or of a slice", .min = 4096,
	    .max = 16 << 20),
	KEY(reads, CONF_U64, .help = "of them that a process reads", .max = 65536),
	KEY(memory, CONF_SIZE, .help = "anonymous memory of a process, bytes", .min = 4096,
	    .max = 1ull << 40),
	KEY(output, CONF_SIZE, .help = "file that a process writes, bytes", .min = 4096,
	    .max = 1 << 30),
	KEY(keep, CONF_U64, .help = "files of each job that are kept before they are read back",
	    .min = 1, .max = 65536),
	KEY(compress, CONF_MILLIONTHS,
	    .help = "share of each page of memory that compression saves", .max = 1000000),
};

enum { READ, WRITTEN, REMOVED, FILLED };

static struct {
	struct wl_pages file;
	char folder[64];
	uint64_t sources;
	uint64_t pages; /* of a source */
	struct {
		pid_t pid; /* 0: none */
		uint64_t start;
		uint64_t nr; /* processes of this job so far */
	} job[JOBS_MAX];
} build;

static void source_path(char *out, size_t size, uint64_t nr)
{
	snprintf(out, size, "%s/s%llu/%llu", build.folder, (unsigned long long)nr / FOLDER,
		 (unsigned long long)nr);
}

static void job_path(char *out, size_t size, unsigned int job, uint64_t nr, const char *name)
{
	snprintf(out, size, "%s/j%u-%llu%s", build.folder, job, (unsigned long long)nr, name);
}

/* On the device and not in memory: the first read of each is a real one. */
static void settle(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		wl_fail("cannot put %s on its device: %m", path);
	close(fd);
}

static void write_sources(const struct wl *wl)
{
	char path[128];
	uint64_t i;

	for (i = 0; i < build.sources; i++) {
		snprintf(path, sizeof(path), "%s/s%llu", build.folder,
			 (unsigned long long)i / FOLDER);
		if (i % FOLDER == 0)
			wl_own_folder(path);
		source_path(path, sizeof(path), i);
		wl_own_write(path, wl->seed + i, build.pages);
	}
	sync();
	for (i = 0; i < build.sources; i++) {
		source_path(path, sizeof(path), i);
		settle(path);
	}
}

static void build_setup(struct wl *wl)
{
	const struct build_opts *o = wl->opts;

	build.pages = o->source / WL_PAGE_SIZE;
	/* No other workload has this seed. */
	snprintf(build.folder, sizeof(build.folder), WL_DATA_DIR "/build-%016llx",
		 (unsigned long long)wl->seed);
	wl_own_folder(build.folder);
	build.sources = o->sources;
	if (!*o->file) {
		write_sources(wl);
		return;
	}
	wl_pages_open(&build.file, o->file, 0);
	build.sources = build.file.pages / build.pages;
	if (!build.sources)
		wl_fail("a slice is larger than file %s", o->file);
}

static void read_source(const struct wl *wl, const struct build_opts *o, uint64_t nr)
{
	char path[128];
	uint64_t i;

	if (!*o->file) {
		source_path(path, sizeof(path), nr);
		wl_own_check(path, wl->seed + nr, build.pages);
		return;
	}
	for (i = 0; i < build.pages; i++)
		wl_pages_read(&build.file, nr * build.pages + i);
}

static void compile(struct wl *wl, const struct build_opts *o)
{
	struct wl_mem mem;
	uint64_t i, seed = wl_random(wl);

	for (i = 0; i < o->reads && !wl_stopping(); i++)
		read_source(wl, o, wl_below(wl, build.sources));
	wl_add(wl, READ, i * build.pages);
	wl_mem_map(&mem, o->memory, 0, seed, o->compress);
	for (i = 0; i < mem.pages && !wl_stopping(); i++)
		wl_mem_write(&mem, i);
	wl_add(wl, FILLED, i);
	while (i--)
		wl_mem_check(&mem, i);
}

/* What seeds the output of a process; both who writes and who reads it back know it. */
static uint64_t output_seed(const struct wl *wl, unsigned int job, uint64_t nr)
{
	return wl_mix(wl->seed ^ wl_mix((uint64_t)job << 48 | nr));
}

static void write_output(struct wl *wl, const struct build_opts *o, unsigned int job, uint64_t nr)
{
	char tmp[128], path[128];

	job_path(path, sizeof(path), job, nr, "");
	wl_own_folder(path);
	job_path(tmp, sizeof(tmp), job, nr, "/tmp");
	job_path(path, sizeof(path), job, nr, "/out");
	wl_own_write(tmp, output_seed(wl, job, nr), o->output / WL_PAGE_SIZE);
	if (rename(tmp, path))
		wl_fail("cannot rename %s: %m", tmp);
	wl_add(wl, WRITTEN, o->output / WL_PAGE_SIZE);
}

static void remove_output(struct wl *wl, const struct build_opts *o, unsigned int job, uint64_t nr)
{
	char path[128];

	job_path(path, sizeof(path), job, nr, "/out");
	wl_own_check(path, output_seed(wl, job, nr), o->output / WL_PAGE_SIZE);
	if (unlink(path))
		wl_fail("cannot remove %s: %m", path);
	job_path(path, sizeof(path), job, nr, "");
	if (rmdir(path))
		wl_fail("cannot remove %s: %m", path);
	wl_add(wl, REMOVED, 1);
}

static void child(struct wl *wl, const struct build_opts *o, unsigned int job, uint64_t nr)
{
	compile(wl, o);
	if (wl_stopping())
		_exit(0);
	write_output(wl, o, job, nr);
	if (nr >= o->keep)
		remove_output(wl, o, job, nr - o->keep);
	_exit(0);
}

static void start_job(struct wl *wl, const struct build_opts *o, unsigned int job)
{
	uint64_t nr = build.job[job].nr++;

	build.job[job].start = wl_now();
	build.job[job].pid = wl_fork(wl, (uint64_t)job << 48 | nr);
	if (!build.job[job].pid)
		child(wl, o, job, nr);
}

static void build_op(struct wl *wl)
{
	const struct build_opts *o = wl->opts;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < o->jobs; i++)
		if (!build.job[i].pid)
			start_job(wl, o, i);
	pid = wl_reap(true);
	for (i = 0; i < o->jobs; i++)
		if (build.job[i].pid == pid) {
			wl_count(wl_now() - build.job[i].start);
			build.job[i].pid = 0;
		}
}

static const struct wl_metric build_metrics[] = {
	{"read", "pages", WL_HIGHER, "pages of sources read and checked"},
	{"written", "pages", WL_HIGHER, "pages of files written"},
	{"removed", "count", WL_HIGHER, "files read back, checked and removed"},
	{"filled", "pages", WL_HIGHER, "pages of anonymous memory written and checked"},
};

const struct workload workload_build = {
	.name = "build",
	.summary = "as a build: many short processes that read small files, work and write one",
	.op = "one process, from its fork to its end",
	WL_TABLE(build_options),
	.defaults = &build_defaults,
	.opts_size = sizeof(struct build_opts),
	.metrics = build_metrics,
	.nr_metrics = sizeof(build_metrics) / sizeof(build_metrics[0]),
	.counts_itself = true,
	.setup = build_setup,
	.op_run = build_op,
};
