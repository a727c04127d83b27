// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream of buffered writes to a file of its own, as dd, rsync or a log makes: page cache that is
 * dirty when reclaim gets to it.  Who cleans it, how long the writer waits, and whether the cgroup
 * runs out of memory meanwhile are the questions.
 */
#include <stdlib.h>
#include <unistd.h>

#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { WRAP, TRUNCATE, STOP };
static const char *const ends[] = {"wrap", "truncate", "stop", NULL};

struct writer_opts {
	uint64_t size;
	unsigned int end;
	uint64_t chunk;
	uint64_t fsync;
	uint64_t rate;
	uint64_t read_back;
};

static const struct writer_opts writer_defaults = {.size = 16 << 20, .chunk = 128 << 10};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct writer_opts, field), __VA_ARGS__}

static const struct conf_key writer_options[] = {
	KEY(size, CONF_SIZE, .min = 4096, .max = 1ull << 40,
	    .help = "bytes of the file, which is made on the data device at the start; a locked byte "
		    "for each 4096"),
	KEY(end, CONF_CHOICE, .choices = ends,
	    .help = "at that size: wrap, write over it from its start; truncate it to nothing and "
		    "start again; stop, ten idle operations a second follow"),
	KEY(chunk, CONF_SIZE, .help = "bytes of one write(), whole pages", .min = 4096,
	    .max = 16 << 20),
	KEY(fsync, CONF_SIZE, .help = "bytes between two fsync(); 0 = never", .max = 1ull << 40),
	KEY(rate, CONF_SIZE, .max = 1ull << 40,
	    .help = "bytes a second at the most, rests not counted as latency; 0 = no limit"),
	KEY(read_back, CONF_MILLIONTHS, .max = 1000000,
	    .help = "share of the writes after which a random page of the file is read back"),
};

enum { WRITTEN, READ_BACK, SYNCS, LAPS };

static struct {
	struct wl_pages file;
	char *chunk;
	uint64_t next;  /* page */
	uint64_t there; /* pages that the file has */
	uint64_t bytes; /* written so far */
	uint64_t unsynced;
	uint64_t start_ns;
} writer;

static void writer_setup(struct wl *wl)
{
	const struct writer_opts *o = wl->opts;

	wl_pages_create(&writer.file, wl, o->size / WL_PAGE_SIZE, WL_WRITE);
	writer.chunk = aligned_alloc(WL_PAGE_SIZE, o->chunk & ~(uint64_t)(WL_PAGE_SIZE - 1));
	if (!writer.chunk)
		wl_fail("out of memory");
}

/* Behind the last page. */
static void start_again(const struct writer_opts *o, struct wl *wl)
{
	writer.next = 0;
	wl->metric[LAPS]++;
	if (o->end != TRUNCATE)
		return;
	writer.there = 0;
	if (ftruncate(writer.file.fd, 0))
		wl_fail("cannot truncate: %m");
}

static void write_chunk(const struct writer_opts *o, struct wl *wl)
{
	uint64_t n = o->chunk / WL_PAGE_SIZE, left = writer.file.pages - writer.next, i;
	ssize_t bytes, done;

	if (n > left)
		n = left;
	bytes = (ssize_t)(n * WL_PAGE_SIZE);
	for (i = 0; i < n; i++)
		wl_pages_make(&writer.file, writer.next + i, writer.chunk + i * WL_PAGE_SIZE);
	done = pwrite(writer.file.fd, writer.chunk, (size_t)bytes,
		      (off_t)(writer.next * WL_PAGE_SIZE));
	if (done != bytes)
		wl_fail("cannot write %zd bytes at page %llu: %m", bytes,
			(unsigned long long)writer.next);
	writer.next += n;
	if (writer.there < writer.next)
		writer.there = writer.next;
	writer.bytes += (uint64_t)bytes;
	writer.unsynced += (uint64_t)bytes;
	wl->metric[WRITTEN] += (uint64_t)bytes >> 10;
}

static void sync_file(struct wl *wl)
{
	writer.unsynced = 0;
	if (fsync(writer.file.fd))
		wl_fail("fsync: %m");
	wl->metric[SYNCS]++;
}

/* Until what was written may have been written. */
static void keep_rate(uint64_t rate)
{
	uint64_t due = writer.start_ns +
		       (uint64_t)((unsigned __int128)writer.bytes * 1000000000u / rate);
	uint64_t now = wl_now();

	if (due > now)
		wl_rest(due - now);
}

static void writer_op(struct wl *wl)
{
	const struct writer_opts *o = wl->opts;

	if (!writer.start_ns)
		writer.start_ns = wl_now();
	if (writer.next == writer.file.pages) {
		if (o->end == STOP) {
			wl_idle();
			return;
		}
		start_again(o, wl);
	}
	write_chunk(o, wl);
	if (o->fsync && writer.unsynced >= o->fsync)
		sync_file(wl);
	if (wl_chance(wl, o->read_back)) {
		wl_pages_read(&writer.file, wl_below(wl, writer.there));
		wl->metric[READ_BACK]++;
	}
	if (o->rate)
		keep_rate(o->rate);
}

static const struct wl_metric writer_metrics[] = {
	[WRITTEN] = {"written", "KiB", WL_HIGHER, "written to the page cache"},
	[READ_BACK] = {"read_back", "pages", WL_NONE, "pages read back and checked"},
	[SYNCS] = {"syncs", "count", WL_NONE, "times that fsync() was called"},
	[LAPS] = {"laps", "count", WL_NONE, "times that the file was started again"},
};

const struct workload workload_writer = {
	.name = "writer",
	.summary = "a stream of buffered writes to a file of its own: dirty page cache",
	.op = "one chunk written",
	WL_TABLE(writer_options),
	.defaults = &writer_defaults,
	.opts_size = sizeof(struct writer_opts),
	.metrics = writer_metrics,
	.nr_metrics = sizeof(writer_metrics) / sizeof(writer_metrics[0]),
	.setup = writer_setup,
	.op_run = writer_op,
};
