// SPDX-License-Identifier: GPL-2.0-only
/*
 * References that someone else made, done again: each object of a trace is a page of memory or of a
 * file.  The format is that of wringer-refs(5).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/data.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/refs.h"
#include "workloads/lib/workload.h"

enum { ANON, FILE_READ, FILE_MMAP };
static const char *const places[] = {"anon", "file", "mmap", NULL};

struct replay_opts {
	char *input;
	unsigned int on;
	char *file;
	bool repeat;
	uint64_t speed;
	uint64_t compress;
};

static const struct replay_opts replay_defaults = {
	.input = (char *)"",
	.file = (char *)"",
	.repeat = true,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct replay_opts, field), __VA_ARGS__}

static const struct conf_key replay_options[] = {
	KEY(input, CONF_STR, .required = true,
	    .help = "name of an [input] of the scenario, a trace as in wringer-refs(5); it is locked in "
		    "memory"),
	KEY(on, CONF_CHOICE, .choices = places,
	    .help = "what objects are: pages of anonymous memory, written at their first reference; "
		    "of a file by read() and write(); of a shared mapping of a file. A locked byte an "
		    "object if any is written"),
	KEY(file, CONF_STR, .help = "file, mmap: name of a [file], a page for each object"),
	KEY(repeat, CONF_BOOL,
	    .help = "start again at the end; without, ten idle operations a second follow"),
	KEY(speed, CONF_MILLIONTHS, .max = 1000000000000,
	    .help = "how much faster than recorded the trace's delays pass, rests not counted as "
		    "latency; 0 = delays are left out"),
	KEY(compress, CONF_MILLIONTHS, .max = 1000000,
	    .help = "anon: share of each page that compression saves"),
};

enum { READS, WRITES, FIRST, PASSES };

static struct {
	struct wl_refs refs;
	struct wl_pages pages;
	uint64_t due_ns; /* when the next reference is */
	bool over;
} replay;

static void open_input(const char *name)
{
	const char *bad;
	struct stat st;
	char path[256];
	void *text;
	int fd;

	snprintf(path, sizeof(path), WL_INPUT_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		wl_fail("cannot open %s: %m", path);
	if (!st.st_size)
		wl_fail("%s is empty", path);
	/* Locked: reading on in the trace must not be part of what is measured. */
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_LOCKED | MAP_POPULATE, fd, 0);
	if (text == MAP_FAILED)
		wl_fail("cannot map %s: %m", path);
	close(fd);
	bad = wl_refs_start(&replay.refs, text, (size_t)st.st_size);
	if (bad)
		wl_fail("%.40s:1: %s", name, bad);
}

/* All of it, so that nothing goes wrong halfway; true when anything is written. */
static bool check_input(const char *name)
{
	uint64_t n = 0, writes = 0;
	struct wl_ref ref;
	const char *bad;

	for (; wl_refs_next(&replay.refs, &ref, &bad); n++)
		writes += ref.write;
	if (bad)
		wl_fail("%.40s:%llu: %s", name, (unsigned long long)replay.refs.line, bad);
	if (!n)
		wl_fail("%.40s has no references", name);
	wl_refs_rewind(&replay.refs);
	return writes;
}

static void make_memory(const struct wl *wl, uint64_t compress)
{
	uint64_t pages = replay.refs.objects;
	void *mem = mmap(NULL, pages * WL_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		wl_fail("cannot map %llu pages: %m", (unsigned long long)pages);
	wl_pages_memory(&replay.pages, mem, -1, pages, wl->seed, wl_pattern_noise(compress));
}

static void replay_setup(struct wl *wl)
{
	const struct replay_opts *o = wl->opts;
	bool write;

	open_input(o->input);
	write = check_input(o->input);
	if (o->on == ANON) {
		make_memory(wl, o->compress);
		return;
	}
	if (!*o->file)
		wl_fail("which file? on = %s needs one", places[o->on]);
	wl_pages_open(&replay.pages, o->file,
		      (o->on == FILE_MMAP ? WL_MAP : 0) | (write ? WL_WRITE : 0));
	if (replay.pages.pages < replay.refs.objects)
		wl_fail("file %.40s has %llu pages for %llu objects", o->file,
			(unsigned long long)replay.pages.pages,
			(unsigned long long)replay.refs.objects);
}

static void touch(struct wl *wl, uint64_t object, bool write)
{
	struct wl_pages *p = &replay.pages;

	if (p->fd < 0 && !p->version[object]) {
		wl_pages_write(p, object);
		wl->metric[FIRST]++;
		return;
	}
	/* A write of a whole page needs no read. */
	if (p->map || !write) {
		wl_pages_read(p, object);
		wl->metric[READS]++;
	}
	if (!write)
		return;
	wl_pages_write(p, object);
	wl->metric[WRITES]++;
}

/* By a clock of the trace's own, so that no delay is lengthened by those before. */
static void delay(uint64_t speed, uint64_t us)
{
	uint64_t now = wl_now();

	if (!replay.due_ns)
		replay.due_ns = now;
	replay.due_ns += (uint64_t)((unsigned __int128)us * 1000000000u / speed);
	if (replay.due_ns > now)
		wl_rest(replay.due_ns - now);
}

static bool next_ref(struct wl *wl, struct wl_ref *ref)
{
	const struct replay_opts *o = wl->opts;
	const char *bad;

	if (wl_refs_next(&replay.refs, ref, &bad))
		return true;
	wl->metric[PASSES]++;
	replay.over = !o->repeat;
	wl_refs_rewind(&replay.refs);
	return !replay.over && wl_refs_next(&replay.refs, ref, &bad);
}

static void replay_op(struct wl *wl)
{
	const struct replay_opts *o = wl->opts;
	struct wl_ref ref;
	uint64_t i;

	if (replay.over || !next_ref(wl, &ref)) {
		wl_idle();
		return;
	}
	if (o->speed && ref.delay_us)
		delay(o->speed, ref.delay_us);
	for (i = 0; i < ref.count && !wl_stopping(); i++)
		touch(wl, ref.object + i, ref.write);
}

static const struct wl_metric replay_metrics[] = {
	[READS] = {"reads", "pages", WL_HIGHER, "pages read and checked"},
	[WRITES] = {"writes", "pages", WL_HIGHER, "pages written"},
	[FIRST] = {"first", "pages", WL_NONE, "anon: pages written at their first reference"},
	[PASSES] = {"passes", "count", WL_NONE, "times the end of the trace was reached"},
};

const struct workload workload_replay = {
	.name = "replay",
	.summary = "the references of a trace, to memory or to a file",
	.op = "one reference",
	WL_TABLE(replay_options),
	.defaults = &replay_defaults,
	.opts_size = sizeof(struct replay_opts),
	.metrics = replay_metrics,
	.nr_metrics = sizeof(replay_metrics) / sizeof(replay_metrics[0]),
	.setup = replay_setup,
	.op_run = replay_op,
};
