/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machines that no result comes of: to look into, or to see whether an engine works at all.  Their
 * folders are temporary and lie in $TMPDIR.
 */
#ifndef EXPERIMENT_INSIDE_H
#define EXPERIMENT_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "experiment/experiment.h"

/*
 * Kernel and guest alone, as an experiment without a spec: the machine that the guest's experiments
 * have, an image with the agent and nothing else, and a plan that does nothing.  out is the
 * caller's.
 */
int bare_plan(const char *kernel, const char *guest, enum engine engine,
	      void (*say)(const char *line), struct experiments *out, struct err *err);

/* The kernel with this id and the image that goes with no guest at all; both strings are heap. */
int bare_files(const char *kernel_id, struct experiment *exp, struct err *err);

/*
 * Boots it until its agent has written the first record, which is what "the engine works" means.
 * -ENOTSUP with the reason when that does not happen within 20 s (under TCG 120 s).
 */
int experiment_boots(const struct qemu *qemu, const struct experiment *exp, struct err *err);
/* The same for the first experiment with each engine that may not work here: kvm. */
int experiments_check_engines(const struct experiments *exps, struct err *err);

/*
 * A temporary folder with what the machine needs, a heap string; dir_remove() it.  plan and initrd
 * replace the experiment's own when they are not NULL.
 */
int inside_dir(const struct experiment *exp, const char *plan, const struct buf *initrd, char **dir,
	       struct err *err);

/* The program that is the guest's shell, in out; -ENOENT where no busybox here is static. */
int inside_busybox(struct buf *out, struct err *err);

struct inside_opts {
	bool terminal;            /* our stdin is one */
	const struct buf *script; /* without a terminal: what the shell is to run */
	const char *append;       /* behind the kernel's command line, or NULL */
	int64_t limit_ms;         /* 0 = none */
	const volatile bool *stop;
};

/*
 * The machine as the experiment has it at the gate, with a shell in it.  0 and whether the shell
 * ended well; -EIO with what the guest or the emulator said when it never came to that; -EINTR.
 */
int inside_shell(const struct qemu *qemu, const struct experiment *exp,
		 const struct inside_opts *opts, bool *well, struct err *err);

/* The most that a script may hold. */
#define INSIDE_SCRIPT_MAX (1u << 20)

#endif
