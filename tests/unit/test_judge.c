// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/experiment/judge.c: what is made of how a machine ended, of its records and of
 * its console, which one wins when they disagree, and what of it gets into result.json.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "experiment/judge.h"

#define REGION (1u << 20)
#define NO_END 99u

static char tmp[] = "/tmp/wringer-test-judge-XXXXXX";

/* A machine's end, as a test tells it. */
struct end {
	const char *name;
	struct engine_exit exit;
	unsigned int agent;  /* enum wire_status, NO_END: it never came to that */
	const char *error;   /* the agent's, or NULL */
	const char *console; /* "" if NULL */
	unsigned int dropped;
	bool oom_allowed;
	enum status want;
	const char *reason; /* begins so; NULL: any */
};

#define OOPS "[    4.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008\n" \
	     "[    4.000001] RIP: 0010:shrink_node+0x9/0x20\n"
#define PANIC "[    4.100000] Kernel panic - not syncing: Fatal exception\n"
#define WARN "[    3.000000] WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x1/0x2\n"
#define OOM "[    3.500000] Memory cgroup out of memory: Killed process 9 (w) total-vm:1kB\n"
#define NMI "[   14.000000] Kernel panic - not syncing: NMI: Not continuing\n"

static const struct end ends[] = {
	{"done", {.exited = true, .exit_code = 1}, WIRE_DONE, NULL, NULL, 0, false, STATUS_DONE, ""},
	{"oops", {.guest_reset = true}, NO_END, NULL, OOPS PANIC, 0, false, STATUS_OOPS,
	 "BUG: kernel NULL"},
	{"oops, then a WARN", {.guest_reset = true}, NO_END, NULL, OOPS WARN PANIC, 0, false,
	 STATUS_OOPS, NULL},
	{"a WARN, then an oops", {.guest_reset = true}, NO_END, NULL, WARN OOPS PANIC, 0, false,
	 STATUS_OOPS, NULL},
	{"WARN", {.exited = true}, WIRE_DONE, NULL, WARN, 0, false, STATUS_WARNING, "WARNING: CPU"},
	{"WARN and a workload that failed", {.exited = true}, WIRE_WORKLOAD_FAILED, "no", WARN, 0,
	 false, STATUS_WORKLOAD_FAILED, "no"},
	{"panic", {.guest_reset = true}, NO_END, NULL, PANIC, 0, false, STATUS_PANIC,
	 "Kernel panic"},
	{"OOM", {.exited = true}, WIRE_OOM, "workload w was killed", OOM, 0, false, STATUS_OOM,
	 "workload w was killed"},
	{"OOM of no workload", {.exited = true}, WIRE_DONE, NULL, OOM, 0, false, STATUS_OOM,
	 "Memory cgroup"},
	{"OOM that is allowed", {.exited = true}, WIRE_DONE, NULL, OOM, 0, true, STATUS_DONE, ""},
	{"OOM that is allowed, and an oops", {.guest_reset = true}, NO_END, NULL, OOM OOPS, 0, true,
	 STATUS_OOPS, NULL},
	{"the watchdog's NMI", {.guest_reset = true, .watchdog = true}, NO_END, NULL, NMI, 0, false,
	 STATUS_HUNG, "the guest's agent did not run"},
	{"the watchdog, and no word", {.exited = true, .watchdog = true}, NO_END, NULL, NULL, 0,
	 false, STATUS_HUNG, "the guest's agent did not run"},
	{"triple fault", {.guest_reset = true, .triple_fault = true}, NO_END, NULL, NULL, 0, false,
	 STATUS_TRIPLE_FAULT, NULL},
	{"reset", {.guest_reset = true}, NO_END, NULL, NULL, 0, false, STATUS_PANIC,
	 "the guest reset itself"},
	{"hung, with a stack", {.exited = true}, WIRE_HUNG,
	 "workload w finished no operation\n[<0>] schedule+0x1/0x2\n[<0>] folio_wait+0x1/0x2", NULL,
	 0, false, STATUS_HUNG, "workload w finished no operation, in folio_wait"},
	{"virtual time", {.exited = true}, WIRE_VIRTUAL_TIMEOUT, "5 s are over", NULL, 0, false,
	 STATUS_VIRTUAL_TIMEOUT, "5 s are over"},
	{"dropped records", {.exited = true}, WIRE_DONE, NULL, NULL, 7, false, STATUS_RECORD_FLOOD,
	 "7 records"},
	{"wall time", {.signal = 9, .timed_out = true}, NO_END, NULL, OOPS, 0, false, STATUS_TIMEOUT,
	 NULL},
	{"QEMU killed", {.signal = 9}, NO_END, NULL, NULL, 0, false, STATUS_HARNESS_ERROR, NULL},
	{"a status that is none", {.exited = true}, 77, NULL, NULL, 0, false, STATUS_HARNESS_ERROR,
	 NULL},
};

static void put_file(const char *name, const void *data, size_t len)
{
	cleanup_free char *path = xasprintf("%s/%s", tmp, name);

	assert_int_equal(file_write(path, len ? data : "", len, NULL), 0);
}

static void put_records(const struct end *e)
{
	uint8_t *region = calloc(1, REGION);
	struct wire_writer w;

	wire_start(&w, region, REGION);
	wire_put(&w, WIRE_PHASE, WIRE_BOOT, 1, NULL, 0);
	wire_put(&w, WIRE_PHASE, WIRE_OPEN, 2, NULL, 0);
	if (e->error)
		wire_put(&w, WIRE_ERROR, 0, 3, e->error, (uint32_t)strlen(e->error));
	if (e->agent != NO_END)
		wire_put(&w, WIRE_END, (uint16_t)e->agent, 4, NULL, 0);
	((struct wire_header *)region)->dropped = e->dropped;
	put_file(RUN_RECORDS, region, REGION);
	free(region);
}

static void judge_end(const struct end *e, struct experiment *exp, struct result *r)
{
	const char *console = e->console ? e->console : "";
	struct err err;

	put_records(e);
	put_file(RUN_CONSOLE, console, strlen(console));
	memset(exp, 0, sizeof(*exp));
	exp->machine = (struct machine){.nr_nodes = 1, .node[0].memory = 64 << 20,
					.records = REGION};
	exp->oom_allowed = e->oom_allowed;
	assert_int_equal(judge_run(exp, tmp, &e->exit, r, &err), 0);
}

static void test_ends(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct end *e = &ends[i];
		struct experiment exp;
		struct result r;

		judge_end(e, &exp, &r);
		if (exp.status != e->want)
			fail_msg("%s: %s (%s), not %s", e->name, status_name(exp.status),
				 exp.reason ? exp.reason : "", status_name(e->want));
		if (e->reason && strncmp(exp.reason ? exp.reason : "", e->reason, strlen(e->reason)))
			fail_msg("%s: '%s', not '%s'", e->name, exp.reason, e->reason);
		if (!json_object_get(r.result, "failure") != (e->want == STATUS_DONE))
			fail_msg("%s: a failure is told when there is none, or not", e->name);
		free(exp.reason);
		result_release(&r);
	}
}

static const struct end *end_of(const char *name)
{
	size_t i;

	for (i = 0; strcmp(ends[i].name, name); i++)
		;
	return &ends[i];
}

static void test_failure(void **unused)
{
	const char *kind, *title, *function;
	struct experiment exp;
	struct result r;
	int line;

	(void)unused;
	judge_end(end_of("a WARN, then an oops"), &exp, &r);
	assert_int_equal(json_unpack(r.result, "{s:{s:s, s:s, s:s, s:i}}", "failure", "kind", &kind,
				     "title", &title, "function", &function, "console_line", &line),
			 0);
	assert_string_equal(kind, "oops");
	assert_string_equal(title,
			    "BUG: kernel NULL pointer dereference, address: 0000000000000008");
	assert_string_equal(function, "shrink_node");
	assert_int_equal(line, 2);
	assert_false(json_boolean_value(json_object_get(r.result, "window_complete")));
	free(exp.reason);
	result_release(&r);
	judge_end(end_of("WARN"), &exp, &r);
	assert_true(json_boolean_value(json_object_get(r.result, "window_complete")));
	free(exp.reason);
	result_release(&r);
}

/* More than is let through: the agent's word does not count. */
static void test_flood(void **unused)
{
	char *text = malloc(VM_CONSOLE_MAX);
	struct experiment exp;
	struct result r;

	(void)unused;
	memset(text, '.', VM_CONSOLE_MAX);
	put_records(end_of("done"));
	put_file(RUN_CONSOLE, text, VM_CONSOLE_MAX);
	memset(&exp, 0, sizeof(exp));
	exp.machine.records = REGION;
	assert_int_equal(judge_run(&exp, tmp, &end_of("done")->exit, &r, NULL), 0);
	assert_int_equal(exp.status, STATUS_CONSOLE_FLOOD);
	assert_true(r.console.len < VM_CONSOLE_MAX / 2);
	free(exp.reason);
	free(text);
	result_release(&r);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(tmp) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove(tmp, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
