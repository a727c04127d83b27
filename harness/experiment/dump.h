/* SPDX-License-Identifier: GPL-2.0-only */
/* Machines that only tell their kernel's symbols. */
#ifndef EXPERIMENT_DUMP_H
#define EXPERIMENT_DUMP_H

#include <stdbool.h>

#include "base/err.h"
#include "engine/engine.h"
#include "kernel/symbols.h"

/* Lines of a plan that have the guest's agent ask; nothing else is to happen in that guest. */
#define DUMP_KALLSYMS "dump /proc/kallsyms kallsyms\n"
#define DUMP_ORC                                                                                  \
	"memory __start_orc_unwind_ip __stop_orc_unwind_ip orc_ip\n"                              \
	"memory __start_orc_unwind __stop_orc_unwind orc\n"
#define DUMP_END "times 0 0 0 0 0 1\n"

/* Waits until it has ended; -EINTR when *stop says so, and then it is ended. */
int dump_wait(struct vm *vm, const volatile bool *stop, struct err *err);
/*
 * Runs a machine whose plan is of the lines above, and reads what it told; that is untrusted.  dump's
 * buffers are the caller's either way.  -ENODATA when kallsyms is not there as a whole; -EINTR.
 */
int dump_run(const struct vm_opts *opts, const volatile bool *stop, struct kernel_dump *dump,
	     struct err *err);

#endif
