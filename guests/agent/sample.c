// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

static char text[TEXT_MAX];

/* The kernel thread of that name, 0 when there is none.  readdir() allocates, before the gate. */
static pid_t kernel_thread(const char *name)
{
	DIR *dir = opendir("/proc");
	char path[sizeof("/proc//comm") + 256], comm[NAME_MAX_];
	struct dirent *e;
	pid_t pid = 0;

	while (dir && !pid && (e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (sys_read(path, comm, sizeof(comm)) > 0 && !strcmp(comm, name))
			pid = (pid_t)strtol(e->d_name, NULL, 10);
	}
	if (dir)
		closedir(dir);
	return pid;
}

/* A file of a task that is named instead of numbered; -1 when there is no such task. */
static int open_of_task(const char *word)
{
	const char *file = strchr(word, '/');
	char name[NAME_MAX_], path[128];
	pid_t pid;

	if (!file)
		return -1;
	snprintf(name, sizeof(name), "%.*s", (int)(file - word - 1), word + 1);
	pid = *word == '%' ? kernel_thread(name) : work_pid(name);
	if (!pid)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d%s", (int)pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_source(const char *path)
{
	if (!strncmp(path, "/proc/%", 7) || !strncmp(path, "/proc/@", 7))
		return open_of_task(path + 6);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Some files are handed out in pieces; one that fills the room is cut and says so by its size. */
static size_t read_file(int fd, char *out, size_t room)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < room) {
		n = pread(fd, out + len, room - len, (off_t)len);
		if (n > 0)
			len += (size_t)n;
	}
	return len;
}

static bool is_there(const struct source *s)
{
	return s->fd >= 0 || s->counters;
}

static size_t read_source(const struct source *s, char *out, size_t room)
{
	return s->counters ? bpf_text(s->counters, out, room) : read_file(s->fd, out, room);
}

static struct source *new_source(const char *name)
{
	struct source *s = &agent.source[agent.nr_sources];

	if (agent.nr_sources == SOURCES_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d sources", SOURCES_MAX);
	*s = (struct source){.fd = -1, .every = 1};
	rec_text(WIRE_SOURCE, (uint16_t)agent.nr_sources++, name);
	return s;
}

uint16_t sample_declare(const char *name)
{
	return (uint16_t)(new_source(name) - agent.source);
}

void sample_counters(const char *name, const struct bpf_instance *b)
{
	char full[NAME_MAX_ + 16];

	snprintf(full, sizeof(full), "policy %s", name);
	new_source(full)->counters = b;
}

/*
 * A source that this kernel does not have is declared all the same, with descriptor -1: the result
 * then says "absent" instead of nothing.  The first read is done here, since it has the kernel
 * allocate the file's buffer, which it then keeps.
 */
void sample_source(const char *name, const char *path, unsigned int every)
{
	struct source *s = new_source(name);

	s->fd = open_source(path);
	s->every = every ? every : 1;
	if (s->fd >= 0)
		read_file(s->fd, text, sizeof(text));
}

void sample_state_text(const char *key, const char *value)
{
	char line[1200];

	snprintf(line, sizeof(line), "%s=%s", key, value);
	rec_text(WIRE_STATE, 0, line);
}

void sample_state(const char *key, const char *path)
{
	char value[1024];
	char *c;

	if (sys_read(path, value, sizeof(value)) < 0)
		snprintf(value, sizeof(value), "absent");
	for (c = value; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = *c == '\n' ? ';' : ' ';
	sample_state_text(key, value);
}

static void drop(void)
{
	((struct wire_header *)agent.wire.region)->dropped++;
}

static void add_cost(struct wire_cost *cost, uint64_t ns)
{
	cost->reads++;
	cost->total_ns += ns;
	if (ns > cost->max_ns)
		cost->max_ns = ns;
}

void sample_cost(uint64_t start)
{
	if (agent.in_window)
		add_cost(&agent.cost, rec_now() - start);
}

/*
 * The file is read to where its record will be, so nothing is copied, and one that says what it said
 * last is recorded as that.
 */
static void record_source(unsigned int i, uint64_t now)
{
	struct source *s = &agent.source[i];
	size_t room = 0, len;
	char *at = wire_here(&agent.wire, &room);

	if (!at) {
		drop();
		return;
	}
	len = read_source(s, at, room < TEXT_MAX ? room : TEXT_MAX);
	if (s->last && len == s->last_len && !memcmp(at, s->last, len)) {
		wire_put(&agent.wire, WIRE_SAME, (uint16_t)i, now, NULL, 0);
		return;
	}
	if (len == room) {
		drop();
		return;
	}
	wire_put_here(&agent.wire, WIRE_TEXT, (uint16_t)i, now, (uint32_t)len);
	s->last = at;
	s->last_len = (uint32_t)len;
}

/* all: at the window's edges every source is read, whatever its turn. */
static void record_sources(bool all)
{
	uint64_t now = rec_now(), end;
	unsigned int i;

	for (i = 0; i < agent.nr_sources; i++) {
		struct source *s = &agent.source[i];

		if (!is_there(s) || (!all && agent.nr_sets % s->every))
			continue;
		record_source(i, now);
		end = rec_now();
		if (agent.in_window)
			add_cost(&s->cost, end - now);
		now = end;
	}
}

static void record_costs(void)
{
	uint64_t now = rec_now();
	unsigned int i;

	for (i = 0; i < agent.nr_sources; i++)
		if (agent.source[i].cost.reads)
			wire_put(&agent.wire, WIRE_COST, (uint16_t)i, now, &agent.source[i].cost,
				 sizeof(agent.source[i].cost));
	wire_put(&agent.wire, WIRE_COST, WIRE_COST_ALL, now, &agent.cost, sizeof(agent.cost));
}

/*
 * Samples leave the last eighth of the region to what must not be lost: the close, errors, the end.
 */
static bool short_of_room(void)
{
	const struct wire_header *head = (struct wire_header *)agent.wire.region;

	return head->used > agent.wire.size / 8 * 7;
}

/*
 * Counters of the workloads first: they are memory, so they all belong to one instant.  The kernel
 * is not asked to fold its per-CPU counters (vm.stat_refresh): that waits for a kworker behind the
 * workloads, tens of milliseconds under load, and moves the very edge it should sharpen.
 */
void sample_record(enum wire_phase phase, const char *name)
{
	uint64_t start = rec_now();

	if (phase == WIRE_SAMPLE && short_of_room()) {
		drop();
		return;
	}
	agent.in_window = phase != WIRE_CLOSE;
	/* Turns are counted from the opening. */
	if (phase == WIRE_OPEN)
		agent.nr_sets = 0;
	rec_phase(phase, name);
	work_record(phase != WIRE_SAMPLE);
	record_sources(phase != WIRE_SAMPLE);
	agent.nr_sets++;
	sample_cost(start);
	if (phase == WIRE_CLOSE)
		record_costs();
}

void sample_read(void)
{
	unsigned int i;

	for (i = 0; i < agent.nr_sources; i++)
		if (is_there(&agent.source[i]) &&
		    !(agent.nr_sets % agent.source[i].every))
			read_source(&agent.source[i], text, sizeof(text));
	agent.nr_sets++;
}

/* Between the samples: it takes nobody's turn. */
void sample_mark(const char *name)
{
	uint64_t start = rec_now();

	if (short_of_room()) {
		drop();
		return;
	}
	wire_put(&agent.wire, WIRE_PHASE, WIRE_MARK, start, name, (uint32_t)strlen(name));
	work_record(false);
	record_sources(true);
	sample_cost(start);
}

/* Whatever does not fit any more is counted as dropped, and the harness sees that. */
void sample_dump(const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint16_t id = (uint16_t)agent.nr_sources;
	ssize_t n;

	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	sample_source(name, path, 1);
	while ((n = read(fd, text, sizeof(text))) > 0) {
		wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), text, (uint32_t)n);
		port_watchdog_kick();
	}
	close(fd);
	/* A source once more would be read again at the window's edges. */
	close(agent.source[id].fd);
	agent.source[id].fd = -1;
}
