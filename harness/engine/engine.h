/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Engines: what executes the guest.  The default is exact: QEMU under its instruction counter,
 * where the guest's clock is a function of the instructions it has executed.  The others run in the
 * host's time, so what they give is no function of the spec.
 *
 * The command line holds only names relative to the run's folder, so it is the same on every
 * machine and is part of the spec.  What the harness adds to watch the machine (a QMP monitor, and
 * a start that waits for it) is no part of the machine and comes on top.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "engine/evidence.h"
#include "engine/machine.h"

/* Names in the run's folder. */
#define RUN_KERNEL   "kernel"
#define RUN_INITRD   "initrd"
#define RUN_SETUP    "setup"
#define RUN_PLAN     "plan"
#define RUN_OBJECTS  "objects"
#define RUN_PLUGIN   "exact.so"
#define RUN_PROBE    "probe.so" /* with the next two, which the plugin knows by these names */
#define RUN_SYMBOLS  "symbols"
#define RUN_COUNTS   "counts"
#define RUN_RECORDS  "records"
#define RUN_CONSOLE  "console.txt"
#define RUN_PROGRESS "progress"
#define RUN_STDERR   "qemu.txt"

/* What a guest writes to its console or progress port beyond this goes nowhere, bytes. */
#define VM_CONSOLE_MAX (4u << 20)

enum engine {
	ENGINE_EXACT, /* TCG under the instruction counter, with the plugin */
	ENGINE_KVM,   /* the host's processor, in real time */
	ENGINE_FAST,  /* TCG in real time */
	ENGINE_UML,   /* User-Mode Linux in virtual time: engine/uml.h */
	ENGINE_NR,
};

/* "exact", "kvm", "fast", "uml"; ENGINE_NR for another word. */
const char *engine_name(enum engine engine);
enum engine engine_find(const char *name);
/* Whether what it gives is a function of the spec. */
static inline bool engine_exact(enum engine engine)
{
	return engine == ENGINE_EXACT || engine == ENGINE_UML;
}

/* The QEMU that is installed. */
struct qemu {
	char *path;
	char *version;                /* as it says itself, with the package's version */
	unsigned int major, minor;
	char sha256[SHA256_HEX];      /* of the program */
	char firmware[SHA256_HEX];    /* of the firmware files it uses, together */
};

/* -ENOENT when there is none, -ENOTSUP when it is too old for the exact engine. */
int qemu_probe(struct qemu *qemu, struct err *err);
void qemu_release(struct qemu *qemu);

/* A NULL-terminated list of strings. */
struct args {
	char **arg;
	size_t nr;
};

void args_add(struct args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void args_release(struct args *args);

/* The machine's command line; args[0] = "qemu-system-x86_64", but of ENGINE_UML its kernel. */
void engine_args(const struct machine *m, enum engine engine, struct args *out);
/* Adds to the kernel's command line; nothing for "". */
void engine_params(enum engine engine, struct args *args, const char *params);

/* How a machine ended, as seen from outside. */
struct engine_exit {
	bool exited;         /* by itself, with exit_code */
	int exit_code;
	int signal;          /* 0, or what killed it */
	bool timed_out;      /* we killed it: the wall-clock limit */
	bool interrupted;    /* we killed it: the user asked */
	bool watchdog; /* the virtual-time watchdog fired: the guest's agent did not run for 10 s */
	bool guest_reset;    /* the guest rebooted: a panic, or a triple fault */
	bool triple_fault;   /* the processor reset itself */
	bool guest_off;      /* the guest switched itself off */
	bool unloaded;       /* VM_FORK: what was saved could not be loaded */
	bool saved;          /* VM_SAVE: the machine was saved at the fork point */
	char fault[160];     /* what went wrong between us and the emulator, or "" */
	double cpu_seconds;  /* user and system time of the emulator */
	double wall_seconds;
};

/* How a machine starts and what becomes of it; the guest cannot tell. */
enum vm_mode {
	VM_BOOT, /* from power-on to its end */
	VM_SAVE, /* from power-on to the fork point, where it is saved and ends */
	VM_FORK, /* from what VM_SAVE left to its end */
};

/* Names VM_SAVE leaves in the run's folder, beside a file <id>.ram for each piece of memory. */
#define SAVED_STATE "state"
#define SAVED_RAM   ".ram"

struct vm_opts {
	enum engine engine;
	const struct qemu *qemu;
	const struct machine *machine;
	const struct args *args; /* of the machine; the mode's are made of them */
	const char *dir;         /* the run's folder */
	enum vm_mode mode;
	const char *saved;       /* VM_FORK: the folder with what VM_SAVE left */
	int64_t limit_ms;        /* wall-clock limit; 0 = none */
	int cpu;                 /* it stays on CPU cpu - 1 of the host; 0 = on any */
	bool vmcore;             /* the guest's memory is written to RUN_VMCORE at its end */
	bool probe;              /* what runs is counted: RUN_PROBE and RUN_SYMBOLS are there */
};

struct vm_step;

/* A machine that is running. */
struct vm {
	struct proc proc;
	enum engine engine;
	int qmp;           /* our end of the monitor's socket */
	struct buf in;     /* what came from it and is not a whole line yet */
	enum vm_mode mode;
	const struct vm_step *step; /* of the talk with the monitor: what is being waited for */
	char *dir;
	int console;       /* a memfd */
	int records;       /* the record region where it is no file of the folder, or -1 */
	uint64_t records_at; /* where in that file the region begins */
	uint64_t records_size;
	uint64_t memory_size; /* ENGINE_UML: of the file the region is in */
	int64_t start_ms;
	int64_t limit_ms;  /* 0 = none */
	int64_t watchdog_ms; /* when the watchdog fired; 0 = never */
	struct evidence evidence;
	struct engine_exit exit;
};

/*
 * Starts the machine in a folder that holds RUN_KERNEL, RUN_INITRD, RUN_SETUP, RUN_PLAN, RUN_OBJECTS and
 * RUN_PLUGIN; makes the other RUN_ files there.  When we are root the emulator runs as an ordinary
 * user, who must be able to write to the folder: it is handed over to that user.
 */
int vm_start(struct vm *vm, const struct vm_opts *opts, struct err *err);
/*
 * Waits up to timeout_ms for any of n machines to have something to do, and does it.  1 for each
 * slot in ended[] whose machine has ended; its vm->exit is then complete.  -EINTR on a signal.
 */
int vm_poll(struct vm **vms, size_t n, int timeout_ms, bool *ended);
/* Ends a machine now. */
void vm_kill(struct vm *vm);

#endif
