// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan is text, one step a line, done in order: a verb, then as many words as the verb takes;
 * the last word is the rest of the line.  The harness writes it; docs/wringer-plan.5 says what each
 * verb means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "workloads/lib/program.h"

struct verb {
	const char *name;
	unsigned int nr_args;
	void (*run)(char **arg);
};

static uint64_t number(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 10);

	if (end == s || *end)
		agent_fail(WIRE_AGENT_ERROR, "the plan holds '%s' where a number should be", s);
	return v;
}

static void do_insmod(char **arg)
{
	sys_insmod(arg[0], arg[1]);
}

static void do_wait(char **arg)
{
	sys_wait_path(arg[0]);
}

static void do_write(char **arg)
{
	sys_write(arg[0], arg[1]);
}

/* A knob that not every kernel has. */
static void do_tune(char **arg)
{
	if (!access(arg[0], F_OK))
		sys_write(arg[0], arg[1]);
}

static void do_expect(char **arg)
{
	sys_expect(arg[0], arg[1]);
}

static void do_mkdir(char **arg)
{
	sys_mkdir(arg[0]);
}

static void do_mount(char **arg)
{
	sys_mount(arg[0], arg[1], arg[2], arg[3]);
}

static void do_swapon(char **arg)
{
	sys_swapon(arg[0], number(arg[1]), (int)number(arg[2]));
}

static void do_seed(char **arg)
{
	sys_seed(arg[0]);
}

static void do_fs(char **arg)
{
	sys_fs(arg[0], arg[1], number(arg[2]));
}

static void do_interleave(char **arg)
{
	sys_interleave(strcmp(arg[0], "off") ? topo_nodes(arg[0]) : 0);
}

static void do_range(char **arg)
{
	topo_range(arg[0], arg[1], number(arg[2]), number(arg[3]));
}

static void do_number(char **arg)
{
	topo_number(arg[0], arg[1], arg[2]);
}

static void do_tiers(char **arg)
{
	topo_tiers(topo_nodes(arg[0]), topo_nodes(arg[1]));
}

static void do_tierstate(char **arg)
{
	topo_tier_state(arg[0]);
}

static void do_fill(char **arg)
{
	uint64_t size = number(arg[1]), seed = number(arg[2]), noise = number(arg[3]);

	if (!sys_fuse_fill(arg[0], size, seed, noise))
		sys_fill(arg[0], size, seed, noise);
}

static void do_fuse(char **arg)
{
	sys_fuse(arg[0], number(arg[1]), number(arg[2]), (unsigned int)number(arg[3]));
}

static void do_clean(char **arg)
{
	sys_clean(arg[0]);
}

static void do_zero(char **arg)
{
	sys_zero(arg[0], number(arg[1]));
}

static void do_swapfile(char **arg)
{
	sys_swapfile(arg[0], number(arg[1]), (int)number(arg[2]));
}

static void do_source(char **arg)
{
	sample_source(arg[2], arg[0], (unsigned int)number(arg[1]));
}

static void do_state(char **arg)
{
	sample_state(arg[0], arg[1]);
}

static void do_trace(char **arg)
{
	trace_plan(arg[0]);
}

static void do_threads(char **arg)
{
	trace_threads(arg[1], arg[0]);
}

/* Into out, which has room for PLAN_WORDS; NULL-terminated. */
static void split(const char *what, char *text, char **out)
{
	unsigned int n = 0;
	char *word;

	for (word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		if (n == PLAN_WORDS - 1)
			agent_fail(WIRE_AGENT_ERROR, "%s has too many options", what);
		out[n++] = word;
	}
	out[n] = NULL;
}

static void do_spawn(char **arg)
{
	char *args[PLAN_WORDS];

	split(arg[0], arg[3], args);
	work_spawn(arg[0], arg[1], arg[2], args);
}

static void do_bpf(char **arg)
{
	char *vars[PLAN_WORDS];

	split(arg[0], arg[3], vars);
	bpf_attach(arg[0], arg[1], arg[2], vars);
}

static void do_hold(char **arg)
{
	(void)arg;
	work_hold();
}

static void do_cpus(char **arg)
{
	task_cpus(arg[0]);
}

static void do_mempolicy(char **arg)
{
	task_mempolicy(arg[0], arg[1]);
}

static void do_nice(char **arg)
{
	task_nice((unsigned int)number(arg[0]));
}

static void do_step(char **arg)
{
	step_add(arg[0]);
}

static void do_at(char **arg)
{
	step_at(arg[0], number(arg[1]));
}

static void do_delay(char **arg)
{
	step_delay(number(arg[0]));
}

static void do_every(char **arg)
{
	step_every(number(arg[0]), number(arg[1]));
}

static void do_follow(char **arg)
{
	step_follow(arg[0]);
}

static void do_when(char **arg)
{
	step_when(arg[0]);
}

static void do_do(char **arg)
{
	step_do(arg[0]);
}

static void set_target(struct ops_target *t, char **arg)
{
	snprintf(t->workload, sizeof(t->workload), "%s", arg[0]);
	t->ops = number(arg[1]);
}

static void do_warmup_ops(char **arg)
{
	set_target(&agent.warmup_ops, arg);
}

static void do_window_ops(char **arg)
{
	set_target(&agent.window_ops, arg);
}

static void do_warmup_max(char **arg)
{
	agent.warmup_max_ns = number(arg[0]);
}

static void do_steady(char **arg)
{
	agent.steady = number(arg[0]);
	agent.period_ns = number(arg[1]);
}

static void do_until(char **arg)
{
	snprintf(agent.until, sizeof(agent.until), "%s", arg[0]);
}

static void do_program(char **arg)
{
	char *argv[PROGRAM_WORDS];
	struct program p = {.name = arg[0], .layer = arg[1], .cgroup = arg[2], .output = arg[3],
			    .exit_max = (int)number(arg[4]), .timeout_ns = number(arg[5]),
			    .argv = argv};

	if (program_words(arg[6], argv, PROGRAM_WORDS) < 0)
		agent_fail(WIRE_AGENT_ERROR, "the command of program %s is not one", arg[0]);
	work_program(&p);
}

static void do_dump(char **arg)
{
	sample_dump(arg[1], arg[0]);
}

static void do_memory(char **arg)
{
	kmem_dump(arg[2], arg[0], arg[1]);
}

static void do_shell(char **arg)
{
	shell_run(arg[0], (unsigned int)number(arg[1]), (unsigned int)number(arg[2]));
}

/* All in ns; the gate is an absolute time. */
static void do_times(char **arg)
{
	agent.gate_ns = number(arg[0]);
	agent.jitter_ns = number(arg[1]);
	agent.warmup_ns = number(arg[2]);
	agent.window_ns = number(arg[3]);
	agent.sample_ns = number(arg[4]);
	agent.hang_ns = number(arg[5]);
}

static void do_limit(char **arg)
{
	agent.limit_ns = number(arg[0]);
}

static void do_allow(char **arg)
{
	if (strcmp(arg[0], "oom"))
		agent_fail(WIRE_AGENT_ERROR, "the plan allows the unknown '%s'", arg[0]);
	agent.oom_allowed = true;
}

static const struct verb verbs[] = {
	{"insmod", 2, do_insmod},         /* MODULE PARAMETERS */
	{"wait", 1, do_wait},             /* PATH */
	{"write", 2, do_write},           /* PATH TEXT */
	{"tune", 2, do_tune},             /* PATH TEXT: written where the kernel has it */
	{"expect", 2, do_expect},         /* PATH TEXT */
	{"mkdir", 1, do_mkdir},           /* PATH */
	{"mount", 4, do_mount},           /* TYPE FROM TO OPTIONS */
	{"range", 4, do_range},           /* PATH WORD LOW HIGH */
	{"tiers", 2, do_tiers},           /* FAST-NODES SLOW-NODES */
	{"interleave", 1, do_interleave}, /* NODES: allocate from these in turn; off = as usual */
	{"swapon", 3, do_swapon},         /* DEVICE BYTES PRIORITY */
	{"fs", 3, do_fs},                 /* RUNS DEVICE BYTES */
	{"zero", 2, do_zero},             /* DEVICE BYTES */
	{"swapfile", 3, do_swapfile},     /* FILE BYTES PRIORITY */
	{"fill", 4, do_fill},             /* FILE BYTES SEED NOISE */
	{"clean", 1, do_clean},           /* FOLDER */
	{"fuse", 4, do_fuse},             /* FOLDER LATENCY JITTER QUEUE */
	{"seed", 1, do_seed},             /* 64 HEX DIGITS */
	{"source", 3, do_source},         /* PATH EVERY NAME */
	{"state", 2, do_state},           /* KEY PATH */
	{"number", 3, do_number},         /* KEY PATH WORD */
	{"tierstate", 1, do_tierstate},   /* KEY */
	{"trace", 1, do_trace},           /* none, reclaim, batch or all */
	{"threads", 2, do_threads},       /* PATH NAME */
	{"cpus", 1, do_cpus},             /* LIST: of the next workload */
	{"mempolicy", 2, do_mempolicy},   /* MODE NODES: of the next workload */
	{"nice", 1, do_nice},             /* VALUE: of the next workload */
	{"bpf", 4, do_bpf},               /* NAME OBJECT CGROUP VARIABLES */
	{"hold", 0, do_hold},             /* the next workload is started by a step */
	{"spawn", 4, do_spawn},           /* NAME TYPE CGROUP OPTIONS */
	{"program", 7, do_program},       /* NAME LAYER CGROUP OUTPUT EXIT TIMEOUT COMMAND */
	{"step", 1, do_step},             /* NAME: what follows is of this step */
	{"at", 2, do_at},                 /* gate|open NS */
	{"follow", 1, do_follow},         /* STEP */
	{"delay", 1, do_delay},           /* NS */
	{"every", 2, do_every},           /* NS TIMES */
	{"when", 1, do_when},             /* PATH WORD BASE OP NUMBER */
	{"do", 1, do_do},                 /* ACTION ... */
	{"warmup_ops", 2, do_warmup_ops}, /* WORKLOAD NUMBER */
	{"warmup_max", 1, do_warmup_max}, /* NS */
	{"steady", 2, do_steady},         /* MILLIONTHS NS */
	{"window_ops", 2, do_window_ops}, /* WORKLOAD NUMBER */
	{"until", 1, do_until},           /* WORKLOAD */
	{"limit", 1, do_limit},           /* NS: absolute; beyond it the run ends */
	{"allow", 1, do_allow},           /* oom: the OOM killer may take workloads */
	{"times", 6, do_times},           /* GATE JITTER WARMUP WINDOW SAMPLE HANG */
	{"dump", 2, do_dump},             /* PATH NAME */
	{"memory", 3, do_memory},         /* START-SYMBOL STOP-SYMBOL NAME */
	{"shell", 3, do_shell},           /* DEVICE ROWS COLUMNS */
};

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	agent_fail(WIRE_AGENT_ERROR, "this agent does not know the plan's verb '%s'", name);
}

static void run_line(char *line)
{
	const struct verb *verb = find_verb(strsep(&line, " "));
	char *arg[8];
	unsigned int i;

	for (i = 0; i < verb->nr_args; i++) {
		arg[i] = i + 1 < verb->nr_args ? strsep(&line, " ") : line;
		if (!arg[i])
			arg[i] = (char *)"";
	}
	verb->run(arg);
}

void plan_run(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		/* A step that never returns is a hang like any other. */
		port_watchdog_kick();
		hang_check_limit();
		if (*line && *line != '#')
			run_line(line);
	}
}
