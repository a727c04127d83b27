// SPDX-License-Identifier: GPL-2.0-only
#include "result/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "records/counters.h"

json_t *state_text(struct text t)
{
	char copy[1024];

	text_copy(copy, sizeof(copy), t);
	return json_string(copy);
}

static void stated(const struct records *rec, json_t *out)
{
	unsigned int i;

	for (i = 0; i < rec->nr_states; i++) {
		struct text t = rec->state[i];
		const char *eq = memchr(t.p, '=', t.len);
		char key[128];

		if (!eq || eq - t.p >= (long)sizeof(key))
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(eq - t.p), t.p);
		json_object_set_new(
			out, key,
			state_text((struct text){eq + 1, t.len - (size_t)(eq + 1 - t.p)}));
	}
}

/* Going over a zoneinfo; of each zone the boost comes before the watermarks. */
struct zones {
	json_t *out;
	uint64_t boost; /* of the newest zone */
};

/*
 * "zone.0.Normal.low" becomes "node.0.zone.Normal.low".  What the kernel shows has the boost in it, with
 * which it answers fragmentation for a while; it is no setting.
 */
static void take_zone(void *ctx, const char *name, uint64_t value)
{
	static const char *const files[] = {"min", "low", "high", "managed"};
	char zone[32], what[32], key[128], text[24];
	struct zones *z = ctx;
	unsigned int node;
	size_t i;
	int end = 0;

	if (sscanf(name, "zone.%u.%31[^.].%31[a-z]%n", &node, zone, what, &end) != 3 || name[end])
		return;
	if (!strcmp(what, "boost"))
		z->boost = value;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(what, files[i]))
			continue;
		if (i < 3 && z->boost < value)
			value -= z->boost;
		snprintf(key, sizeof(key), "node.%u.zone.%s.%s", node, zone, what);
		snprintf(text, sizeof(text), "%" PRIu64, value);
		json_object_set_new(z->out, key, json_string(text));
	}
}

static void zones(const struct records *rec, json_t *out)
{
	const struct records_set *open = records_open_set(rec);
	static const char name[] = "zoneinfo";
	struct text source = {name, sizeof(name) - 1};
	struct zones z = {.out = out};

	if (open)
		counters_each(source, records_text(rec, open, name), take_zone, &z);
}

struct huge {
	bool known, some;
};

static void take_huge(void *ctx, const char *name, uint64_t value)
{
	struct huge *huge = ctx;

	if (strcmp(name, "meminfo.AnonHugePages"))
		return;
	huge->known = true;
	huge->some |= value > 0;
}

/* One that a fault was given and reclaim split before the next sample counts too. */
static bool faulted(const struct records *rec)
{
	const struct records_set *open = records_open_set(rec), *last = records_last_set(rec);
	uint64_t a, b;

	return open && text_get(records_text(rec, open, "vmstat"), "thp_fault_alloc", &a) &&
	       text_get(records_text(rec, last, "vmstat"), "thp_fault_alloc", &b) && b > a;
}

/* Two kernels can both say "always" while one of them never gets any. */
static void huge_pages(const struct records *rec, json_t *out)
{
	struct huge huge = {.some = faulted(rec)};
	unsigned int i;
	size_t k;

	for (k = 0; k < rec->nr_sets; k++)
		for (i = 0; i < rec->nr_sources; i++)
			if (text_is(rec->source[i], "meminfo") &&
			    (!k || rec->set[k].text[i].p != rec->set[k - 1].text[i].p))
				counters_each(rec->source[i], rec->set[k].text[i], take_huge,
					      &huge);
	json_object_set_new(out, "thp.anon",
			    json_string(huge.some ? "some" : huge.known ? "none" : "absent"));
}

json_t *state_of(const struct records *rec)
{
	json_t *out = json_object();

	stated(rec, out);
	zones(rec, out);
	if (rec->nr_sets)
		huge_pages(rec, out);
	return out;
}

json_t *state_steps(const struct records *rec)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < rec->nr_steps; i++)
		json_array_append_new(
			out, json_pack("{s:o, s:I, s:o}", "name", state_text(rec->step[i].name),
				       "time_ns", (json_int_t)rec->step[i].time_ns, "outcome",
				       state_text(rec->step[i].outcome)));
	return out;
}
