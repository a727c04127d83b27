// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "guests/bpf/loader.h"

#define CG "/sys/fs/cgroup"
/* The section of what an object counts: see STAT in policies/bpf/policy.h. */
#define STATS_SECTION ".data.stats"
/* All of it lies in one page. */
#define STATS_SPAN    4096u

/* On 64 bits the id is the number of the folder's inode. */
uint64_t cgroup_id_of(const char *path)
{
	char full[300];
	struct stat st;

	snprintf(full, sizeof(full), CG "%s%s", strcmp(path, "/") ? "/" : "", path);
	if (stat(full, &st))
		give_up("there is no cgroup %s: %s", path, strerror(errno));
	return st.st_ino;
}

/* A variable of one of the maps that hold them, or NULL. */
static const struct btf_var_secinfo *find_in(const struct btf *btf, const char *section,
					     const char *name)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	const struct btf_type *sec = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	const struct btf_var_secinfo *v = sec ? btf_var_secinfos(sec) : NULL;
	unsigned int i;

	for (i = 0; v && i < btf_vlen(sec); i++)
		if (!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, v[i].type)->name_off),
			    name))
			return &v[i];
	return NULL;
}

/* Internal maps are called by their object too: "mru.rodata". */
static const char *section_of(const struct bpf_map *map)
{
	const char *dot = strchr(bpf_map__name(map), '.');

	return bpf_map__is_internal(map) && dot ? dot : "";
}

static void *place_of(const struct bpf_map *map, uint32_t offset, uint32_t size)
{
	size_t have;
	char *data = bpf_map__initial_value(map, &have);

	return data && offset + size <= have ? data + offset : NULL;
}

static void *find_variable(const struct loader *l, const char *name, uint32_t *size)
{
	const struct btf *btf = bpf_object__btf(l->obj);
	const struct btf_var_secinfo *v;
	struct bpf_map *map;

	bpf_object__for_each_map(map, l->obj) {
		v = find_in(btf, section_of(map), name);
		if (v && v->size <= sizeof(uint64_t)) {
			*size = v->size;
			return place_of(map, v->offset, v->size);
		}
	}
	return NULL;
}

/* The member of a struct_ops' value of that name, as the object declares it. */
static void *find_member(const struct loader *l, const struct bpf_map *map, const char *name,
			 uint32_t *size)
{
	const struct btf *btf = bpf_object__btf(l->obj);
	const struct btf_type *t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_member *m = t && btf_is_struct(t) ? btf_members(t) : NULL;
	unsigned int i;

	for (i = 0; m && i < btf_vlen(t); i++) {
		long long n = btf__resolve_size(btf, m[i].type);

		if (strcmp(btf__name_by_offset(btf, m[i].name_off), name) || n < 1 || n > 8)
			continue;
		*size = (uint32_t)n;
		return place_of(map, m[i].offset / 8, *size);
	}
	return NULL;
}

bool vars_get(const struct loader *l, const char *name, uint64_t *value)
{
	uint32_t size;
	const void *at = find_variable(l, name, &size);

	*value = 0;
	if (at)
		memcpy(value, at, size);
	return at;
}

static bool set_variable(struct loader *l, const char *name, uint64_t value)
{
	uint32_t size;
	void *at = find_variable(l, name, &size);

	if (at)
		memcpy(at, &value, size);
	return at;
}

static bool set_members(struct loader *l, const char *name, uint64_t value)
{
	struct bpf_map *map;
	bool any = false;
	uint32_t size;

	bpf_object__for_each_map(map, l->obj) {
		void *at = bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS ?
				   find_member(l, map, name, &size) :
				   NULL;

		if (at)
			memcpy(at, &value, size);
		any |= at != NULL;
	}
	return any;
}

void vars_set_if_any(struct loader *l, const char *name, uint64_t value)
{
	set_variable(l, name, value);
	set_members(l, name, value);
}

void vars_set(struct loader *l, const char *name, const char *value)
{
	char *end;
	uint64_t number = *value == '@' ? cgroup_id_of(value + 1) : strtoull(value, &end, 0);

	if (*value != '@' && (end == value || *end))
		give_up("'%s = %s': neither a number nor @CGROUP", name, value);
	if (!set_variable(l, name, number) && !set_members(l, name, number))
		give_up("the object has no variable %s", name);
}

/* One more than the highest number that a page frame of this machine has. */
static uint64_t count_frames(void)
{
	unsigned long long n, spanned = 0, most = 0;
	FILE *f = fopen("/proc/zoneinfo", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " spanned %llu", &n) == 1)
			spanned = n;
		else if (sscanf(line, " start_pfn: %llu", &n) == 1 && spanned && n + spanned > most)
			most = n + spanned;
	}
	if (f)
		fclose(f);
	return most;
}

/* What an object knows of each page frame is an array, which is as long as it must be. */
void nodes_make(struct loader *l)
{
	uint64_t frames = count_frames();
	struct bpf_map *map;

	bpf_object__for_each_map(map, l->obj) {
		if (strncmp(bpf_map__name(map), ".data.nodes", strlen(".data.nodes")))
			continue;
		if (!frames || bpf_map__set_value_size(map, bpf_map__value_size(map) * (uint32_t)frames))
			give_up("cannot make room for %llu page frames", (unsigned long long)frames);
		vars_set_if_any(l, "nr_nodes", frames);
	}
}

uint64_t *stat_find(const struct loader *l, const char *name)
{
	const struct btf_var_secinfo *v =
		l->counters ? find_in(bpf_object__btf(l->obj), STATS_SECTION, name) : NULL;

	if (!v || v->size != sizeof(uint64_t) || v->offset > STATS_SPAN - v->size)
		return NULL;
	return (uint64_t *)(void *)(l->counters + v->offset);
}

/* What libbpf has of the map is what it was before it was loaded. */
void stats_map(struct loader *l)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, l->obj)
		if (!strcmp(section_of(map), STATS_SECTION))
			l->stats = map;
	if (!l->stats)
		return;
	l->counters = mmap(NULL, STATS_SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(l->stats),
			   0);
	if (l->counters == MAP_FAILED)
		give_up("cannot map what the object counts: %s", strerror(errno));
}

static int add_line(char *text, size_t size, const struct btf *btf, const struct btf_var_secinfo *v)
{
	const char *name = btf__name_by_offset(btf, btf__type_by_id(btf, v->type)->name_off);
	int n = snprintf(text, size, "%s %u\n", name, v->offset);

	return v->size == sizeof(uint64_t) && n > 0 && (size_t)n < size ? n : 0;
}

void say_ready(const struct loader *l)
{
	const struct btf *btf = bpf_object__btf(l->obj);
	int id = btf__find_by_name_kind(btf, STATS_SECTION, BTF_KIND_DATASEC);
	const struct btf_type *sec = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	char text[TALK_MAX];
	size_t len = 0;
	unsigned int i;

	for (i = 0; l->stats && sec && i < btf_vlen(sec); i++)
		len += (size_t)add_line(text + len, sizeof(text) - len, btf,
					&btf_var_secinfos(sec)[i]);
	say(TALK_READY, text, len, len ? bpf_map__fd(l->stats) : -1);
}
