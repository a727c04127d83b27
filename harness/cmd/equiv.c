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
#include "report/decisions.h"
#include "report/divergence.h"

#define SCENARIOS "@shapes,@limits,@devices,@storms"
#define COUNTERS_SHOWN 8

struct equiv_cmd {
	struct axis_opts axes;
	uint64_t jobs;
	uint64_t timeout_ns;
	bool fresh;
	bool json;
};

static const struct cmd_option equiv_options[] = {
	{"scenario", 's', CMD_LIST, offsetof(struct equiv_cmd, axes.scenario), "LIST",
	 "scenarios, by name or path, @GROUP or all (default: " SCENARIOS ")"},
	{"set", 'S', CMD_WORD, offsetof(struct equiv_cmd, axes.set), "KEY=VALUE",
	 "set a parameter, or a key of [scenario] such as window, of all scenarios named"},
	{"policy", 'p', CMD_LIST, offsetof(struct equiv_cmd, axes.policy), "LIST",
	 "policies, by name or path (default: lru,mglru-nowalk)"},
	{"guest", 'g', CMD_LIST, offsetof(struct equiv_cmd, axes.guest), "LIST",
	 "guests of one node and one CPU (default: uml)"},
	{"seeds", 'n', CMD_LIST, offsetof(struct equiv_cmd, axes.seeds), "LIST",
	 "seeds: numbers and ranges, as in 1-8,12 (default: 1)"},
	{"results", 'o', CMD_STRING, offsetof(struct equiv_cmd, axes.results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct equiv_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct equiv_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"fresh", 'f', CMD_FLAG, offsetof(struct equiv_cmd, fresh), NULL,
	 "run again what results/ already holds"},
	{"json", 0, CMD_FLAG, offsetof(struct equiv_cmd, json), NULL, "print a list as JSON"},
};

extern const struct cmd cmd_equiv;

/* What came of one scenario, policy and seed. */
enum answer { IDENTICAL, DIFFERS, UNTESTED };

static const char *const answers[] = {"identical", "differs", "untested"};

struct found {
	enum answer answer;
	char why[DECISION_TEXT + 200]; /* UNTESTED */
	bool statuses;                 /* they ended differently, before anything else is compared */
	struct decisions decisions;
	json_t *counters; /* that part, when the decisions do not */
};

/* All that is asked and found. */
struct equiv {
	const struct equiv_cmd *o;
	struct axes axes;
	const char *scenario; /* as the user named it, the one that is being tested */
	json_t *list;
	size_t nr[3]; /* by answer */
};

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static void set_default(struct cmd_list *list, const char *words)
{
	if (!list->nr)
		list_add(list, words);
}

static const char *name_of(const struct experiment *exp, const char *axis)
{
	const char *s = json_string_value(
		json_object_get(json_object_get(exp->spec, axis), "name"));

	return s ? s : "?";
}

struct side {
	struct buf bytes;
	struct records rec;
};

static int load(const struct experiment *exp, struct side *s, struct err *err)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = store_records(exp->id, &s->bytes, err);
	/* Nothing that can be read is no event. */
	if (!ret)
		records_parse(&s->rec, buf_str(&s->bytes), s->bytes.len);
	return ret;
}

static void release(struct side *s)
{
	records_release(&s->rec);
	buf_release(&s->bytes);
}

static void compare_sides(const struct side s[2], struct found *f)
{
	struct err err = {""};

	if (decisions_compare(&s[0].rec, &s[1].rec, &f->decisions, &err)) {
		f->answer = UNTESTED;
		snprintf(f->why, sizeof(f->why), "%s", err.msg);
		return;
	}
	if (!f->decisions.differ)
		f->counters = divergence(&s[0].rec, &s[1].rec);
	f->answer = f->statuses || f->decisions.differ || json_array_size(f->counters) ?
			    DIFFERS : IDENTICAL;
}

static void compare(const struct experiment *a, const struct experiment *b, struct found *f)
{
	struct err err = {""};
	struct side s[2] = {0};

	memset(f, 0, sizeof(*f));
	f->statuses = a->status != b->status;
	if (!status_final(a->status) || !status_final(b->status)) {
		const struct experiment *bad = status_final(a->status) ? b : a;

		f->answer = UNTESTED;
		snprintf(f->why, sizeof(f->why), "%s: %s", status_name(bad->status),
			 bad->reason ? bad->reason : "no reason");
		return;
	}
	if (load(a, &s[0], &err) || load(b, &s[1], &err)) {
		f->answer = UNTESTED;
		snprintf(f->why, sizeof(f->why), "%s", err.msg);
	} else {
		compare_sides(s, f);
	}
	release(&s[0]);
	release(&s[1]);
}

static json_t *json_side(const struct experiment *exp, const struct found *f, int i)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:I}", "id", exp->id, "status",
			 status_name(exp->status), "time_ns",
			 (json_int_t)f->decisions.side[i].time_ns, "event",
			 f->decisions.side[i].text, "lost", (json_int_t)f->decisions.side[i].lost);
}

static void add_json(struct equiv *e, const struct experiment *a, const struct experiment *b,
		     const struct found *f)
{
	json_t *entry = json_pack(
		"{s:s, s:s, s:s, s:I, s:s, s:I, s:b, s:o, s:o}", "scenario",
		name_of(a, "scenario"), "policy", name_of(a, "policy"), "guest",
		name_of(a, "guest"), "seed",
		json_integer_value(json_object_get(a->spec, "seed")), "answer",
		answers[f->answer], "decisions", (json_int_t)f->decisions.nr, "renamed",
		f->decisions.renamed && !f->decisions.differ, "a", json_side(a, f, 0), "b",
		json_side(b, f, 1));

	if (f->counters)
		json_object_set(entry, "counters", f->counters);
	if (f->answer == UNTESTED)
		json_object_set_new(entry, "reason", json_string(f->why));
	json_array_append_new(e->list, entry);
}

static void print_side(char which, const struct found *f, int i)
{
	const char *text = f->decisions.side[i].text;

	if (*text)
		printf("  %c %.6f s  %s\n", which, (double)f->decisions.side[i].time_ns / 1e9, text);
	else
		printf("  %c no other event\n", which);
}

static void print_counters(const json_t *counters)
{
	const json_t *c;
	size_t i;

	json_array_foreach(counters, i, c) {
		if (i == COUNTERS_SHOWN)
			break;
		printf("    %-44s %10lld %10lld\n",
		       json_string_value(json_object_get(c, "name")),
		       (long long)json_integer_value(json_object_get(c, "a")),
		       (long long)json_integer_value(json_object_get(c, "b")));
	}
}

static void print_difference(const struct experiment *a, const struct experiment *b,
			     const struct found *f)
{
	if (f->statuses)
		printf("  a %s%s%s\n  b %s%s%s\n", status_name(a->status), a->reason ? ": " : "",
		       a->reason ? a->reason : "", status_name(b->status), b->reason ? ": " : "",
		       b->reason ? b->reason : "");
	if (f->decisions.differ) {
		print_side('a', f, 0);
		print_side('b', f, 1);
	} else if (json_array_size(f->counters)) {
		printf("  all decisions are the same; %zu counters are not\n",
		       json_array_size(f->counters));
		print_counters(f->counters);
	}
}

static void print_one(const struct equiv *e, const struct experiment *a, const struct experiment *b,
		      const struct found *f)
{
	char arm[160];

	snprintf(arm, sizeof(arm), "%.100s %s %lld", e->scenario, name_of(a, "policy"),
		 (long long)json_integer_value(json_object_get(a->spec, "seed")));
	printf("%-34s ", arm);
	if (f->answer == UNTESTED) {
		printf("untested: %s\n", f->why);
		return;
	}
	if (f->answer == DIFFERS && f->decisions.differ)
		printf("differs at decision %llu\n", (unsigned long long)f->decisions.nr + 1);
	else
		printf("%s, %llu decisions%s%s\n", answers[f->answer],
		       (unsigned long long)f->decisions.nr,
		       f->decisions.renamed && !f->decisions.differ ? ", frames renamed" : "",
		       f->decisions.side[0].lost ? " (not all)" : "");
	if (f->answer == DIFFERS)
		print_difference(a, b, f);
}

/* Kernels are outside seeds, policies and guests: the second half are the second kernel's. */
static void compare_all(struct equiv *e, const struct experiments *exps)
{
	size_t i, half = exps->nr / 2;

	for (i = 0; i < half; i++) {
		const struct experiment *a = &exps->exp[i], *b = &exps->exp[i + half];
		struct found f;

		compare(a, b, &f);
		e->nr[f.answer]++;
		if (e->o->json)
			add_json(e, a, b, &f);
		else
			print_one(e, a, b, &f);
		json_decref(f.counters);
		fflush(stdout);
	}
}

static void untested(struct equiv *e, const char *scenario, const char *why)
{
	e->nr[UNTESTED]++;
	if (e->o->json)
		json_array_append_new(e->list,
				      json_pack("{s:s, s:s, s:s}", "scenario", scenario, "answer",
						answers[UNTESTED], "reason", why));
	else
		printf("%-34s untested: %s\n", scenario, why);
}

static int run_both(const struct equiv *e, struct experiments *exps, struct err *err)
{
	struct run_opts opts = {.jobs = (unsigned int)e->o->jobs,
				.limit_ms = (int64_t)(e->o->timeout_ns / 1000000),
				.fresh = e->o->fresh, .stop = &stop};

	return experiments_run(exps, &opts, err);
}

/*
 * Where executing takes no time, a second of programs that never sleep is a minute of the host's;
 * and most of what can differ does so at once, as what they touch before the window is too large.
 */
static const char *const short_run[] = {"warmup=20ms", "window=60ms", "sample=20ms", "trace=pages"};

/* With those of them that the user has not set. */
static char *shortened(const char *word)
{
	cleanup_buf struct buf all = {0};
	size_t i;

	buf_adds(&all, word);
	for (i = 0; i < ARRAY_SIZE(short_run); i++) {
		cleanup_free char *key = xasprintf(":%.*s", (int)strcspn(short_run[i], "=") + 1,
						   short_run[i]);

		if (!strstr(word, key))
			buf_printf(&all, ":%s", short_run[i]);
	}
	return xstrdup(buf_str(&all));
}

/* One by one: what one of them cannot be run for must not keep the others from it. */
static void test_scenario(struct equiv *e, const char *word)
{
	cleanup_free char *own = shortened(word);
	char *scenario[] = {own, NULL};
	struct experiments exps;
	struct err err = {""};

	e->axes.scenario = scenario;
	e->scenario = word;
	if (experiments_plan(&e->axes, say, &exps, &err)) {
		untested(e, word, err.msg);
		return;
	}
	if (run_both(e, &exps, &err))
		die(&err);
	compare_all(e, &exps);
	experiments_release(&exps);
}

/* What cannot be had of either kernel is no scenario's business. */
static void check_kernels(char *const *names)
{
	struct kernel kernel;
	struct err err = {""};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (kernel_resolve(names[i], say, &kernel, &err)) {
			fprintf(stderr, "wringer: %s\n", err.msg);
			exit(EXIT_UNTESTABLE);
		}
		if (!kernel_is_uml(&kernel)) {
			fprintf(stderr,
				"wringer: %s is not built for User-Mode Linux; see "
				"wringer kernel build --config uml\n",
				names[i]);
			exit(EXIT_UNTESTABLE);
		}
		kernel_release(&kernel);
	}
}

static int conclude(const struct equiv *e)
{
	if (e->o->json)
		print_json(e->list);
	else
		printf("%s: %zu identical, %zu differ, %zu untested\n",
		       e->nr[DIFFERS] ? "different" :
		       e->nr[IDENTICAL] ? "identical" : "cannot be tested",
		       e->nr[IDENTICAL], e->nr[DIFFERS], e->nr[UNTESTED]);
	if (e->nr[DIFFERS])
		return EXIT_FINDING;
	return e->nr[IDENTICAL] ? EXIT_FINE : EXIT_UNTESTABLE;
}

static int run_equiv(int argc, char **argv)
{
	struct equiv_cmd o = {.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
			      .timeout_ns = 600000000000};
	static char engine_uml[] = "uml";
	char *engine[] = {engine_uml, NULL};
	struct equiv e = {.o = &o, .list = json_array()};
	size_t i;
	int code;

	if (cmd_parse(&cmd_equiv, argc, argv, &o) != 2)
		die_usage(&cmd_equiv, "two kernels are needed");
	if (!o.jobs || o.jobs > 1024)
		die_usage(&cmd_equiv, "--jobs is 1 to 1024");
	if (o.axes.results)
		path_set_results(o.axes.results);
	set_default(&o.axes.scenario, SCENARIOS);
	set_default(&o.axes.policy, "lru,mglru-nowalk");
	set_default(&o.axes.guest, "uml");
	set_default(&o.axes.seeds, "1");
	scenarios_expand(&o.axes, false);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	check_kernels(argv + 1);
	e.axes = (struct axes){.engine = engine, .kernel = argv + 1, .guest = o.axes.guest.item,
			       .policy = o.axes.policy.item};
	e.axes.seed = seeds_parse(&cmd_equiv, &o.axes.seeds, &e.axes.nr_seeds);
	for (i = 0; i < o.axes.scenario.nr; i++)
		test_scenario(&e, o.axes.scenario.item[i]);
	code = conclude(&e);
	free(e.axes.seed);
	json_decref(e.list);
	return code;
}

const struct cmd cmd_equiv = {
	.name = "equiv",
	.summary = "tell whether two kernels decide the same in reclaim, page by page (User-Mode Linux)",
	.usage = "KERNEL KERNEL",
	CMD_OPTIONS(equiv_options),
	.examples = "  a=$(wringer kernel build ~/linux@v7.3 --config uml)\n"
		    "  b=$(wringer kernel build ~/linux@cleanup --config uml)\n"
		    "  wringer equiv $a $b\n"
		    "  wringer equiv -s kv-scan,anon-zipf -p lru -n 1-4 $a $b\n",
	.run = run_equiv,
};
