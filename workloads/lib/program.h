/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of the workload type "program", for those who put it into the plan and take it out of the
 * records: the guest's workload program does not run it, the agent does.
 */
#ifndef WORKLOADS_LIB_PROGRAM_H
#define WORKLOADS_LIB_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define PROGRAM_TYPE "program"
/* The most words of a command, those included that the harness adds. */
#define PROGRAM_WORDS 64

/* What a program leaves behind, and who makes metrics of it. */
enum program_output { PROGRAM_NONE, PROGRAM_STRESS_NG, PROGRAM_FIO, PROGRAM_KTAP, PROGRAM_OUTPUTS };
extern const char *const program_outputs[];

/* Which ends are well: exit code 0 (of ktap also those of failed and skipped tests), or any. */
enum program_exit { PROGRAM_EXIT_ZERO, PROGRAM_EXIT_ANY };

struct program_opts {
	char *layer;
	char *command;
	unsigned int output; /* enum program_output */
	unsigned int exit;   /* enum program_exit */
	uint64_t timeout;    /* ns after the gate; 0 = none */
};

/*
 * Cuts a command into words, in place: blanks part them, single and double quotes hold them
 * together.  Sets word[] with a NULL behind the last.  How many, or -1: a quote is left open, there
 * are max or more, or there is none.
 */
int program_words(char *text, char **word, size_t max);

#endif
