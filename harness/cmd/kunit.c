// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "experiment/kunit.h"

struct kunit_cmd {
	const char *filter;
	uint64_t timeout_ns;
	bool json;
};

static const struct cmd_option kunit_options[] = {
	{"filter", 'f', CMD_STRING, offsetof(struct kunit_cmd, filter), "GLOB",
	 "suites, or SUITE.TEST, as the kernel's kunit.filter_glob takes it (default: all)"},
	{"timeout", 't', CMD_TIME, offsetof(struct kunit_cmd, timeout_ns), "TIME",
	 "wall-clock limit (default: 5m)"},
	{"json", 0, CMD_FLAG, offsetof(struct kunit_cmd, json), NULL, "print every test as JSON"},
};

extern const struct cmd cmd_kunit;

static const char *text_of(const json_t *test, const char *key)
{
	const char *s = json_string_value(json_object_get(test, key));

	return s ? s : "";
}

static void print_unusual(const json_t *tests)
{
	const json_t *test;
	size_t i;

	json_array_foreach(tests, i, test) {
		const char *reason = text_of(test, "reason");

		if (strcmp(text_of(test, "outcome"), "passed"))
			printf("%-8s %s%s%s\n", text_of(test, "outcome"), text_of(test, "test"),
			       *reason ? ": " : "", reason);
	}
}

static json_t *json_kunit(const struct kunit *k)
{
	return json_pack("{s:O, s:I, s:I, s:I, s:I, s:I, s:s}", "tests", k->tests, "passed",
			 (json_int_t)k->nr[0], "failed", (json_int_t)k->nr[1], "skipped",
			 (json_int_t)k->nr[2], "expected", (json_int_t)k->nr[3], "missing",
			 (json_int_t)k->missing, "error", k->error);
}

static int tell(const struct kunit *k, bool json)
{
	if (json) {
		print_json(json_kunit(k));
	} else {
		print_unusual(k->tests);
		printf("%llu passed, %llu failed, %llu skipped, %llu missing%s%s\n",
		       (unsigned long long)k->nr[0], (unsigned long long)k->nr[1],
		       (unsigned long long)(k->nr[2] + k->nr[3]), (unsigned long long)k->missing,
		       k->error[0] ? "; " : "", k->error);
	}
	return k->nr[1] || k->missing || k->error[0] ? EXIT_FINDING : EXIT_FINE;
}

static int run_kunit(int argc, char **argv)
{
	struct kunit_cmd o = {.timeout_ns = 300000000000};
	struct kunit_opts opts = {.say = say};
	struct err err = {""};
	struct kunit kunit;
	int code;

	if (cmd_parse(&cmd_kunit, argc, argv, &o) != 1)
		die_usage(&cmd_kunit, "which kernel?");
	if (o.filter && strpbrk(o.filter, " ,\"\t\n"))
		die_usage(&cmd_kunit, "a filter has no blanks, commas or quotes: '%s'", o.filter);
	opts.filter = o.filter;
	opts.limit_ms = (int64_t)(o.timeout_ns / 1000000);
	if (kunit_run(argv[1], &opts, &kunit, &err)) {
		fprintf(stderr, "wringer: %s\n", err.msg);
		return EXIT_UNTESTABLE;
	}
	code = tell(&kunit, o.json);
	kunit_release(&kunit);
	return code;
}

const struct cmd cmd_kunit = {
	.name = "kunit",
	.summary = "run the unit tests that are built into a kernel",
	.usage = "KERNEL",
	CMD_OPTIONS(kunit_options),
	.examples = "  wringer kunit $(wringer kernel build debian:7.3 --config uml,kunit --patches 7.3/kunit)\n"
		    "  wringer kunit -f 'vmscan*' ./bzImage\n",
	.run = run_kunit,
};
