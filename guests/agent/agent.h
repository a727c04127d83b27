/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's PID 1.  One static program: it reads a plan from fw_cfg, makes it so, lets workloads
 * go, records what the kernel says, and ends the machine.
 *
 * It never allocates: every table below has a fixed size, everything is opened before the gate, and
 * all of it is locked in memory, so that pressure on the guest is no pressure on the observer.
 *
 * Any failure ends the run through agent_fail(): the guest has no one else to tell.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/wire.h"
#include "workloads/lib/page.h"

#define AGENT_VERSION "1"

#define PLAN_MAX      (64u << 10)
#define PLAN_WORDS    48
#define WORKLOADS_MAX 64 /* and work.c's copies */
#define SOURCES_MAX   512
#define TEXT_MAX      (128u << 10)
#define NAME_MAX_     64

struct workload_slot {
	char name[NAME_MAX_];
	struct wl_page *page;
	struct wl_page *copy; /* what is recorded: of one moment with those of the others */
	int page_fd; /* the page, for wl to find */
	pid_t pid;
	bool held;   /* not the gate lets it go, but a step */
	bool going;  /* has been let go */
	bool ending; /* was told to end, or killed by a step */
	bool gone; /* has been waited for */
	bool program;        /* a real one: it may end by itself, and counts no operations */
	int exit_max;        /* of a program: exit codes up to this are fine */
	uint64_t timeout_ns; /* of a program: it must have ended so long after the gate; 0 = none */
	int status;          /* once it is gone: as waitpid() has it */
	uint64_t ended_ns;
	uint64_t last_ops;
	uint64_t last_progress_ns;
};

struct bpf_instance;

struct source {
	int fd;             /* -1: this kernel does not have it, or nothing is read of it */
	const struct bpf_instance *counters; /* instead of a file, or NULL */
	unsigned int every; /* it is read in every so manieth set */
	const void *last;   /* its text as it was recorded last, in the record region; or NULL */
	uint32_t last_len;
	struct wire_cost cost;
};

/* So many operations of a workload; "" = not asked for. */
struct ops_target {
	char workload[NAME_MAX_];
	uint64_t ops;
};

struct agent {
	struct wire_writer wire;
	bool wire_ready;
	struct workload_slot workload[WORKLOADS_MAX];
	unsigned int nr_workloads;
	struct source source[SOURCES_MAX];
	unsigned int nr_sources;
	unsigned int nr_sets;  /* recorded so far */
	bool in_window;        /* between opening and close: what is done costs the experiment */
	struct wire_cost cost; /* of all that is done in the window */
	uint64_t gate_ns;   /* absolute virtual time at which the gate opens */
	uint64_t jitter_ns; /* added to it: the seed's share */
	uint64_t warmup_ns;
	uint64_t window_ns;
	uint64_t sample_ns; /* 0 = no samples inside the window */
	uint64_t warmup_max_ns; /* the longest that what follows is waited for */
	uint64_t steady;        /* millionths: rates of periods must be that close; 0 = need not */
	uint64_t period_ns;
	struct ops_target warmup_ops, window_ops;
	char until[NAME_MAX_];  /* the window ends with this workload */
	uint64_t hang_ns;   /* no operation of a workload for so long: hung */
	uint64_t limit_ns;  /* absolute virtual time at which the run must be over; 0 = none */
	bool oom_allowed;   /* a workload that the OOM killer takes does not end the run */
	char detail[4096];  /* goes with the error, a line below it: kernel stacks */
};

extern struct agent agent;

/* Ends the run: records why and the status, then switches the machine off. */
void agent_fail(enum wire_status status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* Ends the run in good order. */
void agent_end(enum wire_status status) __attribute__((noreturn));

/* rec.c: the record region and the debug console */
void rec_start(void);
void rec_text(enum wire_type type, uint16_t id, const char *text);
void rec_phase(enum wire_phase phase, const char *name);
void rec_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t rec_now(void);

/*
 * uml.c: under User-Mode Linux there are no devices.  What the host has to say are files of the
 * initramfs, records go to memory that the kernel leaves alone, and nobody listens to the rest.
 */
bool uml_here(void);
/* As port_fw_cfg(). */
long uml_file(const char *name, char *out, size_t size);
/* The record region's memory, *size bytes of it; NULL and errno when it cannot be had. */
void *uml_records(size_t *size);
/* Errors go to the console: there may be no records yet. */
void uml_say(const char *s, size_t len);
void uml_exit(void) __attribute__((noreturn));

/* port.c: the emulator's devices that are a port and nothing more; of uml.c where that is */
void port_start(void);
void port_debug(const char *s, size_t len);
void port_exit(unsigned int code) __attribute__((noreturn));
/* The virtual-time watchdog: fires 10 s after the last kick. */
void port_watchdog_kick(void);
void port_watchdog_off(void);
/* Instructions that mark the fork point and the window (wire/fork.h). */
void port_fork_mark(void);
void port_open_mark(void);
void port_close_mark(void);
/* Reads a fw_cfg file; its length, or -1 when there is none of that name or it is larger. */
long port_fw_cfg(const char *name, char *out, size_t size);

/* sys.c: small pieces of system set-up; all end the run when they fail */
long sys_read(const char *path, char *out, size_t size); /* trimmed, NUL-terminated; -errno */
void sys_write(const char *path, const char *text);
void sys_mkdir(const char *path);
void sys_mount(const char *type, const char *from, const char *to, const char *opts);
void sys_base_mounts(void);
void sys_insmod(const char *name, const char *params);
void sys_wait_path(const char *path);
void sys_expect(const char *path, const char *want);
void sys_seed(const char *hex);
void sys_interleave(unsigned long nodes); /* bit N: node N; 0 = as usual */

/* storage.c: devices and files; sizes are bytes, of devices and swap files a multiple of 1 MiB */
void sys_zero(const char *dev, uint64_t size);
void sys_swapon(const char *dev, uint64_t size, int prio);
void sys_swapfile(const char *path, uint64_t size, int prio);
void sys_fs(const char *runs, const char *dev, uint64_t size);
void sys_fill(const char *path, uint64_t size, uint64_t seed, size_t noise);
void sys_clean(const char *dir);

/* fuse.c: files without a device.  sys_fuse_fill() is false when the path is none of its. */
void sys_fuse(const char *dir, uint64_t latency_ns, bool jitter, unsigned int queue);
bool sys_fuse_fill(const char *path, uint64_t size, uint64_t seed, size_t noise);

/* topo.c: what the kernel made of the machine; differences end the run */
unsigned long topo_nodes(const char *list); /* "0-2,4" as bits */
/* The number behind a word of the file must be low to high. */
void topo_range(const char *path, const char *word, uint64_t low, uint64_t high);
/* The same number as state; "absent" where there is no such file. */
void topo_number(const char *key, const char *path, const char *word);
/* Each slow node must be in a slower memory tier than the fast ones. */
void topo_tiers(unsigned long fast, unsigned long slow);
void topo_tier_state(const char *key);
/* A node's memory online or offline, as far as it is removable; NULL, or why not. */
const char *topo_online(unsigned int node, const char *state);

/* hang.c: has the kernel tell on the console and in agent.detail what a stuck task waits for */
void hang_tell(pid_t pid);
/* Ends the run when the scenario's virtual time is up. */
void hang_check_limit(void);

/* plan.c: does what the plan's lines say, in order */
void plan_run(char *text);

/* task.c: what the next workload's task has beside its cgroup */
void task_cpus(const char *list);
void task_mempolicy(const char *mode, const char *nodes);
void task_nice(unsigned int nice);
/* Of the calling process; 0, or what does not work as an exit code. */
int task_apply(void);
/* The next workload is an ordinary one again. */
void task_reset(void);

/* step.c: what is done while workloads run */
void step_add(const char *name);
/* Of the step added last.  from: "gate" or "open". */
void step_at(const char *from, uint64_t ns);
void step_delay(uint64_t ns);
void step_every(uint64_t ns, uint64_t times);
/* These keep their text, which must stay. */
void step_follow(const char *name);
void step_when(char *condition);
void step_do(char *action);
/* Starts the threads: they wait for the gate. */
void step_prepare(void);
void step_gate(uint64_t ns);
void step_open(uint64_t ns);
/* Does what threads ask of the agent.  They send it SIGUSR1. */
void step_serve(void);
struct program;

/* work.c: workloads */
void work_hold(void); /* the next one is not let go by the gate */
void work_spawn(const char *name, const char *type, const char *cgroup, char **args);
/* NULL when there is none of that name. */
struct workload_slot *work_find(const char *name);
void work_start(struct workload_slot *w);
void work_end(struct workload_slot *w, bool kill);
uint64_t work_ops(void); /* of all together */
void work_program(const struct program *p);
void work_wait_ready(void);
void work_open_gate(void);
void work_let_go(struct wl_page *page); /* opens one workload's gate */
void work_record(bool buckets);
/* Looks for workloads that ended or failed, and for progress. */
void work_check(void);
void work_stop(void);
/* The process of a workload, 0 when there is none of that name. */
pid_t work_pid(const char *name);

/*
 * program.c: real programs, each with a layer of the image as its root.  What they print and leave
 * in /output/NAME is on a small file system of the agent's, and recorded in the end.
 */
struct program {
	const char *name;
	const char *layer;
	const char *cgroup;
	const char *output; /* how result is to be read */
	int exit_max;
	uint64_t timeout_ns;
	char **argv;
};
void program_make_root(const char *layer);
void program_make_output(const struct program *p);
/* In the child, at its gate and then for good. */
void program_exec(const struct program *p, struct wl_page *page) __attribute__((noreturn));
void program_record_all(void);
/* The same in good order: output that is not whole ends the run. */
void program_finish(void);

/* kmem.c: records the kernel's memory between two symbols, as a source of its own */
void kmem_dump(const char *name, const char *start, const char *stop);

/* shell.c: a shell on a serial device, then the end; and the shell's command wl */
void shell_run(const char *device, unsigned int rows, unsigned int columns)
	__attribute__((noreturn));
int wl_main(int argc, char **argv);

/* sample.c: the kernel's own counters */
/*
 * In a path, "/proc/%NAME/" stands for the kernel thread of that name and "/proc/@NAME/" for a
 * workload.
 */
void sample_source(const char *name, const char *path, unsigned int every);
void sample_state(const char *key, const char *path);
void sample_state_text(const char *key, const char *value);
void sample_record(enum wire_phase phase, const char *name);
/* Reads what a sample would, and records nothing. */
void sample_read(void);
/* All sources and workloads at any time, as the point of time of that name. */
void sample_mark(const char *name);
/* Adds what the agent did since start to what it costs, when that is in the window. */
void sample_cost(uint64_t start);
/* Records the whole of a file now, in pieces, as a source of its own. */
void sample_dump(const char *name, const char *path);

/* The next source by number, of which nothing is read: its text is recorded by others. */
uint16_t sample_declare(const char *name);
/* What a BPF object counts, as the source "policy NAME". */
void sample_counters(const char *name, const struct bpf_instance *b);

/* bpf.c: BPF objects of the policy */
/* Loads it for a cgroup ("/" = all), with VARIABLE=VALUE; what does not work ends the run. */
void bpf_attach(const char *name, const char *object, const char *cgroup, char **vars);
/* Its counters, "NAME VALUE" a line; the length. */
size_t bpf_text(const struct bpf_instance *b, char *out, size_t room);
/* Has them end; one that was lost on the way ends the run as that. */
void bpf_finish(void);

/* trace.c: the tracepoints of reclaim */
void trace_plan(const char *level); /* none, reclaim, batch or all */
void trace_threads(const char *name, const char *path); /* a cgroup and its cgroup.threads */
void trace_start(void);
void trace_drain(void);
/* Who is in which cgroup, for the set that has just been recorded. */
void trace_edge(void);
/* The last events, what was lost, and the names of tasks. */
void trace_stop(void);

#endif
