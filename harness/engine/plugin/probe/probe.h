/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the plugin probe.so share. */
#ifndef ENGINE_PLUGIN_PROBE_PROBE_H
#define ENGINE_PLUGIN_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX   64
#define STACKS_MAX 256     /* tasks inside reclaim at a time */
#define DEPTH_MAX  192     /* functions of one of them */
#define NODES_MAX  (1u << 16)
#define FUNCS_MAX  (1u << 18)

/* What reclaims; the same order as in counts.c of the harness. */
enum context {
	CTX_KSWAPD,
	CTX_DIRECT,
	CTX_LIMIT,
	CTX_PROACTIVE,
	CTX_NODE,
	CTX_COMPACT,
	CTX_NR,
};

/* What a function is to us. */
enum role {
	ROLE_PLAIN,
	ROLE_ROOT,      /* a context begins with it */
	ROLE_SWITCH,    /* the CPU goes on with another task */
	ROLE_THUNK,     /* a jump on the way between two functions: counted as the one before */
	ROLE_INTERRUPT, /* the kernel is entered by an interrupt ... */
	ROLE_EXCEPTION, /* ... or by a fault of the code that runs */
};

struct func {
	char *name;
	enum role role;
	enum context root;
	uint64_t outside; /* instructions outside of all contexts */
	bool used;        /* by a node that is written */
	unsigned int number; /* in the file */
};

/* Two that are no symbols: programs, and kernel code that no symbol covers. */
#define FUNC_USER    0
#define FUNC_UNKNOWN 1

/* symbols.c */
extern struct func *funcs;
extern unsigned int nr_funcs;
/* "ADDRESS e|c NAME" lines, sorted; false after saying on stderr what is wrong. */
bool symbols_load(const char *path);
/* The function that has the address; *entry: it starts there. */
unsigned int symbols_find(uint64_t at, bool *entry);

/*
 * A place in the tree of calls.  The first CTX_NR are the contexts themselves, the next CTX_NR
 * what interrupts did in them.
 */
struct node {
	uint32_t parent;
	uint32_t func;
	uint64_t self;
};

/* Calls of a task that is inside a context. */
struct frame {
	uint32_t func;
	uint32_t node;
};
struct stack {
	uint64_t task; /* 0 = this slot is free */
	uint64_t end;  /* where the context's function returns to */
	enum context context;
	unsigned int depth;
	struct frame frame[DEPTH_MAX];
};

struct cpu {
	uint64_t task;       /* its task_struct; 0 = not known yet */
	struct stack *stack; /* of its task, or NULL */
	uint32_t func;       /* what runs, FUNC_USER for a program */
	uint64_t user, kernel;
};

/* What could not be followed; all 0 in a run that is as expected. */
struct lost {
	uint64_t contexts; /* that began where no slot was free, or did not end as they should */
	uint64_t frames;   /* calls deeper than DEPTH_MAX */
	uint64_t nodes;    /* places beyond NODES_MAX */
};

/* track.c */
extern struct cpu cpus[CPUS_MAX];
extern struct node nodes[NODES_MAX];
extern unsigned int nr_nodes;
extern struct lost lost;
extern uint64_t agent_user, agent_kernel;

void track_start(void);
/* From here on: forget what has been counted, but not where tasks are. */
void track_open(const struct cpu *agent);
/* So many instructions were the CPU's where it is. */
void track_charge(struct cpu *c, uint64_t insns);
/* A block of a function runs next; end: of the context if one begins. */
void track_enter(struct cpu *c, unsigned int func, bool entry, uint64_t at);
void track_begin(struct cpu *c, enum context context, uint64_t end);
void track_user(struct cpu *c);
void track_switch(struct cpu *c, uint64_t prev, uint64_t next);
/* The instruction that ends an interrupt or an exception. */
void track_iret(struct cpu *c);

/* write.c: the file of counts; what is wrong is said on stderr. */
struct window {
	uint64_t insns;
	uint64_t virtual_ns;
	uint64_t idle_ns;
	uint64_t blocks; /* instructions by the size of the blocks that were begun */
};
void write_counts(const char *path, const struct window *w, unsigned int nr_cpus);

#endif
