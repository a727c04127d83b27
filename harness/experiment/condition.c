// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/condition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define CG   "/sys/fs/cgroup"
#define NODE "/sys/devices/system/node/node"

enum unit { PLAIN, BYTES, KIB, US };

/* Where a counter is to be found; words are separated by commas, "-" = the file's first number. */
struct place {
	char path[256];
	char word[96];
	enum unit unit;
};

static bool set(struct place *p, enum unit unit, const char *word, const char *path)
{
	p->unit = unit;
	snprintf(p->path, sizeof(p->path), "%s", path);
	return *word && (size_t)snprintf(p->word, sizeof(p->word), "%s", word) < sizeof(p->word);
}

/* "some_us" of a pressure file. */
static bool psi(struct place *p, const char *key, const char *path)
{
	if (!strcmp(key, "some_us"))
		return set(p, US, "some,total=", path);
	return !strcmp(key, "full_us") && set(p, US, "full,total=", path);
}

static bool of_psi(struct place *p, const char *rest)
{
	const char *dot = strchr(rest, '.');
	char path[64];

	if (!dot || dot - rest > 6)
		return false;
	snprintf(path, sizeof(path), "/proc/pressure/%.*s", (int)(dot - rest), rest);
	return psi(p, dot + 1, path);
}

static bool of_node(struct place *p, const char *rest)
{
	char path[64];
	char *end;
	unsigned long node = strtoul(rest, &end, 10);

	if (end == rest || *end != '.' || node > 63)
		return false;
	end++;
	if (!strncmp(end, "meminfo.", 8)) {
		snprintf(path, sizeof(path), NODE "%lu/meminfo", node);
		return set(p, KIB, end + 8, path);
	}
	snprintf(path, sizeof(path), NODE "%lu/vmstat", node);
	return set(p, PLAIN, end, path);
}

/* What a cgroup's files are called in counters. */
static const struct {
	const char *prefix, *file, *word;
	enum unit unit;
} cgroup_files[] = {
	{"stat.", "memory.stat", NULL, BYTES},
	{"events.local.", "memory.events.local", NULL, PLAIN},
	{"events.", "memory.events", NULL, PLAIN},
	{"swap.events.", "memory.swap.events", NULL, PLAIN},
	{"swap.current", "memory.swap.current", "-", BYTES},
	{"current", "memory.current", "-", BYTES},
	{"psi.memory.", "memory.pressure", NULL, US},
	{"psi.io.", "io.pressure", NULL, US},
	{"psi.cpu.", "cpu.pressure", NULL, US},
	/* Of no source, since only few want it. */
	{"dying", "cgroup.stat", "nr_dying_descendants", PLAIN},
};

static bool in_cgroup(struct place *p, const char *cgroup, size_t len, const char *key)
{
	bool root = len == 1 && *cgroup == '/';
	char path[200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cgroup_files); i++) {
		const char *prefix = cgroup_files[i].prefix;
		const char *word = cgroup_files[i].word;

		if (strncmp(key, prefix, strlen(prefix)) || (word && strcmp(key, prefix)))
			continue;
		snprintf(path, sizeof(path), CG "%s%.*s/%s", root ? "" : "/",
			 root ? 0 : (int)len, cgroup, cgroup_files[i].file);
		key += strlen(prefix);
		if (cgroup_files[i].unit == US)
			return psi(p, key, path);
		return set(p, cgroup_files[i].unit, word ? word : key, path);
	}
	return false;
}

/* A cgroup's name may hold no dot, so the first ends it. */
static bool of_cgroup(struct place *p, const struct scenario *s, const char *rest)
{
	size_t len = strcspn(rest, ".");
	char name[64];

	if (!rest[len] || len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)len, rest);
	if (strcmp(name, "/") && !conf_section((struct conf *)&s->conf, "cgroup", name))
		return false;
	return in_cgroup(p, rest, len, rest + len + 1);
}

static bool of_workload(struct place *p, const struct scenario *s, const char *rest)
{
	size_t len = strcspn(rest, "."), i;
	const struct scenario_work *w;
	char name[64], path[66], index[24];

	snprintf(name, sizeof(name), "%.*s", (int)len, rest);
	w = scenario_work(s, name);
	if (!w || !rest[len])
		return false;
	rest += len + 1;
	snprintf(path, sizeof(path), "@%s", name);
	if (!strcmp(rest, "ops"))
		return set(p, PLAIN, "ops", path);
	for (i = 0; i < w->type->nr_metrics; i++) {
		snprintf(index, sizeof(index), "%zu", i);
		if (!strcmp(w->type->metrics[i].name, rest))
			return set(p, PLAIN, index, path);
	}
	return false;
}

static bool find(struct place *p, const struct scenario *s, const char *name)
{
	if (!strncmp(name, "vmstat.", 7))
		return set(p, PLAIN, name + 7, "/proc/vmstat");
	if (!strncmp(name, "meminfo.", 8))
		return set(p, KIB, name + 8, "/proc/meminfo");
	if (!strncmp(name, "psi.", 4))
		return of_psi(p, name + 4);
	if (!strncmp(name, "node.", 5))
		return of_node(p, name + 5);
	if (!strncmp(name, "cgroup.", 7))
		return of_cgroup(p, s, name + 7);
	return !strncmp(name, "workload.", 9) && of_workload(p, s, name + 9);
}

static int number(enum unit unit, const char *text, uint64_t *out)
{
	int ret = unit == US ? parse_time(text, out) : parse_size(text, out);

	if (!ret && unit == US)
		*out /= 1000;
	if (!ret && unit == KIB)
		*out /= 1024;
	return ret;
}

static bool is_op(const char *s)
{
	static const char *const ops[] = {"<", "<=", ">", ">=", "==", "!="};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i], s))
			return true;
	return false;
}

/* Up to five words: [file PATH [WORD] | COUNTER] OP VALUE. */
#define WORDS_MAX 5

static size_t split(char *text, char *word[WORDS_MAX])
{
	size_t n = 0;
	char *save = NULL, *w;

	for (w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (n == WORDS_MAX)
			return 0;
		word[n++] = w;
	}
	return n;
}

static bool locate(struct place *p, const struct scenario *s, char *const *word, size_t n)
{
	if (n == 1)
		return find(p, s, word[0]);
	return n <= 3 && !strcmp(word[0], "file") && *word[1] == '/' && strlen(word[1]) < 200 &&
	       set(p, PLAIN, n == 3 ? word[2] : "-", word[1]);
}

int condition_plan(const struct scenario *s, const char *text, int line, struct buf *out,
		   struct err *err)
{
	cleanup_free char *copy = xstrdup(text);
	struct place p = {.unit = PLAIN};
	char *word[WORDS_MAX];
	size_t n = split(copy, word);
	const char *value;
	bool since;
	uint64_t v;

	if (n < 3 || !is_op(word[n - 2]))
		return conf_complain(&s->conf, line, err,
				     "'%s': a condition is written COUNTER OP VALUE, OP being one "
				     "of < <= > >= == !=", text);
	if (!locate(&p, s, word, n - 2))
		return conf_complain(&s->conf, line, err,
				     "'%s': there is no such counter, or it cannot be waited for",
				     word[0]);
	since = *word[n - 1] == '+';
	value = word[n - 1] + since;
	if (number(p.unit, value, &v))
		return conf_complain(&s->conf, line, err, "'%s' is no value for %s", value, word[0]);
	buf_printf(out, "%s %s %s %s %llu", p.path, p.word, since ? "gate" : "0", word[n - 2],
		   (unsigned long long)v);
	return 0;
}
