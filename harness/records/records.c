// SPDX-License-Identifier: GPL-2.0-only
#include "records/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static struct text payload(const struct wire_item *item)
{
	return (struct text){(const char *)item->payload, item->head.len};
}

static void take_hello(struct records *rec, const struct wire_item *item)
{
	struct text rest = payload(item);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rec->hello); i++)
		if (!text_line(&rest, &rec->hello[i]))
			rec->hello[i] = (struct text){rest.p, 0};
}

/* Room for one more: grows by doubling, so sizes are powers of two. */
static void *grow(void *all, size_t nr, size_t size)
{
	return nr & (nr - 1) ? all : xrealloc(all, nr ? 2 * nr : 1, size);
}

static int add_set(struct records *rec, enum wire_phase phase, uint64_t time_ns)
{
	if (rec->nr_sets == RECORDS_SETS_MAX)
		return -EBADMSG;
	rec->set = grow(rec->set, rec->nr_sets, sizeof(*rec->set));
	rec->current = &rec->set[rec->nr_sets++];
	*rec->current = (struct records_set){.phase = phase, .time_ns = time_ns};
	return 0;
}

static int take_mark(struct records *rec, const struct wire_item *item)
{
	if (rec->nr_marks == RECORDS_MARKS_MAX)
		return -EBADMSG;
	rec->mark = grow(rec->mark, rec->nr_marks, sizeof(*rec->mark));
	rec->current = &rec->mark[rec->nr_marks++];
	*rec->current = (struct records_set){
		.phase = WIRE_MARK, .name = payload(item), .time_ns = item->head.time_ns};
	return 0;
}

static int take_step(struct records *rec, const struct wire_item *item)
{
	struct text rest = payload(item), name = {0};

	if (rec->nr_steps == RECORDS_STEPS_MAX)
		return -EBADMSG;
	text_line(&rest, &name);
	rec->step = grow(rec->step, rec->nr_steps, sizeof(*rec->step));
	rec->step[rec->nr_steps++] = (struct records_step){item->head.time_ns, name, rest};
	return 0;
}

static int take_phase(struct records *rec, const struct wire_item *item)
{
	unsigned int phase = item->head.id;

	if (phase == WIRE_MARK)
		return take_mark(rec, item);
	if (phase < WIRE_BOOT || phase > WIRE_STOPPED)
		return -EBADMSG;
	rec->last_phase = (enum wire_phase)phase;
	if (!rec->phase_ns[phase])
		rec->phase_ns[phase] = item->head.time_ns;
	if (phase != WIRE_OPEN && phase != WIRE_SAMPLE && phase != WIRE_CLOSE)
		return 0;
	return add_set(rec, (enum wire_phase)phase, item->head.time_ns);
}

/* Names become columns and JSON keys: plain ASCII without the comma, or the stream is not ours. */
static bool name_ok(struct text t)
{
	size_t i;

	for (i = 0; i < t.len; i++)
		if (t.p[i] < 0x20 || t.p[i] > 0x7e || t.p[i] == ',')
			return false;
	return t.len > 0 && t.len < 64;
}

/* One name twice would have one text measured twice, and so on up to the number of sources. */
static bool taken(const struct text *names, unsigned int nr, struct text name)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (names[i].p && names[i].len == name.len && !memcmp(names[i].p, name.p, name.len))
			return true;
	return false;
}

static int take_source(struct records *rec, const struct wire_item *item)
{
	unsigned int id = item->head.id;

	if (id >= RECORDS_SOURCES_MAX || rec->source[id].p || !name_ok(payload(item)))
		return -EBADMSG;
	if (taken(rec->source, rec->nr_sources, payload(item)))
		return -EBADMSG;
	rec->source[id] = payload(item);
	if (id >= rec->nr_sources)
		rec->nr_sources = id + 1;
	return 0;
}

static int take_workload(struct records *rec, const struct wire_item *item)
{
	struct text rest = payload(item), name = {0};
	unsigned int id = item->head.id;

	text_line(&rest, &name);
	if (id >= RECORDS_WORKS_MAX || rec->work_name[id].p || !name_ok(name))
		return -EBADMSG;
	if (taken(rec->work_name, rec->nr_works, name))
		return -EBADMSG;
	rec->work_name[id] = name;
	rec->work_type[id] = rest;
	if (id >= rec->nr_works)
		rec->nr_works = id + 1;
	return 0;
}

static bool starts(struct text t, const char *prefix)
{
	size_t len = strlen(prefix);

	return t.len > len && !memcmp(t.p, prefix, len);
}

/* Recorded once, in pieces. */
static bool is_pieces(const struct records *rec, unsigned int id)
{
	return id < RECORDS_SOURCES_MAX && (starts(rec->source[id], RECORDS_OUTPUT) ||
					    starts(rec->source[id], RECORDS_POLICY));
}

static int take_piece(struct records *rec, const struct wire_item *item)
{
	if (rec->nr_pieces == RECORDS_PIECES_MAX)
		return -EBADMSG;
	if (!(rec->nr_pieces & (rec->nr_pieces - 1)))
		rec->piece = xrealloc(rec->piece, rec->nr_pieces ? 2 * rec->nr_pieces : 1,
				      sizeof(*rec->piece));
	rec->piece[rec->nr_pieces++] = (struct records_piece){item->head.id, payload(item)};
	return 0;
}

static int take_text(struct records *rec, const struct wire_item *item)
{
	if (is_pieces(rec, item->head.id))
		return take_piece(rec, item);
	if (!rec->current || item->head.id >= RECORDS_SOURCES_MAX)
		return -EBADMSG;
	rec->last[item->head.id] = payload(item);
	rec->current->text[item->head.id] = rec->last[item->head.id];
	return 0;
}

static int take_same(struct records *rec, const struct wire_item *item)
{
	if (!rec->current || item->head.id >= RECORDS_SOURCES_MAX ||
	    !rec->last[item->head.id].p)
		return -EBADMSG;
	rec->current->text[item->head.id] = rec->last[item->head.id];
	return 0;
}

static int take_cost(struct records *rec, const struct wire_item *item)
{
	unsigned int id = item->head.id;

	if (item->head.len != sizeof(rec->cost_all))
		return -EBADMSG;
	if (id != WIRE_COST_ALL && id >= RECORDS_SOURCES_MAX)
		return -EBADMSG;
	memcpy(id == WIRE_COST_ALL ? &rec->cost_all : &rec->cost[id], item->payload,
	       item->head.len);
	return 0;
}

static int take_work(struct records *rec, const struct wire_item *item)
{
	size_t buckets = WIRE_BUCKETS * sizeof(uint64_t);
	struct records_work *w;

	if (!rec->current || item->head.id >= RECORDS_WORKS_MAX)
		return -EBADMSG;
	if (item->head.len != sizeof(w->work) && item->head.len != sizeof(w->work) + buckets)
		return -EBADMSG;
	w = &rec->current->work[item->head.id];
	w->present = true;
	memcpy(&w->work, item->payload, sizeof(w->work));
	w->has_buckets = item->head.len > sizeof(w->work);
	w->bucket = w->has_buckets ? item->payload + sizeof(w->work) : NULL;
	return 0;
}

static int take_state(struct records *rec, const struct wire_item *item)
{
	if (rec->nr_states == RECORDS_STATES_MAX)
		return -EBADMSG;
	rec->state[rec->nr_states++] = payload(item);
	return 0;
}

static int take_trace(struct records *rec, const struct wire_item *item)
{
	if (rec->nr_traces == RECORDS_TRACES_MAX)
		return -EBADMSG;
	rec->trace = grow(rec->trace, rec->nr_traces, sizeof(*rec->trace));
	rec->trace[rec->nr_traces++] = (struct records_trace){
		(enum wire_type)item->head.type, item->head.id, payload(item)};
	return 0;
}

static int take(struct records *rec, const struct wire_item *item)
{
	switch (item->head.type) {
	case WIRE_HELLO:
		take_hello(rec, item);
		return 0;
	case WIRE_PHASE:
		return take_phase(rec, item);
	case WIRE_SOURCE:
		return take_source(rec, item);
	case WIRE_TEXT:
		return take_text(rec, item);
	case WIRE_STATE:
		return take_state(rec, item);
	case WIRE_WORKLOAD:
		return take_workload(rec, item);
	case WIRE_WORK:
		return take_work(rec, item);
	case WIRE_SAME:
		return take_same(rec, item);
	case WIRE_STEP:
		return take_step(rec, item);
	case WIRE_COST:
		return take_cost(rec, item);
	case WIRE_FORMAT:
	case WIRE_TRACE:
	case WIRE_LOST:
		return take_trace(rec, item);
	case WIRE_ERROR:
		rec->error = payload(item);
		return 0;
	case WIRE_END:
		rec->ended = true;
		rec->end_status = item->head.id;
		return 0;
	default:
		return -EBADMSG;
	}
}

int records_parse(struct records *rec, const void *region, size_t size)
{
	struct wire_reader reader;
	struct wire_item item;
	int ret;

	memset(rec, 0, sizeof(*rec));
	ret = wire_open(&reader, region, size);
	if (ret)
		return ret;
	rec->dropped = reader.dropped;
	rec->bytes = reader.pos;
	while (!rec->ended && !(ret = wire_next(&reader, &item))) {
		ret = take(rec, &item);
		if (ret)
			break;
		rec->last_ns = item.head.time_ns;
		rec->bytes = reader.pos;
	}
	/* Behind the end record there is nothing. */
	rec->damaged = ret == -EBADMSG || (rec->ended && reader.pos != reader.end);
	return 0;
}

void records_release(struct records *rec)
{
	free(rec->set);
	free(rec->mark);
	free(rec->step);
	free(rec->trace);
	free(rec->piece);
	memset(rec, 0, sizeof(*rec));
}

const struct records_set *records_open_set(const struct records *rec)
{
	size_t i;

	for (i = 0; i < rec->nr_sets; i++)
		if (rec->set[i].phase == WIRE_OPEN)
			return &rec->set[i];
	return NULL;
}

const struct records_set *records_last_set(const struct records *rec)
{
	return rec->nr_sets ? &rec->set[rec->nr_sets - 1] : NULL;
}

const struct records_set *records_mark(const struct records *rec, const char *name)
{
	size_t i;

	for (i = rec->nr_marks; i; i--)
		if (text_is(rec->mark[i - 1].name, name))
			return &rec->mark[i - 1];
	return NULL;
}

struct text records_text(const struct records *rec, const struct records_set *set, const char *name)
{
	unsigned int i;

	for (i = 0; i < rec->nr_sources; i++)
		if (text_is(rec->source[i], name))
			return set->text[i];
	return (struct text){NULL, 0};
}
