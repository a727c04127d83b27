// SPDX-License-Identifier: GPL-2.0-only
/*
 * A real program of an image layer.  The agent starts it, in place of the guest's workload program,
 * so there is nothing here but what it is asked for.
 */
#include "workloads/lib/program.h"
#include "workloads/lib/workload.h"

const char *const program_outputs[] = {"none", "stress-ng", "fio", "ktap", NULL};
static const char *const exits[] = {"zero", "any", NULL};

static const struct program_opts program_defaults = {
	.layer = (char *)"",
	.command = (char *)"",
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct program_opts, field), __VA_ARGS__}

static const struct conf_key program_options[] = {
	KEY(layer, CONF_STR, .required = true,
	    .help = "the image layer it is part of, a file of layers/: stress-ng, fio, kselftest"),
	KEY(command, CONF_STR, .required = true,
	    .help = "its command line, words parted by blanks or held together by quotes"),
	KEY(output, CONF_CHOICE, .choices = program_outputs,
	    .help = "what it tells of itself, which becomes metrics: stress-ng (YAML), fio (JSON), "
		    "ktap (tests) or none; the words that ask the first two for it, and their seed, "
		    "are added to the command"),
	KEY(exit, CONF_CHOICE, .choices = exits,
	    .help = "exit codes that are fine: zero (with ktap also those of failed tests), or any"),
	KEY(timeout, CONF_TIME, .max = 36000000000000,
	    .help = "it must have ended so long after the gate; 0 = whenever it wants"),
};

static void program_setup(struct wl *wl)
{
	(void)wl;
	wl_fail("a program is started by the agent, not here");
}

const struct workload workload_program = {
	.name = PROGRAM_TYPE,
	.summary = "a real program of an image layer, with what it tells of itself as metrics",
	.op = "none: it counts by its own measure",
	WL_TABLE(program_options),
	.defaults = &program_defaults,
	.opts_size = sizeof(struct program_opts),
	.setup = program_setup,
};
