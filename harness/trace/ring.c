// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the kernel's ring buffer, and their events in the order of time.
 *
 * An event begins with 32 bits: 5 of type or length, 27 of time since the one before.  Up to 28 words
 * of data have their length there; longer ones have it, as bytes, in a word of their own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

#define COMMIT_MASK  ((1u << 27) - 1)
#define LOST_FLAG    (1u << 31)
#define LOST_STORED  (1u << 30)
#define DELTA_BITS   27
#define TYPE_MASK    31u
#define TYPE_PADDING 29u
#define TYPE_EXTEND  30u
#define TYPE_STAMP   31u
/* A stamp holds the low 59 bits of the time. */
#define STAMP_BITS   59

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void add_format(struct trace *t, struct text record)
{
	struct trace_format *f;

	if (t->nr_formats == TRACE_FORMATS_MAX)
		return;
	t->format = xrealloc(t->format, t->nr_formats + 1, sizeof(*t->format));
	f = &t->format[t->nr_formats];
	if (trace_parse_format(f, record))
		return;
	/* Two events of one number: the first one stays. */
	if (t->index[f->id])
		free(f->field);
	else
		t->index[f->id] = (uint16_t)++t->nr_formats;
}

static bool begins(struct text t, const char *line, struct text *rest)
{
	size_t len = strlen(line);

	if (t.len <= len || memcmp(t.p, line, len) || t.p[len] != '\n')
		return false;
	*rest = (struct text){t.p + len + 1, t.len - len - 1};
	return true;
}

static void load_formats(struct trace *t, const struct records *rec)
{
	size_t i;

	for (i = 0; i < rec->nr_traces; i++) {
		struct text data = rec->trace[i].data;

		if (rec->trace[i].type == WIRE_FORMAT &&
		    !begins(data, "header_page", &t->header_page) &&
		    !begins(data, "header_event", &t->header_event))
			add_format(t, data);
	}
	trace_parse_layout(&t->layout, t->header_page);
}

static void add_page(struct trace_cpu *cpu, const uint8_t *p, size_t len)
{
	if (!(cpu->nr_pages & (cpu->nr_pages - 1)))
		cpu->page = xrealloc(cpu->page, cpu->nr_pages ? 2 * cpu->nr_pages : 1,
				     sizeof(*cpu->page));
	cpu->page[cpu->nr_pages++] = (struct trace_page){p, len};
}

static void load_pages(struct trace *t, unsigned int cpu, struct text data)
{
	size_t at, left;

	for (at = 0; at < data.len; at += t->layout.page) {
		left = data.len - at;
		add_page(&t->cpu[cpu], (const uint8_t *)data.p + at,
			 left < t->layout.page ? left : t->layout.page);
	}
}

/* The number of a line "KEY: N" of per_cpu/cpuN/stats. */
static uint64_t stat_number(struct text text, const char *key)
{
	size_t klen = strlen(key);
	const char *p = text.p, *end = text.p + text.len, *nl;
	uint64_t v = 0;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		if ((size_t)(nl - p) <= klen || memcmp(p, key, klen))
			continue;
		for (p += klen; p < nl && *p == ' '; p++)
			;
		for (; p < nl && *p >= '0' && *p <= '9' && v < UINT64_MAX / 10; p++)
			v = v * 10 + (uint64_t)(*p - '0');
		break;
	}
	return v;
}

/* Entries are those that nobody read. */
static uint64_t stats_lost(struct text text)
{
	return stat_number(text, "entries:") + stat_number(text, "overrun:") +
	       stat_number(text, "commit overrun:") + stat_number(text, "dropped events:");
}

/* How many events the kernel says were lost in front of this page; it does not always know. */
static uint64_t page_lost(const struct trace_layout *l, const struct trace_page *page)
{
	uint32_t commit;
	size_t behind;

	if (page->len < l->data)
		return 0;
	commit = u32_at(page->p + l->commit);
	behind = l->data + (size_t)(commit & COMMIT_MASK);
	if (!(commit & LOST_FLAG))
		return 0;
	return commit & LOST_STORED && behind + 8 <= page->len ? u64_at(page->p + behind) : 1;
}

/* Statistics come at the close; of a run that did not get there, pages tell. */
static uint64_t count_lost(const struct trace *t, const struct records *rec)
{
	uint64_t stats = 0, pages = 0;
	unsigned int cpu;
	size_t i;

	for (i = 0; i < rec->nr_traces; i++)
		if (rec->trace[i].type == WIRE_LOST)
			stats += stats_lost(rec->trace[i].data);
	for (cpu = 0; cpu < t->nr_cpus; cpu++)
		for (i = 0; i < t->cpu[cpu].nr_pages; i++)
			pages += page_lost(&t->layout, &t->cpu[cpu].page[i]);
	return stats > pages ? stats : pages;
}

int trace_load(struct trace *t, const struct records *rec)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	if (!rec->nr_traces)
		return -ENODATA;
	t->index = xcalloc(UINT16_MAX + 1, sizeof(*t->index));
	load_formats(t, rec);
	for (i = 0; i < rec->nr_traces; i++) {
		const struct records_trace *r = &rec->trace[i];

		if (r->type == WIRE_FORMAT || r->cpu >= TRACE_CPUS_MAX)
			continue;
		if (r->cpu >= t->nr_cpus)
			t->nr_cpus = r->cpu + 1;
		if (r->type == WIRE_TRACE)
			load_pages(t, r->cpu, r->data);
	}
	t->lost = count_lost(t, rec);
	return 0;
}

void trace_release(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nr_formats; i++)
		free(t->format[i].field);
	for (i = 0; i < TRACE_CPUS_MAX; i++)
		free(t->cpu[i].page);
	free(t->format);
	free(t->index);
	memset(t, 0, sizeof(*t));
}

/* Puts the cursor at the start of a page; one that has no room for its own head is left out. */
static void enter_page(const struct trace_layout *l, const struct trace_page *page,
		       struct trace_cursor *c)
{
	size_t used;

	c->at = c->end = NULL;
	if (page->len <= l->data)
		return;
	used = u32_at(page->p + l->commit) & COMMIT_MASK;
	if (used > page->len - l->data)
		used = page->len - l->data;
	c->at = page->p + l->data;
	c->end = c->at + used;
	c->time_ns = u64_at(page->p + l->time);
}

static uint64_t stamp(uint64_t low, uint64_t now)
{
	uint64_t high = now & ~((1ull << STAMP_BITS) - 1);
	uint64_t time = low | high;

	/* The low bits have gone round since. */
	return high && time < now ? time + (1ull << STAMP_BITS) : time;
}

/*
 * One step; true when it found data.  A page ends where its rest makes no sense.
 */
static bool step(struct trace_cursor *c, const uint8_t **data, size_t *len)
{
	size_t left = (size_t)(c->end - c->at), size = 0;
	uint32_t head, type, delta, word;

	if (left < 4)
		goto out;
	head = u32_at(c->at);
	type = head & TYPE_MASK;
	delta = head >> 5;
	if (type == TYPE_PADDING && !delta)
		goto out;
	if (type && type < TYPE_PADDING) {
		c->time_ns += delta;
		*data = c->at + 4;
		*len = size = 4 * (size_t)type;
		if (size > left - 4)
			goto out;
		c->at += 4 + size;
		return true;
	}
	if (left < 8)
		goto out;
	word = u32_at(c->at + 4);
	if (type == TYPE_EXTEND)
		c->time_ns += ((uint64_t)word << DELTA_BITS) + delta;
	else if (type == TYPE_STAMP)
		c->time_ns = stamp(((uint64_t)word << DELTA_BITS) + delta, c->time_ns);
	else
		c->time_ns += delta;
	if (type == TYPE_EXTEND || type == TYPE_STAMP) {
		c->at += 8;
		return false;
	}
	/* The length counts its own word; padding and data have it alike. */
	if (word < 4 || word > left - 4)
		goto out;
	*data = c->at + 8;
	*len = word - 4;
	size = 4 + (((size_t)word + 3) & ~(size_t)3);
	c->at += size < left ? size : left;
	return type != TYPE_PADDING;
out:
	c->at = c->end;
	return false;
}

/* Finds the CPU's next event of a known format. */
static void advance(const struct trace *t, unsigned int cpu, struct trace_cursor *c)
{
	const struct trace_cpu *pages = &t->cpu[cpu];
	uint64_t last = c->event.time_ns;
	const uint8_t *data;
	uint16_t id, at;
	size_t len;

	c->ready = false;
	while (!c->ready) {
		if (c->at == c->end) {
			if (c->page == pages->nr_pages)
				return;
			enter_page(&t->layout, &pages->page[c->page++], c);
			continue;
		}
		if (!step(c, &data, &len) || len < 8)
			continue;
		memcpy(&id, data, sizeof(id));
		at = t->index[id];
		if (!at)
			continue;
		c->event = (struct trace_event){.time_ns = c->time_ns > last ? c->time_ns : last,
						.cpu = cpu, .format = &t->format[at - 1],
						.data = data, .len = len};
		c->event.pid = (int32_t)trace_number_or(&c->event, "common_pid", 0);
		c->ready = true;
	}
}

void trace_begin(struct trace_iter *it, const struct trace *t)
{
	unsigned int cpu;

	memset(it, 0, sizeof(*it));
	it->t = t;
	for (cpu = 0; cpu < t->nr_cpus; cpu++)
		advance(t, cpu, &it->cpu[cpu]);
}

bool trace_next(struct trace_iter *it, struct trace_event *e)
{
	struct trace_cursor *first = NULL;
	unsigned int cpu;

	for (cpu = 0; cpu < it->t->nr_cpus; cpu++) {
		struct trace_cursor *c = &it->cpu[cpu];

		if (c->ready && (!first || c->event.time_ns < first->event.time_ns))
			first = c;
	}
	if (!first)
		return false;
	*e = first->event;
	advance(it->t, e->cpu, first);
	return true;
}
