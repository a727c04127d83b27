// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

static char text[TEXT_MAX];

/*
 * A source that this kernel does not have is declared all the same, with descriptor -1: the result
 * then says "absent" instead of nothing.
 */
void sample_source(const char *name, const char *path)
{
	struct source *s = &agent.source[agent.nr_sources];

	if (agent.nr_sources == SOURCES_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d sources", SOURCES_MAX);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	rec_text(WIRE_SOURCE, (uint16_t)agent.nr_sources++, name);
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

/*
 * Some files are handed out in pieces; a file that fills the buffer is cut and says so by its size.
 */
static size_t read_source(int fd)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(text)) {
		n = pread(fd, text + len, sizeof(text) - len, (off_t)len);
		if (n > 0)
			len += (size_t)n;
	}
	return len;
}

static void record_sources(void)
{
	unsigned int i;

	for (i = 0; i < agent.nr_sources; i++) {
		struct source *s = &agent.source[i];
		uint64_t now = rec_now();

		if (s->fd >= 0)
			wire_put(&agent.wire, WIRE_TEXT, (uint16_t)i, now, text,
				 (uint32_t)read_source(s->fd));
	}
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
	if (phase == WIRE_SAMPLE && short_of_room()) {
		((struct wire_header *)agent.wire.region)->dropped++;
		return;
	}
	rec_phase(phase, name);
	work_record(phase != WIRE_SAMPLE);
	record_sources();
}

/* Whatever does not fit any more is counted as dropped, and the harness sees that. */
void sample_dump(const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint16_t id = (uint16_t)agent.nr_sources;
	ssize_t n;

	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	sample_source(name, path);
	while ((n = read(fd, text, sizeof(text))) > 0) {
		wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), text, (uint32_t)n);
		port_watchdog_kick();
	}
	close(fd);
	/* A source once more would be read again at the window's edges. */
	close(agent.source[id].fd);
	agent.source[id].fd = -1;
}
