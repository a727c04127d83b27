// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's tracepoints of reclaim, as raw pages of its ring buffer.
 *
 * Which events a kernel has is found when it runs: one that is not there is state, never a failure,
 * and so is a kernel without tracefs.  Buffers are allocated and files opened by the plan, before
 * the workloads start; events are switched on just before the gate.  From then on a tick costs a
 * read or two a CPU, and nothing is allocated here.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent.h"

#define DIR_        "/sys/kernel/tracing"
#define EVENTS_MAX  160
#define CPUS_MAX    64
#define CGROUPS_MAX 64
#define PAGE        4096u
/* What the kernel writes at the head of a page: its time, and how much of it is in use. */
#define PAGE_HEAD   16u
#define COMMIT_MASK ((1u << 27) - 1)
/* The number of events lost before the page stands behind its last one. */
#define LOST_STORED (1u << 30)

/*
 * KiB of each CPU's buffer; drained every 100 ms.  A writer that is throttled may tell 120000 events a second for a
 * while, of 70 bytes each.  Per-page events come some ten times as fast as others.
 */
#define BUFFER_RECLAIM "1024"
#define BUFFER_ALL     "2048"

enum level { RECLAIM, BATCH, ALL, PAGES, NEVER };

static const char *const levels[] = {"reclaim", "batch", "all", "pages"};

/*
 * The first row that fits decides.  What comes once an episode or a request of writeback is "reclaim";
 * what comes with each batch of some pages, up to 20000 a second and 2 % of the guest's instructions,
 * is "batch"; what comes for each page, zone or shrinker is "all"; and what names each page that comes
 * and goes is "pages", by which two kernels' decisions are compared.
 */
static const struct {
	const char *system;
	const char *pattern;
	enum level level;
} table[] = {
	{"vmscan", "mm_vmscan_write_folio", ALL},
	{"vmscan", "mm_shrink_slab_*", ALL},
	{"vmscan", "mm_vmscan_lru_*", BATCH},
	{"vmscan", "*", RECLAIM},
	{"oom", "oom_score_adj_update", ALL},
	{"oom", "*", RECLAIM},
	{"compaction", "mm_compaction_suitable", ALL},
	{"compaction", "mm_compaction_finished", ALL},
	{"compaction", "mm_compaction_*isolate_*", ALL},
	{"compaction", "*", RECLAIM},
	{"migrate", "mm_migrate_pages*", RECLAIM},
	{"writeback", "balance_dirty_pages", RECLAIM},
	{"writeback", "bdi_dirty_ratelimit", RECLAIM},
	{"writeback", "writeback_wake_background", RECLAIM},
	{"writeback", "writeback_queue", RECLAIM},
	{"writeback", "writeback_exec", RECLAIM},
	{"writeback", "writeback_start", RECLAIM},
	{"writeback", "writeback_written", RECLAIM},
	{"writeback", "writeback_pages_written", RECLAIM},
	{"writeback", "flush_foreign", RECLAIM},
	{"writeback", "global_dirty_state", ALL},
	{"writeback", "folio_wait_writeback", ALL},
	{"writeback", "wbc_writepage", ALL},
	{"memcg", "mod_*", NEVER},
	{"memcg", "count_memcg_events", NEVER},
	{"memcg", "*", ALL},
	{"workingset", "*", ALL},
	{"filemap", "mm_filemap_*_page_cache", PAGES},
	{"pagemap", "*", PAGES},
};

struct event {
	char name[NAME_MAX_ + 32]; /* "system/name" */
	bool on;
};

static struct {
	enum level level;
	bool on;
	struct event event[EVENTS_MAX];
	unsigned int nr_events;
	int raw[CPUS_MAX];
	int stats[CPUS_MAX];
	unsigned int nr_cpus;
	int on_fd;
	int cmdlines_fd;
	uint16_t cmdlines_id;
	uint64_t bytes; /* of the region, used for pages */
	struct {
		int fd;
		uint16_t id;
	} threads[CGROUPS_MAX];
	unsigned int nr_threads;
} trace;

static char text[TEXT_MAX];

static size_t read_all(int fd)
{
	size_t len = 0;
	ssize_t n = fd < 0 ? 0 : 1;

	while (n > 0 && len < sizeof(text)) {
		n = pread(fd, text + len, sizeof(text) - len, (off_t)len);
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

/* False when the kernel does not take it. */
static bool set(const char *file, const char *value)
{
	char path[192];
	int fd, n;

	snprintf(path, sizeof(path), DIR_ "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : (int)write(fd, value, strlen(value));
	if (fd >= 0)
		close(fd);
	return n > 0;
}

/* Puts a format file on record under a name; false when it is not there or too long. */
static bool record_format(const char *name, const char *file)
{
	char path[192], head[NAME_MAX_ + 40];
	size_t len;
	int fd;

	snprintf(path, sizeof(path), DIR_ "/events/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = read_all(fd);
	if (fd >= 0)
		close(fd);
	if (!len || len == sizeof(text))
		return false;
	snprintf(head, sizeof(head), "%s\n", name);
	return wire_put2(&agent.wire, WIRE_FORMAT, 0, rec_now(), head, (uint32_t)strlen(head), text,
			 (uint32_t)len);
}

static bool wanted(const char *system, const char *name, bool seen[])
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].system, system) || fnmatch(table[i].pattern, name, 0))
			continue;
		seen[i] = true;
		return table[i].level <= trace.level;
	}
	return false;
}

/* A line is "system:name". */
static void find_events(bool seen[])
{
	FILE *f = fopen(DIR_ "/available_events", "re");
	char line[256], *name;

	while (f && fgets(line, sizeof(line), f)) {
		struct event *e = &trace.event[trace.nr_events];

		line[strcspn(line, "\n")] = '\0';
		name = strchr(line, ':');
		if (!name || strlen(line) >= sizeof(e->name) || trace.nr_events == EVENTS_MAX)
			continue;
		*name++ = '\0';
		if (!wanted(line, name, seen))
			continue;
		snprintf(e->name, sizeof(e->name), "%s/%s", line, name);
		trace.nr_events++;
	}
	if (f)
		fclose(f);
}

/* One key a system, since a state's text has 1023 bytes at most in a result. */
static void say_events(const char *system)
{
	char list[1024] = "", key[64];
	size_t len = strlen(system), used = 0;
	unsigned int i;

	for (i = 0; i < trace.nr_events; i++) {
		const struct event *e = &trace.event[i];

		if (!e->on || strncmp(e->name, system, len) || e->name[len] != '/')
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 used ? " " : "", e->name + len + 1);
		if (used >= sizeof(list))
			break;
	}
	snprintf(key, sizeof(key), "trace.events.%s", system);
	sample_state_text(key, used ? list : "absent");
}

/* What the table asks for and this kernel does not have. */
static void say_absent(const bool seen[])
{
	char list[1024] = "";
	size_t i, used = 0;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!seen[i] && table[i].level <= trace.level && used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s/%s",
						 used ? " " : "", table[i].system,
						 table[i].pattern);
	sample_state_text("trace.absent", list);
}

static void say_all(const bool seen[])
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!i || strcmp(table[i].system, table[i - 1].system))
			say_events(table[i].system);
	say_absent(seen);
}

static void record_formats(void)
{
	char file[sizeof(trace.event[0].name) + 8];
	unsigned int i;

	record_format("header_page", "header_page");
	record_format("header_event", "header_event");
	for (i = 0; i < trace.nr_events; i++) {
		snprintf(file, sizeof(file), "%s/format", trace.event[i].name);
		trace.event[i].on = record_format(trace.event[i].name, file);
	}
}

static int open_in(unsigned int cpu, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), DIR_ "/per_cpu/cpu%u/%s", cpu, name);
	return open(path, O_RDONLY | O_CLOEXEC | flags);
}

/* The first read makes the kernel allocate what later ones need. */
static void open_cpus(void)
{
	static char page[PAGE];
	unsigned int cpu;

	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		trace.raw[cpu] = open_in(cpu, "trace_pipe_raw", O_NONBLOCK);
		if (trace.raw[cpu] < 0)
			break;
		trace.stats[cpu] = open_in(cpu, "stats", 0);
		while (read(trace.raw[cpu], page, sizeof(page)) > 0)
			;
	}
	trace.nr_cpus = cpu;
	trace.on_fd = open(DIR_ "/tracing_on", O_WRONLY | O_CLOEXEC);
	trace.cmdlines_fd = open(DIR_ "/saved_cmdlines", O_RDONLY | O_CLOEXEC);
	trace.cmdlines_id = (uint16_t)agent.nr_sources;
	sample_source("saved_cmdlines", "", 1);
}

void trace_plan(const char *level)
{
	bool seen[sizeof(table) / sizeof(table[0])] = {false};
	unsigned int i;

	sample_state_text("trace.level", level);
	if (!strcmp(level, "none"))
		return;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!strcmp(level, levels[i]))
			break;
	if (i == sizeof(levels) / sizeof(levels[0]))
		agent_fail(WIRE_AGENT_ERROR, "the plan traces the unknown '%s'", level);
	trace.level = (enum level)i;
	/* EBUSY: it is mounted there already. */
	if ((mount("tracefs", DIR_, "tracefs", 0, NULL) && errno != EBUSY) ||
	    !set("trace_clock", "mono") ||
	    !set("buffer_size_kb", trace.level >= ALL ? BUFFER_ALL : BUFFER_RECLAIM)) {
		sample_state_text("trace.events", "absent");
		return;
	}
	find_events(seen);
	record_formats();
	say_all(seen);
	open_cpus();
}

void trace_threads(const char *name, const char *path)
{
	char source[NAME_MAX_];

	if (trace.nr_threads == CGROUPS_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d cgroups", CGROUPS_MAX);
	snprintf(source, sizeof(source), "threads %s", name);
	trace.threads[trace.nr_threads].fd = open(path, O_RDONLY | O_CLOEXEC);
	trace.threads[trace.nr_threads++].id = (uint16_t)agent.nr_sources;
	/* Declared only: who is in a cgroup is read at the edges of the window, not at each sample. */
	sample_source(source, "", 1);
}

void trace_start(void)
{
	char file[sizeof(trace.event[0].name) + 8];
	unsigned int i;

	for (i = 0; i < trace.nr_events; i++) {
		snprintf(file, sizeof(file), "events/%s/enable", trace.event[i].name);
		if (trace.event[i].on && !set(file, "1"))
			sample_state_text("trace.off", trace.event[i].name);
	}
	trace.on = trace.nr_cpus > 0;
}

/*
 * Pages may take half of the region, and samples keep the last eighth free; what does not fit stays
 * with the kernel, which counts it.
 */
static bool room(void)
{
	const struct wire_header *head = (struct wire_header *)agent.wire.region;

	return trace.bytes + PAGE <= agent.wire.size / 2 &&
	       head->used + 2 * PAGE <= agent.wire.size / 8 * 7;
}

/* Bytes of the page that mean something; 0 for one without events. */
static uint32_t in_use(const char *page, size_t len)
{
	uint32_t commit, used;

	if (len < PAGE_HEAD)
		return 0;
	memcpy(&commit, page + 8, sizeof(commit));
	used = PAGE_HEAD + (commit & COMMIT_MASK) + (commit & LOST_STORED ? 8 : 0);
	return used < len ? used : (uint32_t)len;
}

/* A page is read to where its record will be, so nothing is copied. */
static void drain_cpu(unsigned int cpu)
{
	size_t left = 0;
	uint32_t len;
	ssize_t n;
	char *at;

	while (room() && (at = wire_here(&agent.wire, &left)) && left >= PAGE) {
		n = read(trace.raw[cpu], at, PAGE);
		len = n > 0 ? in_use(at, (size_t)n) : 0;
		if (len <= PAGE_HEAD)
			break;
		wire_put_here(&agent.wire, WIRE_TRACE, (uint16_t)cpu, rec_now(), len);
		trace.bytes += len + sizeof(struct wire_record);
	}
}

void trace_drain(void)
{
	unsigned int cpu;

	for (cpu = 0; trace.on && cpu < trace.nr_cpus; cpu++)
		drain_cpu(cpu);
}

static void record_text(enum wire_type type, uint16_t id, int fd)
{
	if (fd >= 0)
		wire_put(&agent.wire, type, id, rec_now(), text, (uint32_t)read_all(fd));
}

void trace_edge(void)
{
	unsigned int i;

	for (i = 0; i < trace.nr_threads; i++)
		record_text(WIRE_TEXT, trace.threads[i].id, trace.threads[i].fd);
}

/* Buffers that are read no more, after the budget, still say how much they hold. */
void trace_stop(void)
{
	unsigned int cpu;

	if (!trace.on)
		return;
	if (trace.on_fd >= 0 && write(trace.on_fd, "0", 1) != 1)
		rec_say("tracing cannot be switched off");
	trace_drain();
	trace.on = false;
	record_text(WIRE_TEXT, trace.cmdlines_id, trace.cmdlines_fd);
	for (cpu = 0; cpu < trace.nr_cpus; cpu++)
		record_text(WIRE_LOST, (uint16_t)cpu, trace.stats[cpu]);
}
