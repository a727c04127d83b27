/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader of a policy's BPF object: a program of its own beside the agent, so that neither libbpf's
 * allocations nor its faults are those of PID 1.  It loads the object, attaches all that is in it,
 * does what the object asks for (policies/bpf/request.h), and tells how it went (talk.h).
 *
 *	bpf CGROUP [VARIABLE=VALUE...]
 *
 * CGROUP is the path below /sys/fs/cgroup that the instance is for, "/" for the whole machine.  A
 * VALUE is a number, or "@PATH" for the id of a cgroup.
 */
#ifndef GUESTS_BPF_LOADER_H
#define GUESTS_BPF_LOADER_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "guests/bpf/talk.h"
#include "policies/bpf/request.h"

#define LINKS_MAX 64

struct loader {
	struct bpf_object *obj;
	const char *cgroup;
	uint64_t cgroup_id, cgroup_level;
	struct bpf_link *link[LINKS_MAX];
	bool is_ops[LINKS_MAX]; /* the link of struct_ops, which the kernel can end */
	unsigned int nr_links;
	struct bpf_map *stats; /* NULL: the object counts nothing */
	char *counters;        /* its first page */
};

/* say.c: packets to the agent */
void say(enum talk kind, const char *text, size_t len, int fd);
void sayf(enum talk kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Has what libbpf says kept, and said with the error. */
void say_start(void);
/* Says why there is no policy, with the log, and ends the program. */
void give_up(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* vars.c: the object's variables, found by name */
uint64_t cgroup_id_of(const char *path);
void vars_set(struct loader *l, const char *name, const char *value);
/* Sets it where there is such a variable, or such a member of the object's ops. */
void vars_set_if_any(struct loader *l, const char *name, uint64_t value);
bool vars_get(const struct loader *l, const char *name, uint64_t *value);
/* What it knows of each page frame gets as long as it must be; before it is loaded. */
void nodes_make(struct loader *l);
/* Once loaded: maps what it counts. */
void stats_map(struct loader *l);
/* Where a statistic is; NULL when there is none of that name. */
uint64_t *stat_find(const struct loader *l, const char *name);
/* Says that it is attached, and what it counts. */
void say_ready(const struct loader *l);

/* table.c: what is in the hash maps */
void say_tables(const struct loader *l);

/* act.c: does what was asked for; false when the kernel did not, or not all of it */
bool act(const struct request *r);

/* serve.c: until the agent has enough */
void serve(struct loader *l) __attribute__((noreturn));

#endif
