/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel's console says went wrong.
 *
 * A report begins with a line that only the kernel's own report code prints: "BUG: ...",
 * "WARNING: CPU: ...", "Kernel panic - not syncing: ...", and so on, in the forms of Linux 4.x to
 * 7.x, on x86 and arm64.  Log levels, time stamps, caller ids and a syslog's prefix before it do
 * not matter, nor what a program printed on the same line before the kernel's time stamp.  What merely
 * sounds bad (a firmware bug, a program's death, SysRq output) is no report.
 *
 * The text is untrusted.  Reading it takes time linear in its length and changes nothing.
 */
#ifndef RESULT_CONSOLE_H
#define RESULT_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "result/status.h"

struct console_report {
	enum status kind;   /* one of those below; STATUS_DONE when there is no report */
	size_t line;        /* of the title, the console's first line is 1 */
	size_t offset;      /* where that line begins, bytes */
	char title[256];    /* without what the console adds; printable ASCII */
	char function[128]; /* the kernel function at fault, for grouping; "" if not told */
};

struct console {
	struct console_report first;   /* the first report that is not a warning, else the first */
	struct console_report warning; /* the first warning, else kind is STATUS_DONE */
};

/*
 * kind is one of STATUS_OOPS, _BUG, _WARNING, _LOCKUP, _HUNG_TASK, _RCU_STALL, _OOM, _PANIC, and
 * _HUNG for the panic that the watchdog's NMI causes.  The first serious report decides: what
 * follows it, down to the panic that ends everything, is its consequence.  With oom_allowed OOM
 * kills are no reports.
 */
void console_classify(const char *text, size_t len, bool oom_allowed, struct console *out);

/* "func" of the first telling line of a list of stack frames ("[<0>] func+0x1/0x2"), or "". */
void console_frame(const char *text, size_t len, char *out, size_t size);

#endif
