// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "experiment/experiment.h"

struct replay_cmd {
	const char *results;
	uint64_t times;
	uint64_t jobs;
	uint64_t timeout_ns;
	bool boot;
	bool vmcore;
	bool json;
};

static const struct cmd_option replay_options[] = {
	{"times", 'n', CMD_NUMBER, offsetof(struct replay_cmd, times), "N",
	 "run it N times (default: 1)"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct replay_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct replay_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"boot", 'b', CMD_FLAG, offsetof(struct replay_cmd, boot), NULL,
	 "start each machine from power-on instead of forking a template"},
	{"results", 'o', CMD_STRING, offsetof(struct replay_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"vmcore", 0, CMD_FLAG, offsetof(struct replay_cmd, vmcore), NULL,
	 "keep the guest's memory at the end of the run, as vmcore in the result"},
	{"json", 0, CMD_FLAG, offsetof(struct replay_cmd, json), NULL,
	 "print what was found as JSON"},
};

extern const struct cmd cmd_replay;
static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

/* What came of the replays of one stored result. */
struct replay {
	char id[SHA256_HEX];
	size_t same;
	size_t derived; /* of same: the raw data agree, this program makes other numbers of them */
	size_t other;
	bool host_fault;
	char difference[512]; /* the last one */
};

/* All that were asked for, in their order. */
struct replays {
	struct replay *r;
	size_t nr;
	size_t said; /* so many have been printed */
	uint64_t times;
	bool json;
};

static void differ(struct replay *r, const char *file, const struct buf *was, const struct buf *is)
{
	size_t i = 0, n = was->len < is->len ? was->len : is->len;
	unsigned int line = 1;

	while (i < n && was->data[i] == is->data[i])
		line += was->data[i++] == '\n';
	snprintf(r->difference, sizeof(r->difference), "%s differs from byte %zu (line %u) on",
		 file, i, line);
}

static bool same(struct replay *r, const char *what, const struct buf *was, const struct buf *is)
{
	if (was->len == is->len && !memcmp(buf_str(was), buf_str(is), is->len))
		return true;
	differ(r, what, was, is);
	return false;
}

static bool same_file(struct replay *r, const char *file, const struct buf *is)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", path_results(), r->id, file);
	cleanup_buf struct buf was = {0};
	struct err err = {""};

	if (file_read(path, &was, &err))
		die(&err);
	return same(r, file, &was, is);
}

/* As the guest wrote it: another version of the library would compress it to other bytes. */
static bool same_records(struct replay *r, const struct buf *is)
{
	cleanup_buf struct buf was = {0};
	struct err err = {""};

	if (store_records(r->id, &was, &err))
		die(&err);
	return same(r, "the record stream", &was, is);
}

static void host_ended(const struct experiment *exp, struct replay *r)
{
	r->other++;
	r->host_fault = true;
	snprintf(r->difference, sizeof(r->difference), "the host ended it: %s",
		 exp->reason ? exp->reason : "");
}

static void judge(const struct experiment *exp, const struct result *result, struct replay *r)
{
	cleanup_buf struct buf text = {0};
	struct err err = {""};
	bool equal;

	/* What the guest left; result.json is made of it. */
	equal = same_file(r, "console.txt", &result->console);
	equal &= same_records(r, &result->records);
	if (equal && result->vmcore && store_vmcore(exp->id, result->vmcore, &err))
		die(&err);
	r->same += equal;
	r->other += !equal;
	if (!equal && store_save_failed(exp->id, result, &err))
		die(&err);
	json_canonical(result->result, &text);
	if (equal && !r->other)
		r->derived += !same_file(r, "result.json", &text);
}

static void print_replay(const struct replay *r)
{
	if (r->other)
		printf("%.12s DIFFERENT, %zu of %zu: %s (kept in %s/.failed)\n", r->id, r->other,
		       r->same + r->other, r->difference, path_results());
	else if (r->derived)
		printf("%.12s identical records and console, %zu of %zu, but %s: another version "
		       "of wringer wrote it\n",
		       r->id, r->same, r->same, r->difference);
	else
		printf("%.12s identical, %zu of %zu\n", r->id, r->same, r->same);
	fflush(stdout);
}

/* Those that are complete, up to the first that is not. */
static void tell(struct replays *all)
{
	struct replay *r = &all->r[all->said];

	for (; all->said < all->nr && r->same + r->other == all->times; r++, all->said++)
		if (!all->json)
			print_replay(r);
}

static void finished(const struct experiment *exp, const struct result *result, void *ctx)
{
	struct replays *all = ctx;
	struct replay *r = all->r;

	while (strcmp(r->id, exp->id))
		r++;
	if (status_final(exp->status))
		judge(exp, result, r);
	else
		host_ended(exp, r);
	tell(all);
}

static struct experiment copy(const struct experiment *one)
{
	struct experiment e = *one;
	size_t i;

	e.spec = json_incref(one->spec);
	e.kernel_file = xstrdup(one->kernel_file);
	e.image_file = xstrdup(one->image_file);
	e.plugin_file = one->plugin_file ? xstrdup(one->plugin_file) : NULL;
	e.setup = xstrdup(one->setup);
	e.plan = xstrdup(one->plan);
	memset(&e.args, 0, sizeof(e.args));
	for (i = 0; i < one->args.nr; i++)
		args_add(&e.args, "%s", one->args.arg[i]);
	return e;
}

/* The same experiment several times, in one pool with all others. */
static void add(struct experiments *pool, struct experiments *one, uint64_t times)
{
	uint64_t i;

	pool->exp = xrealloc(pool->exp, pool->nr + times, sizeof(*pool->exp));
	pool->exp[pool->nr++] = one->exp[0];
	for (i = 1; i < times; i++)
		pool->exp[pool->nr++] = copy(&one->exp[0]);
	one->nr = 0;
	if (!pool->qemu.version) {
		pool->qemu = one->qemu;
		memset(&one->qemu, 0, sizeof(one->qemu));
	}
	experiments_release(one);
}

static bool is_there(const struct replays *all, const char *id)
{
	size_t i;

	for (i = 0; i < all->nr; i++)
		if (!strcmp(all->r[i].id, id))
			return true;
	return false;
}

static void open_all(int nr, char **words, struct replays *all, struct experiments *pool)
{
	struct experiments one;
	struct err err = {""};
	int i;

	all->r = xcalloc((size_t)nr, sizeof(*all->r));
	for (i = 0; i < nr; i++) {
		char id[SHA256_HEX];

		if (store_find(words[i], id, &err))
			die(&err);
		if (is_there(all, id))
			continue;
		if (experiment_open(id, &one, &err))
			die(&err);
		memcpy(all->r[all->nr++].id, id, SHA256_HEX);
		add(pool, &one, all->times);
	}
}

static void run_all(const struct replay_cmd *o, struct replays *all, struct experiments *pool)
{
	struct run_opts opts = {.jobs = (unsigned int)o->jobs,
				.keep_nothing = true,
				.boot = o->boot,
				.vmcore = o->vmcore,
				.finished = finished,
				.limit_ms = (int64_t)(o->timeout_ns / 1000000),
				.ctx = all,
				.stop = &stop};
	struct err err = {""};

	if (experiments_run(pool, &opts, &err))
		die(&err);
}

static json_t *json_replays(const struct replays *all)
{
	json_t *list = json_array();
	const struct replay *r;

	for (r = all->r; r < all->r + all->nr; r++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I, s:s}", "id", r->id, "identical",
						(json_int_t)r->same, "different",
						(json_int_t)r->other, "difference", r->difference));
	return list;
}

/* The worst of them. */
static int exit_code(const struct replays *all)
{
	int code = EXIT_FINE;
	size_t i;

	for (i = 0; i < all->nr; i++) {
		const struct replay *r = &all->r[i];
		int one = r->host_fault ? EXIT_FATAL : r->other ? EXIT_FINDING : EXIT_FINE;

		code = one > code ? one : code;
	}
	return code;
}

static int run_replay(int argc, char **argv)
{
	struct replay_cmd o = {.times = 1, .jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
			       .timeout_ns = 600000000000};
	int code, nr = cmd_parse(&cmd_replay, argc, argv, &o);
	struct experiments pool = {0};
	struct replays all = {0};

	if (!nr)
		die_usage(&cmd_replay, "which experiment? 'wringer show' lists them");
	if (!o.times || o.times > 10000 || !o.jobs || o.jobs > 1024)
		die_usage(&cmd_replay, "--times is 1 to 10000, --jobs 1 to 1024");
	if (o.results)
		path_set_results(o.results);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	all.times = o.times;
	all.json = o.json;
	open_all(nr, argv + 1, &all, &pool);
	run_all(&o, &all, &pool);
	experiments_release(&pool);
	if (o.json)
		print_json(json_replays(&all));
	code = exit_code(&all);
	free(all.r);
	return code;
}

const struct cmd cmd_replay = {
	.name = "replay",
	.summary = "run a stored experiment again and compare every byte of what comes out",
	.usage = "ID...",
	CMD_OPTIONS(replay_options),
	.examples = "  wringer replay 3f9a1c\n"
		    "  wringer replay --times 10 3f9a1c\n",
	.run = run_replay,
};
