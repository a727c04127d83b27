/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User-Mode Linux under time-travel=inf-cpu: the kernel is a process of the host, and executing
 * takes no time.  Time passes while all sleep, and 256 ns with each look at the clock.  So what a
 * run counts does not depend on how much code is executed: it says what is decided, not what that
 * costs.
 *
 * Records are a part of the guest's physical memory that its kernel leaves alone: a device tree of
 * ours reserves it, the agent maps it through /dev/mem, and the host reads it from the file that
 * User-Mode Linux keeps its memory in.  Behind them is the gate, a word that the host sets when it
 * has that file, and for which the agent waits.  Set-up and plan are files of the initramfs.
 */
#ifndef ENGINE_UML_H
#define ENGINE_UML_H

#include "engine/engine.h"

/* Names in the run's folder, beside those of engine.h. */
#define RUN_TREE "tree.dtb"

/* -EINVAL for a machine that User-Mode Linux cannot be: several nodes, several CPUs, devices. */
int uml_check(const struct machine *m, struct err *err);
/* The command line, args[0] = "./kernel". */
void uml_args(const struct machine *m, struct args *out);
/* Adds words to it; nothing for "". */
void uml_params(struct args *args, const char *params);
/* Where the records are in the guest's memory. */
uint64_t uml_records_at(const struct machine *m);
/* The guest's memory with the records. */
uint64_t uml_memory(const struct machine *m);
/* What results of this engine do not know of, NULL-terminated words for the spec. */
extern const char *const uml_lacks[];
/* SHA-256 of what the host's processor shows to the guest's programs; part of the spec. */
int uml_cpu(char hex[SHA256_HEX], struct err *err);

/* A flattened device tree that says no more than that this memory is reserved. */
void uml_tree(uint64_t start, uint64_t size, struct buf *out);

/* Starts the machine; vm is as vm_start() has set it. */
int uml_start(struct vm *vm, const struct vm_opts *opts, struct err *err);
/* Looks for the file with the guest's memory, until it is found. */
void uml_watch(struct vm *vm);

#endif
