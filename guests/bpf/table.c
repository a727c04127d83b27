// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an object has gathered beside its statistics: each hash map with a name that begins with
 * "table_" as text, an entry a line, "MEMBER=VALUE" for each member of its key and of its value.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/bpf/loader.h"

#define PREFIX "table_"
/* Of keys and values. */
#define BYTES_MAX 512

struct table {
	const char *name;
	const struct btf *btf;
	size_t len;
	char text[TALK_MAX];
};

static void flush(struct table *t)
{
	size_t start = strlen(t->name) + 1;

	if (t->len > start)
		say(TALK_TABLE, t->text, t->len, -1);
	t->len = (size_t)snprintf(t->text, sizeof(t->text), "%s\n", t->name);
}

static bool is_text(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_array *a = btf_is_array(t) ? btf_array(t) : NULL;

	return a && btf__resolve_size(btf, a->type) == 1;
}

static const struct btf_type *plain(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static void put_text(char *out, const char *p, size_t size)
{
	size_t i;

	for (i = 0; i < size && p[i]; i++)
		out[i] = isgraph((unsigned char)p[i]) ? p[i] : '_';
	out[i] = '\0';
}

static void put(struct table *t, const char *name, __u32 id, const char *data)
{
	const struct btf_type *type = plain(t->btf, id);
	long long size = btf__resolve_size(t->btf, id);
	unsigned long long number = 0;
	char text[BYTES_MAX + 1];
	int n;

	if (!type || size < 1 || size > BYTES_MAX)
		return;
	if (is_text(t->btf, type)) {
		put_text(text, data, (size_t)size);
	} else if (size <= 8) {
		memcpy(&number, data, (size_t)size);
		snprintf(text, sizeof(text), "%llu", number);
	} else {
		return;
	}
	n = snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s=%s ", name, text);
	/* What does not fit any more is left out whole. */
	if (n > 0 && (size_t)n < sizeof(t->text) - t->len)
		t->len += (size_t)n;
}

static void put_all(struct table *t, const char *name, __u32 id, const char *data)
{
	const struct btf_type *type = plain(t->btf, id);
	unsigned int i;

	if (!type || !btf_is_struct(type)) {
		put(t, name, id, data);
		return;
	}
	for (i = 0; i < btf_vlen(type); i++)
		put(t, btf__name_by_offset(t->btf, btf_members(type)[i].name_off),
		    btf_members(type)[i].type, data + btf_members(type)[i].offset / 8);
}

static void say_table(const struct loader *l, const struct bpf_map *map)
{
	static struct table t;
	char key[BYTES_MAX], value[BYTES_MAX];
	/* Entries that come and go while we look must not keep us for ever. */
	unsigned int left = 2 * bpf_map__max_entries(map);
	bool more;

	t = (struct table){.name = bpf_map__name(map), .btf = bpf_object__btf(l->obj)};
	if (bpf_map__key_size(map) > sizeof(key) || bpf_map__value_size(map) > sizeof(value))
		return;
	flush(&t);
	more = !bpf_map_get_next_key(bpf_map__fd(map), NULL, key);
	while (more && left--) {
		if (!bpf_map_lookup_elem(bpf_map__fd(map), key, value)) {
			put_all(&t, "key", bpf_map__btf_key_type_id(map), key);
			put_all(&t, "value", bpf_map__btf_value_type_id(map), value);
			t.text[t.len - 1] = '\n';
		}
		if (t.len > sizeof(t.text) / 2)
			flush(&t);
		more = !bpf_map_get_next_key(bpf_map__fd(map), key, key);
	}
	flush(&t);
}

void say_tables(const struct loader *l)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, l->obj)
		if (!strncmp(bpf_map__name(map), PREFIX, strlen(PREFIX)) &&
		    bpf_map__type(map) == BPF_MAP_TYPE_HASH)
			say_table(l, map);
}
