// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

#define TASKS_MAX 4096
#define THREADS   "threads "
#define CMDLINES  "saved_cmdlines"

const struct trace_task *trace_task(const struct trace_tasks *tasks, int32_t pid)
{
	size_t low = 0, high = tasks->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (tasks->task[mid].pid == pid)
			return &tasks->task[mid];
		if (tasks->task[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static struct trace_task *add(struct trace_tasks *tasks, int32_t pid)
{
	struct trace_task *known = (struct trace_task *)trace_task(tasks, pid);
	size_t at = tasks->nr;

	if (known || tasks->nr == TASKS_MAX)
		return known;
	if (!(tasks->nr & (tasks->nr - 1)))
		tasks->task = xrealloc(tasks->task, tasks->nr ? 2 * tasks->nr : 1,
				       sizeof(*tasks->task));
	for (; at && tasks->task[at - 1].pid > pid; at--)
		;
	memmove(&tasks->task[at + 1], &tasks->task[at], (tasks->nr - at) * sizeof(*tasks->task));
	tasks->task[at] = (struct trace_task){.pid = pid};
	tasks->nr++;
	return &tasks->task[at];
}

/* A pid at the start of the text, up to the line's end or a blank. */
static bool take_pid(struct text *rest, int32_t *pid)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < rest->len && i < 9 && isdigit((unsigned char)rest->p[i]); i++)
		v = v * 10 + (rest->p[i] - '0');
	*pid = (int32_t)v;
	rest->p += i;
	rest->len -= i;
	return i > 0;
}

static struct text take_line(struct text *rest)
{
	const char *nl = memchr(rest->p, '\n', rest->len);
	struct text line = {rest->p, nl ? (size_t)(nl - rest->p) : rest->len};
	size_t used = line.len + (nl != NULL);

	rest->p += used;
	rest->len -= used;
	return line;
}

/* The earlier a set, the more it says: a name given once stays. */
static void copy(char *out, size_t size, struct text t)
{
	size_t i;

	if (*out)
		return;
	for (i = 0; i < t.len && i + 1 < size; i++)
		out[i] = t.p[i] > 0x20 && t.p[i] < 0x7f ? t.p[i] : '?';
	out[i] = '\0';
}

static void load_threads(struct trace_tasks *tasks, struct text list, struct text cgroup)
{
	struct trace_task *task;
	int32_t pid;

	while (list.len) {
		struct text line = take_line(&list);

		task = take_pid(&line, &pid) ? add(tasks, pid) : NULL;
		if (task)
			copy(task->cgroup, sizeof(task->cgroup), cgroup);
	}
}

static void load_names(struct trace_tasks *tasks, struct text list)
{
	struct trace_task *task;
	int32_t pid;

	while (list.len) {
		struct text line = take_line(&list);

		task = take_pid(&line, &pid) && line.len > 1 ? add(tasks, pid) : NULL;
		if (task)
			copy(task->comm, sizeof(task->comm),
			     (struct text){line.p + 1, line.len - 1});
	}
}

static void load_set(struct trace_tasks *tasks, const struct records *rec,
		     const struct records_set *set)
{
	size_t plen = strlen(THREADS);
	unsigned int i;

	for (i = 0; i < rec->nr_sources; i++) {
		struct text name = rec->source[i], text = set->text[i];

		if (!name.p || !text.p)
			continue;
		if (text_is(name, CMDLINES))
			load_names(tasks, text);
		else if (name.len > plen && !memcmp(name.p, THREADS, plen))
			load_threads(tasks, text,
				     (struct text){name.p + plen, name.len - plen});
	}
}

void trace_tasks_load(struct trace_tasks *tasks, const struct records *rec)
{
	size_t i;

	memset(tasks, 0, sizeof(*tasks));
	for (i = 0; i < rec->nr_sets; i++)
		load_set(tasks, rec, &rec->set[i]);
}

void trace_tasks_release(struct trace_tasks *tasks)
{
	free(tasks->task);
	memset(tasks, 0, sizeof(*tasks));
}
