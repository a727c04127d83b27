// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/bpf/loader.h"

static void open_object(struct loader *l)
{
	struct bpf_object_open_opts opts = {.sz = sizeof(opts), .object_name = "policy"};
	struct stat st;
	void *data;

	if (fstat(TALK_OBJECT_FD, &st) || !st.st_size)
		give_up("there is no object");
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, TALK_OBJECT_FD, 0);
	if (data == MAP_FAILED)
		give_up("cannot read the object: %s", strerror(errno));
	l->obj = bpf_object__open_mem(data, (size_t)st.st_size, &opts);
	if (!l->obj)
		give_up("the object is none of BPF's: %s", strerror(errno));
	munmap(data, (size_t)st.st_size);
	close(TALK_OBJECT_FD);
}

/* "/" is on level 0, "a/b" on 2. */
static uint64_t level_of(const char *cgroup)
{
	uint64_t level = strcmp(cgroup, "/") != 0;

	for (; level && *cgroup; cgroup++)
		level += *cgroup == '/';
	return level;
}

static void set_variables(struct loader *l, char **word)
{
	for (; *word; word++) {
		char *value = strchr(*word, '=');

		if (!value)
			give_up("'%s' is no VARIABLE=VALUE", *word);
		*value++ = '\0';
		vars_set(l, *word, value);
	}
	vars_set_if_any(l, "cgroup_id", l->cgroup_id);
	vars_set_if_any(l, "cgroup_level", l->cgroup_level);
}

static void load(struct loader *l)
{
	if (bpf_object__load(l->obj))
		give_up("the kernel does not take the object: %s", strerror(errno));
	stats_map(l);
}

static void keep_link(struct loader *l, struct bpf_link *link, const char *name, bool ops)
{
	if (!link)
		give_up("cannot attach %s: %s", name, strerror(errno));
	if (l->nr_links == LINKS_MAX)
		give_up("more than %d programs to attach", LINKS_MAX);
	l->is_ops[l->nr_links] = ops;
	l->link[l->nr_links++] = link;
}

/* A program that is run by us, and those of struct_ops, are not attached by themselves. */
static bool attaches(const struct bpf_program *prog)
{
	return bpf_program__type(prog) != BPF_PROG_TYPE_STRUCT_OPS &&
	       bpf_program__type(prog) != BPF_PROG_TYPE_SYSCALL && bpf_program__autoload(prog);
}

static void attach(struct loader *l)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_program(prog, l->obj)
		if (attaches(prog))
			keep_link(l, bpf_program__attach(prog), bpf_program__name(prog), false);
	bpf_object__for_each_map(map, l->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			keep_link(l, bpf_map__attach_struct_ops(map), bpf_map__name(map), true);
}

/* Pressure on the guest is no pressure on what is to relieve it. */
static void stay(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &all);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		give_up("cannot stay in memory: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct loader l = {0};

	say_start();
	if (argc < 2)
		give_up("no cgroup is named");
	l.cgroup = argv[1];
	l.cgroup_id = cgroup_id_of(argv[1]);
	l.cgroup_level = level_of(argv[1]);
	open_object(&l);
	set_variables(&l, argv + 2);
	nodes_make(&l);
	load(&l);
	attach(&l);
	stay();
	serve(&l);
}
