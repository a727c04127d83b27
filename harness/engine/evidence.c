// SPDX-License-Identifier: GPL-2.0-only
#include "engine/evidence.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "engine/engine.h"

#define ID "evidence"
/* How long the emulator may take: registers are a matter of milliseconds, memory of its size. */
#define GRACE_MS        10000
#define GRACE_VMCORE_MS 120000

#define HMP(line)                                                                                  \
	"{\"execute\":\"human-monitor-command\",\"id\":\"" ID "\",\"arguments\":{"                 \
	"\"command-line\":\"" line "\"}}\n"

struct step {
	const char *title; /* NULL: the answer is not kept */
	const char *line;
	bool vmcore; /* only when the memory is wanted */
};

/* The first is left out where the machine has stopped already. */
static const struct step steps[] = {
	{NULL, "{\"execute\":\"stop\",\"id\":\"" ID "\"}\n", false},
	{"state", HMP("info status"), false},
	{"registers of every CPU", HMP("info registers -a"), false},
	{"guest memory", "{\"execute\":\"dump-guest-memory\",\"id\":\"" ID "\",\"arguments\":{"
			 "\"paging\":false,\"protocol\":\"file:" RUN_VMCORE "\"}}\n", true},
	{NULL, "{\"execute\":\"quit\",\"id\":\"" ID "\"}\n", false},
};

void evidence_args(struct args *args)
{
	args_add(args, "-action");
	args_add(args, "shutdown=pause");
	args_add(args, "-d");
	args_add(args, "cpu_reset");
	args_add(args, "-D");
	args_add(args, RUN_RESETS);
}

static char *send_step(struct evidence *e)
{
	while (e->step < ARRAY_SIZE(steps) && steps[e->step].vmcore && !e->vmcore)
		e->step++;
	return e->step < ARRAY_SIZE(steps) ? xstrdup(steps[e->step++].line) : NULL;
}

char *evidence_begin(struct evidence *e, bool stop, int64_t now_ms)
{
	if (e->step)
		return NULL;
	e->begun_ms = now_ms;
	e->step = stop ? 0 : 1;
	return send_step(e);
}

bool evidence_mine(const json_t *msg)
{
	const char *id = json_string_value(json_object_get(msg, "id"));

	return id && !strcmp(id, ID);
}

static void keep_answer(struct evidence *e, const struct step *step, const json_t *msg)
{
	const json_t *error = json_object_get(json_object_get(msg, "error"), "desc");
	const char *text = json_string_value(error ? error : json_object_get(msg, "return"));
	const char *c;

	/* What came of it is not the whole memory. */
	if (error && step->vmcore)
		e->vmcore = false;
	buf_printf(&e->text, "== %s\n", step->title);
	for (c = text ? text : "done"; *c; c++)
		if (*c != '\r')
			buf_add(&e->text, c, 1);
	buf_adds(&e->text, "\n");
}

char *evidence_next(struct evidence *e, const json_t *msg, int64_t now_ms)
{
	/* Each answer has its time: we may have been busy ourselves for long. */
	e->begun_ms = now_ms;
	if (e->step && steps[e->step - 1].title)
		keep_answer(e, &steps[e->step - 1], msg);
	return e->step ? send_step(e) : NULL;
}

bool evidence_overdue(const struct evidence *e, int64_t now_ms)
{
	return e->step && now_ms - e->begun_ms > (e->vmcore ? GRACE_VMCORE_MS : GRACE_MS);
}

bool evidence_resets(struct evidence *e, const char *dir)
{
	cleanup_free char *path = xasprintf("%s/" RUN_RESETS, dir);
	cleanup_buf struct buf log = {0};
	const char *fault;
	struct stat st;

	/* The folder is the emulator's user's: a plain file, or nothing. */
	if (lstat(path, &st) || !S_ISREG(st.st_mode) || file_read(path, &log, NULL))
		return false;
	fault = strstr(buf_str(&log), "Triple fault");
	if (fault)
		buf_printf(&e->text, "== triple fault\n%s\n", fault);
	return fault;
}
