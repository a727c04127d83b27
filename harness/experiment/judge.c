// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "records/records.h"
#include "result/check.h"
#include "result/console.h"
#include "result/expect.h"
#include "result/measure.h"
#include "result/policy.h"
#include "result/program.h"
#include "result/state.h"

#define RESULT_SCHEMA 2

/* Of a longer console the beginning and the end are kept, this much of each. */
#define CONSOLE_PART (512u << 10)

/* The evidence, and what it amounts to. */
struct verdict {
	const struct engine_exit *exit;
	const struct records *rec;
	bool spoke; /* the agent wrote its first record */
	struct console console;
	bool flooded; /* the guest wrote more to its console than is let through */
	const char *stderr_line;
	const char *emulator; /* what the reader knows it by */
	const struct machine *machine;
	bool oom_allowed;
	enum status status;
	char reason[512];
	struct trace_summary trace;           /* of the window */
	json_t *metrics, *expected;           /* of the result */
	char function[128];                   /* where the agent found a task stuck, or "" */
	const struct console_report *failure; /* the report that decided, or NULL */
};

static enum status conclude(struct verdict *v, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static enum status conclude(struct verdict *v, enum status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->reason, sizeof(v->reason), fmt, ap);
	va_end(ap);
	/* It may quote a guest. */
	text_printable(v->reason, strlen(v->reason));
	return v->status = status;
}

/* The host's own doings come first: they say nothing of the guest. */
static bool judge_host(struct verdict *v)
{
	const struct engine_exit *x = v->exit;

	if (x->timed_out)
		conclude(v, STATUS_TIMEOUT,
			 "stopped after %.0f s of wall time; last phase %u of %u", x->wall_seconds,
			 v->rec->last_phase, WIRE_STOPPED);
	else if (x->fault[0])
		conclude(v, STATUS_HARNESS_ERROR, "%s", x->fault);
	else if (x->signal && !v->rec->ended)
		conclude(v, STATUS_HARNESS_ERROR, "%s was killed by signal %d", v->emulator,
			 x->signal);
	else
		return false;
	return true;
}

static void judge_warning(struct verdict *v)
{
	v->failure = &v->console.warning;
	conclude(v, STATUS_WARNING, "%s", v->failure->title);
}

/* The first line of what the agent said; stacks may follow. */
static void judge_error(struct verdict *v, enum status status)
{
	struct text e = v->rec->error;
	const char *nl = e.len ? memchr(e.p, '\n', e.len) : NULL;
	int len = (int)(nl ? nl - e.p : (long)e.len);

	if (nl)
		console_frame(nl, e.len - (size_t)len, v->function, sizeof(v->function));
	conclude(v, status, "%.*s%s%s", len, e.p ? e.p : "", v->function[0] ? ", in " : "",
		 v->function);
}

/* A panic before the agent is most often one of too little memory; a bug names its own cause. */
static void conclude_unstarted(struct verdict *v)
{
	const struct console_report *r = v->failure;

	if (r->kind == STATUS_OOM || r->kind == STATUS_PANIC)
		conclude(v, r->kind, "%s; the agent had not started: are %llu MiB enough to boot?",
			 r->title, (unsigned long long)machine_memory(v->machine) >> 20);
	else
		conclude(v, r->kind, "%s; the agent had not started", r->title);
}

/* A report of the kernel's own says more than what came of it, such as a hang the agent saw. */
static bool judge_console(struct verdict *v)
{
	const struct console_report *r = &v->console.first;

	if (r->kind == STATUS_DONE || r->kind == STATUS_WARNING)
		return false;
	v->failure = r;
	if (r->kind == STATUS_OOM && v->rec->ended && v->rec->end_status == WIRE_OOM)
		judge_error(v, STATUS_OOM); /* it knows whose task that was */
	else if (r->kind == STATUS_HUNG)
		conclude(v, STATUS_HUNG,
			 "the guest's agent did not run for 10 s of virtual time; it was in %s",
			 r->function[0] ? r->function : "a program");
	else if (v->spoke)
		conclude(v, r->kind, "%s", r->title);
	else
		conclude_unstarted(v);
	return true;
}

static bool oom_killed(const struct records *rec)
{
	const struct records_set *open = records_open_set(rec), *last = records_last_set(rec);
	uint64_t a = 0, b = 0;

	if (!last)
		return false;
	if (open)
		text_get(records_text(rec, open, "vmstat"), "oom_kill", &a);
	text_get(records_text(rec, last, "vmstat"), "oom_kill", &b);
	return open && open != last ? b > a || a > 0 : b > 0;
}

static void judge_agent(struct verdict *v)
{
	static const enum status map[] = {
		[WIRE_DONE] = STATUS_DONE,
		[WIRE_SETUP_FAILED] = STATUS_SETUP_FAILED,
		[WIRE_WORKLOAD_FAILED] = STATUS_WORKLOAD_FAILED,
		[WIRE_OOM] = STATUS_OOM,
		[WIRE_HUNG] = STATUS_HUNG,
		[WIRE_AGENT_ERROR] = STATUS_SETUP_FAILED,
		[WIRE_VIRTUAL_TIMEOUT] = STATUS_VIRTUAL_TIMEOUT,
		[WIRE_POLICY_LOST] = STATUS_POLICY_LOST,
	};
	const struct records *rec = v->rec;

	if (rec->end_status >= ARRAY_SIZE(map))
		conclude(v, STATUS_HARNESS_ERROR, "the guest ended with the unknown status %u",
			 rec->end_status);
	else if (rec->end_status != WIRE_DONE)
		judge_error(v, map[rec->end_status]);
	else if (oom_killed(rec) && !v->oom_allowed)
		conclude(v, STATUS_OOM,
			 "the OOM killer was at work and the scenario does not allow it");
	else if (rec->dropped)
		conclude(v, STATUS_RECORD_FLOOD,
			 "%llu records did not fit into the guest's record region of %llu MiB",
			 (unsigned long long)rec->dropped,
			 (unsigned long long)v->machine->records >> 20);
	else if (v->console.warning.kind == STATUS_WARNING)
		judge_warning(v);
	else
		conclude(v, STATUS_DONE, "%s", "");
}

static void judge(struct verdict *v)
{
	const struct engine_exit *x = v->exit;

	if (judge_host(v) || judge_console(v))
		return;
	if (v->flooded)
		conclude(v, STATUS_CONSOLE_FLOOD, "the guest wrote over %u MiB to its console",
			 VM_CONSOLE_MAX >> 20);
	else if (x->watchdog)
		conclude(v, STATUS_HUNG, "the guest's agent did not run for 10 s of virtual time");
	else if (v->rec->damaged)
		conclude(v, STATUS_HARNESS_ERROR, "the record stream is damaged after %zu bytes",
			 v->rec->bytes);
	else if (v->rec->ended)
		judge_agent(v);
	else if (x->exited && x->exit_code == 1 && !v->spoke)
		conclude(v, STATUS_HARNESS_ERROR, "%s did not start: %s", v->emulator,
			 v->stderr_line);
	else if (x->triple_fault)
		conclude(v, STATUS_TRIPLE_FAULT, "the processor reset itself after a triple fault");
	else if (x->guest_reset)
		conclude(v, STATUS_PANIC, "the guest reset itself without a word");
	else
		conclude(v, STATUS_HARNESS_ERROR, "%s ended with code %d in phase %u of %u: %s",
			 v->emulator, x->exit_code, v->rec->last_phase, WIRE_STOPPED, v->stderr_line);
}

/* Expectations are about a run in which nothing else went wrong. */
static void judge_expected(struct verdict *v)
{
	const json_t *failed = expect_failed(v->expected), *absent = expect_absent(v->expected);

	if (v->status != STATUS_DONE)
		return;
	if (absent)
		conclude(v, STATUS_SETUP_FAILED, "expected %s: %s",
			 json_string_value(json_object_get(absent, "expect")),
			 json_string_value(json_object_get(absent, "absent")));
	else if (failed)
		conclude(v, STATUS_EXPECTATION_FAILED, "expected %s; it is %s",
			 json_string_value(json_object_get(failed, "expect")),
			 json_string_value(json_object_get(failed, "left")));
}

static json_t *kernel_said(const struct records *rec)
{
	static const char *const keys[] = {"agent", "release", "version"};
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (rec->hello[i].p)
			json_object_set_new(out, keys[i], state_text(rec->hello[i]));
	return out;
}

static json_t *phases(const struct records *rec)
{
	static const char *const keys[] = {
		[WIRE_BOOT] = "boot_ns",           [WIRE_SETUP] = "setup_ns",
		[WIRE_READY] = "ready_ns",
		[WIRE_GATE] = "gate_ns",           [WIRE_OPEN] = "open_ns",
		[WIRE_SAMPLE] = "first_sample_ns", [WIRE_CLOSE] = "close_ns",
		[WIRE_STOPPED] = "stopped_ns",
	};
	json_t *out = json_object();
	size_t i;

	for (i = WIRE_BOOT; i < ARRAY_SIZE(keys); i++)
		if (rec->phase_ns[i])
			json_object_set_new(out, keys[i],
					    json_integer((json_int_t)rec->phase_ns[i]));
	json_object_set_new(out, "last_ns", json_integer((json_int_t)rec->last_ns));
	return out;
}

static json_t *stream(const struct records *rec, const struct buf *kept)
{
	char hex[SHA256_HEX];

	sha256_buf(buf_str(kept), kept->len, hex);
	return json_pack("{s:s, s:I, s:I, s:b}", "sha256", hex, "bytes", (json_int_t)kept->len,
			 "dropped", (json_int_t)rec->dropped, "damaged", rec->damaged);
}

static json_t *failure(const struct verdict *v)
{
	const struct console_report *r = v->failure;
	const char *function = r ? r->function : v->function;
	json_t *out = json_pack("{s:s, s:s}", "kind", status_name(v->status), "title",
				r ? r->title : v->reason);

	if (function[0])
		json_object_set_new(out, "function", json_string(function));
	if (r)
		json_object_set_new(out, "console_line", json_integer((json_int_t)r->line));
	return out;
}

/* As planned, whatever was found on the way. */
static bool window_complete(const struct records *rec)
{
	return rec->phase_ns[WIRE_OPEN] && rec->ended && rec->end_status == WIRE_DONE;
}

static void add_checks(const struct records *rec, const struct trace_summary *trace, json_t *out)
{
	json_t *checks = check_conservation(rec, trace);

	json_object_set_new(out, "violated", check_violated(checks));
	json_object_set_new(out, "checks", checks);
}

/* There only where there are any. */
static void add_programs(const struct records *rec, json_t *out)
{
	json_t *programs = programs_json(rec);

	if (json_array_size(programs))
		json_object_set(out, "programs", programs);
	json_decref(programs);
}

static void add_tables(const struct records *rec, json_t *out)
{
	json_t *tables = policy_tables(rec);

	if (json_object_size(tables))
		json_object_set(out, "tables", tables);
	json_decref(tables);
}

static json_t *make_result(const struct experiment *exp, const struct verdict *v,
			   const struct result *r)
{
	const struct records *rec = v->rec;
	json_t *out = json_object();
	char hex[SHA256_HEX];

	sha256_buf(buf_str(&r->console), r->console.len, hex);
	json_object_set_new(out, "schema", json_integer(RESULT_SCHEMA));
	json_object_set_new(out, "experiment", json_string(exp->id));
	json_object_set_new(out, "engine", json_string(engine_name(exp->engine)));
	json_object_set_new(out, "status", json_string(status_name(v->status)));
	json_object_set_new(out, "reason", json_string(v->reason));
	json_object_set_new(out, "kernel", kernel_said(rec));
	json_object_set_new(out, "times", phases(rec));
	json_object_set_new(out, "state", state_of(rec));
	if (v->status != STATUS_DONE)
		json_object_set_new(out, "failure", failure(v));
	json_object_set_new(out, "window_complete", json_boolean(window_complete(rec)));
	json_object_set_new(out, "metrics", v->metrics);
	if (json_array_size(v->expected))
		json_object_set(out, "expectations", v->expected);
	if (rec->nr_steps)
		json_object_set_new(out, "steps", state_steps(rec));
	add_programs(rec, out);
	add_tables(rec, out);
	add_checks(rec, &v->trace, out);
	json_object_set_new(out, "trace", trace_summary_json(&v->trace));
	json_object_set_new(out, "records", stream(rec, &r->records));
	json_object_set_new(out, "console_sha256", json_string(hex));
	return out;
}

/*
 * The folder belongs to the emulator's user: a link or a pipe where a file should be must not have us
 * read what only we may, or wait for ever.  The emulator has ended, so nobody changes it under us.
 */
static bool is_plain(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode);
}

/* The console as text: NULs would hide what follows them. */
static int read_console(const char *dir, struct buf *out, bool *flooded, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_CONSOLE, dir);
	cleanup_buf struct buf all = {0};
	size_t i;
	int ret = is_plain(path) ? file_read(path, &all, err) : 0;

	if (ret)
		return ret;
	*flooded = all.len >= VM_CONSOLE_MAX;
	if (*flooded)
		all.len = VM_CONSOLE_MAX;
	for (i = 0; i < all.len; i++)
		if (!all.data[i])
			all.data[i] = '?';
	if (all.len <= 2 * CONSOLE_PART) {
		buf_add(out, buf_str(&all), all.len);
		return 0;
	}
	buf_add(out, all.data, CONSOLE_PART);
	buf_printf(out, "\n[%zu bytes left out]\n", all.len - 2 * CONSOLE_PART);
	buf_add(out, all.data + all.len - CONSOLE_PART, CONSOLE_PART);
	return 0;
}

static void read_stderr(const char *dir, char *line, size_t size)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, dir);
	cleanup_buf struct buf text = {0};

	snprintf(line, size, "it said nothing");
	if (is_plain(path) && !file_read(path, &text, NULL) && text.len)
		snprintf(line, size, "%.*s", (int)strcspn(text.data, "\n"), text.data);
}

static int read_records(const char *dir, struct records *rec, struct buf *region, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_RECORDS, dir);
	int ret = 0;

	/* A fork that never ran has none. */
	if (is_plain(path))
		ret = file_read(path, region, err);
	else if (file_exists(path))
		ret = err_set(err, -EBADMSG, "%s is no plain file", path);
	if (ret)
		return ret;
	ret = records_parse(rec, buf_str(region), region->len);
	/* Nothing there, or nonsense there, is evidence, not an error of ours. */
	if (ret == -EBADMSG && region->len)
		rec->damaged = true;
	return 0;
}

/* What is kept is a whole stream again, whatever the header said of what came after. */
static void keep_records(const struct records *rec, const struct buf *region, struct buf *out)
{
	struct wire_header head;

	if (rec->bytes < sizeof(head))
		return;
	buf_add(out, region->data, rec->bytes);
	memcpy(&head, out->data, sizeof(head));
	head.used = rec->bytes - sizeof(head);
	memcpy(out->data, &head, sizeof(head));
}

int judge_run(struct experiment *exp, const char *dir, const struct engine_exit *exit,
	      struct result *result, struct err *err)
{
	cleanup_buf struct buf region = {0};
	char line[256];
	struct records rec;
	struct verdict v = {.exit = exit, .rec = &rec, .machine = &exp->machine,
			    .oom_allowed = exp->oom_allowed, .stderr_line = line,
			    .emulator = exp->engine == ENGINE_UML ? "User-Mode Linux" : "QEMU"};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = read_records(dir, &rec, &region, err);
	if (!ret)
		ret = read_console(dir, &result->console, &v.flooded, err);
	if (ret)
		return ret;
	read_stderr(dir, line, sizeof(line));
	console_classify(buf_str(&result->console), result->console.len, v.oom_allowed,
			 &v.console);
	v.spoke = rec.last_phase >= WIRE_BOOT;
	judge(&v);
	ret = trace_summarise_window(&rec, &v.trace, err);
	if (ret) {
		records_release(&rec);
		return ret;
	}
	v.metrics = measure_metrics(&rec, &v.trace);
	v.expected = expect_evaluate(expect_of_spec(exp->spec), &rec, v.metrics);
	judge_expected(&v);
	keep_records(&rec, &region, &result->records);
	policy_log(&rec, &result->policy_log);
	result->spec = json_incref(exp->spec);
	result->result = make_result(exp, &v, result);
	exp->status = v.status;
	free(exp->reason);
	exp->reason = v.reason[0] ? xstrdup(v.reason) : NULL;
	json_decref(v.expected);
	trace_summary_release(&v.trace);
	records_release(&rec);
	return 0;
}
