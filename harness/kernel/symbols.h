/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ELF file for a debugger, made of what a running kernel says of itself: names from
 * /proc/kallsyms, and how to unwind its stack from its ORC tables; and a table of its functions.
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct kernel_dump {
	struct buf kallsyms; /* the text of /proc/kallsyms */
	struct buf orc_ip;   /* from __start_orc_unwind_ip to __stop_orc_unwind_ip; may be empty */
	struct buf orc;      /* from __start_orc_unwind to __stop_orc_unwind; may be empty */
};

/*
 * Writes the file's bytes into out: functions and data of the kernel proper (no modules), and
 * .debug_frame where there are ORC tables.  The dump is untrusted.  -ENODATA when it names no
 * _text.
 */
int symbols_elf(const struct kernel_dump *dump, struct buf *out, struct err *err);

/*
 * table.c: the functions alone, modules' too, as lines "ADDRESS e|c NAME" by address behind the line
 * "wringer symbols 1"; e where a function can be called, c where a part of it lies elsewhere.  A
 * module's function is called "MODULE:NAME"; what the compiler adds behind a dot is left out, so
 * that parts of a function have one name.  kallsyms is untrusted.  -ENODATA without functions.
 */
int symbols_table(const struct buf *kallsyms, struct buf *out, struct err *err);

/* orc.c: .debug_frame from both tables; nothing is added when they do not fit together. */
void orc_to_cfi(const struct buf *orc_ip, const struct buf *orc, uint64_t ip_address,
		struct buf *out);

#endif
