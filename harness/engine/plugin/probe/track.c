// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who runs, where, and on whose behalf.  A task that enters a function that reclaims gets a stack of
 * calls, kept by what blocks run: a block that starts a function is a call, one of a function that
 * is on the stack already is a return to it.  A call of a function by itself is no new call.  The
 * stack goes when the task is back behind the call that began it.
 *
 * What an interrupt does on a task's stack is counted as a branch of its own below the context, so it
 * is no part of what reclaim costs; a fault is part of what faulted.  Both end with IRET, so what was
 * interrupted just before a call is not taken for the caller of an interrupt's functions.
 */
#include "engine/plugin/probe/probe.h"

#include <string.h>

#define HASH_SIZE (NODES_MAX * 2)

struct cpu cpus[CPUS_MAX];
struct node nodes[NODES_MAX];
unsigned int nr_nodes;
struct lost lost;
uint64_t agent_user, agent_kernel;
static uint32_t by_place[HASH_SIZE]; /* index */
static struct stack stacks[STACKS_MAX];
static uint64_t agent;

void track_start(void)
{
	unsigned int i;

	/* The contexts' own; a node's parent is 0 only for children of the first. */
	for (i = 0; i < 2 * CTX_NR; i++)
		nodes[i] = (struct node){.parent = i < CTX_NR ? i : i - CTX_NR};
	nr_nodes = i;
	for (i = 0; i < CPUS_MAX; i++)
		cpus[i].func = FUNC_UNKNOWN;
}

void track_open(const struct cpu *c)
{
	unsigned int i;

	agent = c->task;
	agent_user = agent_kernel = 0;
	memset(&lost, 0, sizeof(lost));
	for (i = 0; i < nr_nodes; i++)
		nodes[i].self = 0;
	for (i = 0; i < nr_funcs; i++)
		funcs[i].outside = 0;
	for (i = 0; i < CPUS_MAX; i++)
		cpus[i].user = cpus[i].kernel = 0;
}

/* The place for a call of func at parent; the parent itself when there is no room. */
static uint32_t find_node(uint32_t parent, uint32_t func)
{
	uint32_t h = (parent * 2654435761u ^ func * 2246822519u) % HASH_SIZE;

	for (; by_place[h]; h = (h + 1) % HASH_SIZE)
		if (nodes[by_place[h]].parent == parent && nodes[by_place[h]].func == func)
			return by_place[h];
	if (nr_nodes == NODES_MAX) {
		lost.nodes++;
		return parent;
	}
	nodes[nr_nodes] = (struct node){.parent = parent, .func = func};
	return by_place[h] = nr_nodes++;
}

static uint32_t top_node(const struct stack *s)
{
	return s->depth ? s->frame[s->depth - 1].node : (uint32_t)s->context;
}

void track_charge(struct cpu *c, uint64_t insns)
{
	bool user = c->func == FUNC_USER, is_agent = agent && c->task == agent;

	*(user ? &c->user : &c->kernel) += insns;
	if (is_agent)
		*(user ? &agent_user : &agent_kernel) += insns;
	if (user)
		return;
	if (c->stack)
		nodes[top_node(c->stack)].self += insns;
	else
		funcs[c->func].outside += insns;
}

static bool enters(uint32_t func)
{
	return funcs[func].role == ROLE_INTERRUPT || funcs[func].role == ROLE_EXCEPTION;
}

static void push(struct stack *s, uint32_t func)
{
	uint32_t parent = top_node(s);

	/* One entry into the kernel may run through several symbols. */
	if (s->depth && enters(func) && enters(s->frame[s->depth - 1].func))
		return;
	if (s->depth == DEPTH_MAX) {
		lost.frames++;
		return;
	}
	if (funcs[func].role == ROLE_INTERRUPT)
		parent = CTX_NR + (uint32_t)s->context;
	s->frame[s->depth++] = (struct frame){func, find_node(parent, func)};
}

static void drop(struct cpu *c)
{
	c->stack->task = 0;
	c->stack = NULL;
}

/* Back to the innermost call of it; false when there is none. */
static bool pop_to(struct stack *s, uint32_t func)
{
	unsigned int i;

	for (i = s->depth; i-- > 0;)
		if (s->frame[i].func == func) {
			s->depth = i + 1;
			return true;
		}
	return false;
}

void track_enter(struct cpu *c, unsigned int func, bool entry, uint64_t at)
{
	struct stack *s = c->stack;

	c->func = func;
	if (!s)
		return;
	if (at == s->end)
		drop(c);
	else if (entry || !pop_to(s, func))
		push(s, func);
}

void track_begin(struct cpu *c, enum context context, uint64_t end)
{
	unsigned int i;

	if (c->stack)
		return;
	for (i = 0; i < STACKS_MAX && stacks[i].task; i++)
		;
	if (i == STACKS_MAX || !end) {
		lost.contexts++;
		return;
	}
	/* A task that is not known yet is known when the CPU leaves it. */
	stacks[i] = (struct stack){.task = c->task ? c->task : 1, .end = end, .context = context};
	c->stack = &stacks[i];
}

void track_user(struct cpu *c)
{
	c->func = FUNC_USER;
	if (!c->stack)
		return;
	lost.contexts++;
	drop(c);
}

void track_switch(struct cpu *c, uint64_t prev, uint64_t next)
{
	unsigned int i;

	if (c->stack)
		c->stack->task = prev;
	c->task = next;
	c->stack = NULL;
	for (i = 0; i < STACKS_MAX; i++)
		if (next && stacks[i].task == next)
			c->stack = &stacks[i];
}

void track_iret(struct cpu *c)
{
	struct stack *s = c->stack;
	unsigned int i;

	if (!s)
		return;
	for (i = s->depth; i-- > 0;)
		if (enters(s->frame[i].func)) {
			s->depth = i;
			c->func = i ? s->frame[i - 1].func : FUNC_UNKNOWN;
			return;
		}
}
