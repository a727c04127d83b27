// SPDX-License-Identifier: GPL-2.0-only
#include "result/counts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER    "wringer counts 1"
#define ROOTS     (2 * COUNTS_CONTEXTS)
#define NUMBERS   4
/* Numbers stay far from where sums of them could overflow. */
#define COUNT_MAX (1ull << 62)

const char *const counts_contexts[COUNTS_CONTEXTS] = {
	[COUNTS_KSWAPD] = "kswapd",
	[COUNTS_DIRECT] = "direct",
	[COUNTS_LIMIT] = "limit",
	[COUNTS_PROACTIVE] = "proactive",
	[COUNTS_NODE_RECLAIM] = "node_reclaim",
	[COUNTS_COMPACT] = "compact",
};

/* One line: its word, up to four numbers, and where a name is wanted the rest of it. */
struct line {
	const char *word;
	uint64_t nr[NUMBERS];
	const char *name;
};

static bool take_number(char **rest, uint64_t *out)
{
	char *word = strsep(rest, " "), *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	*out = strtoull(word, &end, 10);
	return !*end && !errno && *out < COUNT_MAX;
}

static bool good_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:$()-");

	return len && !s[len] && len < COUNTS_NAME_MAX;
}

static bool take_line(char **rest, struct line *line)
{
	static const struct {
		const char *word;
		unsigned int numbers;
		bool name;
	} forms[] = {
		{"window", 4, false}, {"lost", 3, false}, {"agent", 2, false}, {"cpu", 2, false},
		{"func", 1, true},    {"root", 1, false}, {"node", 3, false},  {"end", 0, false},
	};
	char *text = strsep(rest, "\n"), *word = strsep(&text, " ");
	unsigned int i, k;

	for (i = 0; word && i < ARRAY_SIZE(forms); i++) {
		if (strcmp(word, forms[i].word))
			continue;
		line->word = forms[i].word;
		for (k = 0; k < forms[i].numbers; k++)
			if (!take_number(&text, &line->nr[k]))
				return false;
		line->name = text;
		return forms[i].name ? text && good_name(text) : !text;
	}
	return false;
}

static bool add_cpu(struct counts *c, const struct line *l)
{
	if (c->nr_cpus == COUNTS_CPUS_MAX)
		return false;
	c->cpu[c->nr_cpus].user = l->nr[0];
	c->cpu[c->nr_cpus++].kernel = l->nr[1];
	return !__builtin_add_overflow(c->user, l->nr[0], &c->user) &&
	       !__builtin_add_overflow(c->kernel, l->nr[1], &c->kernel);
}

static bool add_func(struct counts *c, const struct line *l)
{
	if (c->nr_funcs == COUNTS_FUNCS_MAX)
		return false;
	if (!(c->nr_funcs & (c->nr_funcs - 1)))
		c->func = xrealloc(c->func, c->nr_funcs ? 2 * c->nr_funcs : 1, sizeof(*c->func));
	c->func[c->nr_funcs++] = (struct counts_func){.name = l->name, .outside = l->nr[0]};
	return true;
}

static bool add_node(struct counts *c, const struct counts_node *node)
{
	if (c->nr_nodes == COUNTS_NODES_MAX || node->depth > COUNTS_DEPTH_MAX)
		return false;
	if (!(c->nr_nodes & (c->nr_nodes - 1)))
		c->node = xrealloc(c->node, c->nr_nodes ? 2 * c->nr_nodes : 1, sizeof(*c->node));
	c->node[c->nr_nodes++] = *node;
	return true;
}

static bool add_root(struct counts *c, const struct line *l)
{
	struct counts_node node = {.parent = (uint32_t)c->nr_nodes, .self = l->nr[0]};

	return c->nr_nodes < ROOTS && add_node(c, &node);
}

static bool add_child(struct counts *c, const struct line *l)
{
	struct counts_node node = {.parent = (uint32_t)l->nr[0], .func = (uint32_t)l->nr[1],
				   .self = l->nr[2]};

	if (c->nr_nodes < ROOTS || l->nr[0] >= c->nr_nodes || l->nr[1] >= c->nr_funcs)
		return false;
	node.depth = c->node[l->nr[0]].depth + 1;
	return add_node(c, &node);
}

static bool add_line(struct counts *c, const struct line *l)
{
	if (!strcmp(l->word, "cpu"))
		return add_cpu(c, l);
	if (!strcmp(l->word, "func"))
		return add_func(c, l);
	if (!strcmp(l->word, "root"))
		return add_root(c, l);
	return !strcmp(l->word, "node") && add_child(c, l);
}

/* The three lines that are there once. */
static bool take_head(struct counts *c, char **rest)
{
	static const char *const words[] = {"window", "lost", "agent"};
	struct line l[ARRAY_SIZE(words)] = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!take_line(rest, &l[i]) || strcmp(l[i].word, words[i]))
			return false;
	c->insns = l[0].nr[0];
	c->virtual_ns = l[0].nr[1];
	c->idle_ns = l[0].nr[2];
	c->blocks = l[0].nr[3];
	c->lost_contexts = l[1].nr[0];
	c->lost_frames = l[1].nr[1];
	c->lost_nodes = l[1].nr[2];
	c->agent_user = l[2].nr[0];
	c->agent_kernel = l[2].nr[1];
	return true;
}

static bool take_all(struct counts *c)
{
	char *rest = c->text, *head = strsep(&rest, "\n");
	struct line l = {0};

	if (strcmp(head, HEADER) || !take_head(c, &rest))
		return false;
	while (take_line(&rest, &l)) {
		if (!strcmp(l.word, "end"))
			return c->nr_nodes >= ROOTS && c->nr_cpus && rest && !*rest;
		if (!add_line(c, &l))
			return false;
	}
	return false;
}

/* What the kernel did is in some function, inside of a context or outside. */
static bool sums_agree(const struct counts *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < c->nr_funcs; i++)
		if (__builtin_add_overflow(sum, c->func[i].outside, &sum))
			return false;
	for (i = 0; i < c->nr_nodes; i++)
		if (__builtin_add_overflow(sum, c->node[i].self, &sum))
			return false;
	return sum == c->kernel && c->agent_kernel <= c->kernel && c->agent_user <= c->user &&
	       c->user < COUNT_MAX && c->kernel < COUNT_MAX;
}

int counts_parse(struct counts *c, const char *text, size_t len, struct err *err)
{
	memset(c, 0, sizeof(*c));
	c->text = xcalloc(len + 1, 1);
	if (len)
		memcpy(c->text, text, len);
	if (strlen(c->text) == len && len <= COUNTS_MAX && take_all(c) && sums_agree(c))
		return 0;
	counts_release(c);
	return err_set(err, -EBADMSG, "what the probe wrote makes no sense");
}

void counts_release(struct counts *c)
{
	free(c->func);
	free(c->node);
	free(c->text);
	memset(c, 0, sizeof(*c));
}

/* Of what reclaims: itself, what interrupts did meanwhile, and what a real device would have done. */
enum part { PART_OWN, PART_INTERRUPTS, PART_DEVICE, PARTS };

struct place {
	uint8_t context;
	uint8_t part;
};

/*
 * Drivers that are the device too: they copy the data themselves, on whoever submits it.  zram is
 * none of these: that is what it does anywhere.
 */
static bool is_device(const char *name)
{
	return !strncmp(name, "scsi_debug:", 11) || !strncmp(name, "null_blk:", 9);
}

/* Of each node; parents come first. */
static struct place *find_places(const struct counts *c)
{
	struct place *place = xcalloc(c->nr_nodes, sizeof(*place));
	size_t i;

	for (i = 0; i < ROOTS; i++)
		place[i] = (struct place){i % COUNTS_CONTEXTS,
					  i < COUNTS_CONTEXTS ? PART_OWN : PART_INTERRUPTS};
	for (i = ROOTS; i < c->nr_nodes; i++) {
		place[i] = place[c->node[i].parent];
		if (place[i].part == PART_OWN && is_device(c->func[c->node[i].func].name))
			place[i].part = PART_DEVICE;
	}
	return place;
}

/* What a function has of the contexts. */
struct share {
	uint64_t self[PARTS];
	uint64_t inclusive; /* of PART_OWN, with what it calls */
	size_t last;        /* the node it was counted for last, + 1 */
};

/* A function that is there twice on the way to a context counts once. */
static void add_inclusive(const struct counts *c, size_t i, struct share *share)
{
	size_t at;

	for (at = i; c->node[at].depth; at = c->node[at].parent) {
		struct share *s = &share[c->node[at].func];

		if (s->last == i + 1)
			continue;
		s->last = i + 1;
		s->inclusive += c->node[i].self;
	}
}

static void add_shares(const struct counts *c, const struct place *place, struct share *share)
{
	size_t i;

	for (i = ROOTS; i < c->nr_nodes; i++) {
		share[c->node[i].func].self[place[i].part] += c->node[i].self;
		if (place[i].part == PART_OWN)
			add_inclusive(c, i, share);
	}
}

static void set_count(json_t *to, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(to, key, json_integer((json_int_t)value));
}

/* Largest first, as a table is read. */
static int cmp_function(const void *a, const void *b)
{
	static const char *const keys[] = {"self", "outside", "interrupts", "device",
					   "inclusive"};
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		json_int_t p = json_integer_value(json_object_get(x, keys[i]));
		json_int_t q = json_integer_value(json_object_get(y, keys[i]));

		if (p != q)
			return p < q ? 1 : -1;
	}
	return strcmp(json_string_value(json_object_get(x, "name")),
		      json_string_value(json_object_get(y, "name")));
}

static json_t *json_sorted(json_t **item, size_t nr)
{
	json_t *out = json_array();
	size_t i;

	qsort(item, nr, sizeof(*item), cmp_function);
	for (i = 0; i < nr; i++)
		json_array_append_new(out, item[i]);
	return out;
}

/* Keys are there only where they are not 0. */
static json_t *json_function(const struct counts_func *func, const struct share *s)
{
	json_t *o = json_pack("{s:s}", "name", func->name);

	set_count(o, "self", s->self[PART_OWN]);
	set_count(o, "inclusive", s->inclusive);
	set_count(o, "interrupts", s->self[PART_INTERRUPTS]);
	set_count(o, "device", s->self[PART_DEVICE]);
	set_count(o, "outside", func->outside);
	if (json_object_size(o) > 1)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *json_functions(const struct counts *c, const struct place *place)
{
	struct share *share = xcalloc(c->nr_funcs + 1, sizeof(*share));
	json_t **item = xcalloc(c->nr_funcs + 1, sizeof(json_t *)), *out;
	size_t i, nr = 0;

	add_shares(c, place, share);
	for (i = 0; i < c->nr_funcs; i++) {
		item[nr] = json_function(&c->func[i], &share[i]);
		nr += item[nr] != NULL;
	}
	out = json_sorted(item, nr);
	free(item);
	free(share);
	return out;
}

static json_t *json_contexts(uint64_t sum[PARTS][COUNTS_CONTEXTS])
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < COUNTS_CONTEXTS; i++)
		json_array_append_new(out,
				      json_pack("{s:s, s:I, s:I, s:I}", "name", counts_contexts[i],
						"instructions", (json_int_t)sum[PART_OWN][i],
						"interrupts",
						(json_int_t)sum[PART_INTERRUPTS][i], "device",
						(json_int_t)sum[PART_DEVICE][i]));
	return out;
}

static json_t *json_cpus(const struct counts *c)
{
	json_t *out = json_array();
	unsigned int i;

	for (i = 0; i < c->nr_cpus; i++)
		json_array_append_new(out, json_pack("{s:I, s:I}", "user",
						     (json_int_t)c->cpu[i].user, "kernel",
						     (json_int_t)c->cpu[i].kernel));
	return out;
}

/*
 * Two checks: what has been charged to somebody against the clock, and against the blocks that were
 * begun, of which some are left in the middle by a fault.
 */
static json_t *json_window(const struct counts *c)
{
	json_int_t total = (json_int_t)(c->user + c->kernel);

	return json_pack("{s:I, s:I, s:I, s:I}", "virtual_ns", (json_int_t)c->virtual_ns,
			 "idle_ns", (json_int_t)c->idle_ns, "uncounted_ns",
			 (json_int_t)c->virtual_ns - (json_int_t)c->idle_ns - total,
			 "left_in_blocks", (json_int_t)c->blocks - total);
}

static json_t *json_lost(const struct counts *c)
{
	return json_pack("{s:I, s:I, s:I}", "contexts", (json_int_t)c->lost_contexts, "frames",
			 (json_int_t)c->lost_frames, "nodes", (json_int_t)c->lost_nodes);
}

static json_t *json_totals(const struct counts *c, uint64_t inside)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "total",
			 (json_int_t)(c->user + c->kernel), "user", (json_int_t)c->user, "kernel",
			 (json_int_t)c->kernel, "agent_user", (json_int_t)c->agent_user,
			 "agent_kernel", (json_int_t)c->agent_kernel, "outside_contexts",
			 (json_int_t)(c->kernel - inside));
}

json_t *counts_json(const struct counts *c, const json_t *result)
{
	uint64_t sum[PARTS][COUNTS_CONTEXTS] = {{0}}, inside = 0;
	struct place *place = find_places(c);
	json_t *out;
	size_t i;

	for (i = 0; i < c->nr_nodes; i++) {
		sum[place[i].part][place[i].context] += c->node[i].self;
		inside += c->node[i].self;
	}
	out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "instructions",
			json_totals(c, inside), "lost", json_lost(c), "cpus", json_cpus(c),
			"window", json_window(c), "contexts", json_contexts(sum), "functions",
			json_functions(c, place), "pages",
			counts_pages(sum[PART_OWN], result));
	free(place);
	return out;
}

static void folded_path(const struct counts *c, size_t i, struct buf *out)
{
	size_t way[COUNTS_DEPTH_MAX + 1], nr = 0;

	for (; c->node[i].depth; i = c->node[i].parent)
		way[nr++] = i;
	buf_adds(out, counts_contexts[i % COUNTS_CONTEXTS]);
	if (i >= COUNTS_CONTEXTS)
		buf_adds(out, ";interrupts");
	while (nr)
		buf_printf(out, ";%s", c->func[c->node[way[--nr]].func].name);
}

static int cmp_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void counts_folded(const struct counts *c, struct buf *out)
{
	char **line = xcalloc(c->nr_nodes + 1, sizeof(*line));
	size_t i, nr = 0;

	for (i = 0; i < c->nr_nodes; i++) {
		struct buf text = {0};

		if (!c->node[i].self)
			continue;
		folded_path(c, i, &text);
		buf_printf(&text, " %llu\n", (unsigned long long)c->node[i].self);
		line[nr++] = text.data;
	}
	qsort(line, nr, sizeof(*line), cmp_line);
	for (i = 0; i < nr; i++) {
		buf_adds(out, line[i]);
		free(line[i]);
	}
	free(line);
}
