// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/lib/program.h"

/* With failed or skipped tests, kselftest's programs end with up to this. */
#define KTAP_EXIT_MAX 4
#define ANY_EXIT_MAX  255

/*
 * Behind the command's first word.  What is parsed goes into a file of its own; random numbers come
 * from the experiment's seed, never from the time.
 */
static void add_words(struct buf *out, unsigned int output, const char *name, uint64_t seed)
{
	if (output == PROGRAM_STRESS_NG)
		buf_printf(out, " --seed %llu --metrics --yaml /output/%s/result", (unsigned long long)seed,
			   name);
	else if (output == PROGRAM_FIO)
		buf_printf(out, " --output-format=json --output=/output/%s/result --eta=never "
				"--randseed=%llu", name, (unsigned long long)seed);
}

static const struct program_opts *opts_of(const struct scenario_work *w)
{
	return w->opts;
}

bool is_program(const struct scenario_work *w)
{
	return !strcmp(w->type->name, PROGRAM_TYPE);
}

int program_check(const struct scenario_work *w, struct err *err)
{
	cleanup_free char *copy = xstrdup(opts_of(w)->command);
	char *word[PROGRAM_WORDS];
	/* Room for what add_words() adds. */
	int nr = program_words(copy, word, PROGRAM_WORDS - 8);

	if (nr > 0 && **word)
		return 0;
	return err_set(err, -EINVAL,
		       "workload %s: a command has 1 to %d words, and quotes that are closed", w->name,
		       PROGRAM_WORDS - 9);
}

static int exit_max(const struct program_opts *o)
{
	if (o->exit == PROGRAM_EXIT_ANY)
		return ANY_EXIT_MAX;
	return o->output == PROGRAM_KTAP ? KTAP_EXIT_MAX : 0;
}

/* Where the first word ends as it stands there, quotes and all. */
static size_t first_word(const char *s)
{
	size_t i = strspn(s, " ");

	while (s[i] && s[i] != ' ')
		if (s[i] == '\'' || s[i] == '"')
			i += 2 + strcspn(s + i + 1, s[i] == '"' ? "\"" : "'");
		else
			i++;
	return i;
}

void program_plan(const struct scenario_work *w, uint64_t seed, struct buf *out)
{
	const struct program_opts *o = opts_of(w);
	size_t first = first_word(o->command);
	cleanup_free char *layer = conf_name(o->layer);

	buf_printf(out, "program %s %s %s %s %d %llu %.*s", w->name, layer, w->cgroup,
		   program_outputs[o->output], exit_max(o), (unsigned long long)o->timeout,
		   (int)first, o->command);
	/* 32 bits: no program takes more. */
	add_words(out, o->output, w->name, seed & 0xffffffff);
	buf_printf(out, "%s\n", o->command + first);
}
