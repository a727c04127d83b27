// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "result/measure.h"
#include "result/records.h"

#define RESULT_SCHEMA 1

/* Of a longer console the beginning and the end are kept, this much of each. */
#define CONSOLE_PART (512u << 10)

/* The evidence, and what it amounts to. */
struct verdict {
	const struct engine_exit *exit;
	const struct records *rec;
	bool spoke; /* the agent wrote its first record */
	const char *console;
	const char *stderr_line;
	const struct machine *machine;
	bool oom_allowed;
	enum status status;
	char reason[512];
};

static enum status conclude(struct verdict *v, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static enum status conclude(struct verdict *v, enum status status, const char *fmt, ...)
{
	va_list ap;
	char *c;

	va_start(ap, fmt);
	vsnprintf(v->reason, sizeof(v->reason), fmt, ap);
	va_end(ap);
	/* It may quote a guest. */
	for (c = v->reason; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return v->status = status;
}

/* The rest of the console's line that begins with mark, into out; false when it is not there. */
static bool console_line(const struct verdict *v, const char *mark, char *out, size_t size)
{
	const char *at = strstr(v->console, mark);

	if (!at)
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
	return true;
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
	else if (x->signal == SIGXFSZ)
		conclude(v, STATUS_HARNESS_ERROR, "the guest flooded its console");
	else if (x->signal)
		conclude(v, STATUS_HARNESS_ERROR, "QEMU was killed by signal %d", x->signal);
	else
		return false;
	return true;
}

static bool judge_console(struct verdict *v)
{
	unsigned long long mib = machine_memory(v->machine) >> 20;
	char line[256];

	if (console_line(v, "BUG: soft lockup", line, sizeof(line)) ||
	    console_line(v, "Watchdog detected hard LOCKUP", line, sizeof(line)))
		conclude(v, STATUS_LOCKUP, "%s", line);
	else if (!console_line(v, "Kernel panic - not syncing", line, sizeof(line)))
		return false;
	else if (v->spoke)
		conclude(v, STATUS_PANIC, "%s", line);
	else
		conclude(v, STATUS_PANIC,
			 "%s; the agent had not started: are %llu MiB enough to boot?", line, mib);
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
	};
	const struct records *rec = v->rec;

	if (rec->end_status >= ARRAY_SIZE(map))
		conclude(v, STATUS_HARNESS_ERROR, "the guest ended with the unknown status %u",
			 rec->end_status);
	else if (rec->end_status != WIRE_DONE)
		conclude(v, map[rec->end_status], "%.*s", (int)rec->error.len,
			 rec->error.p ? rec->error.p : "");
	else if (oom_killed(rec) && !v->oom_allowed)
		conclude(v, STATUS_OOM,
			 "the OOM killer was at work and the scenario does not allow it");
	else
		conclude(v, STATUS_DONE, "%s", "");
}

static void judge(struct verdict *v)
{
	const struct engine_exit *x = v->exit;

	if (judge_host(v) || judge_console(v))
		return;
	if (x->watchdog)
		conclude(v, STATUS_HUNG, "the guest's agent did not run for 10 s of virtual time");
	else if (v->rec->damaged)
		conclude(v, STATUS_HARNESS_ERROR, "the record stream is damaged after %zu bytes",
			 v->rec->bytes);
	else if (v->rec->ended)
		judge_agent(v);
	else if (x->exited && x->exit_code == 1 && !v->spoke)
		conclude(v, STATUS_HARNESS_ERROR, "QEMU did not start: %s", v->stderr_line);
	else if (x->guest_reset)
		conclude(v, STATUS_PANIC,
			 "the guest reset itself without a word (a triple fault?)");
	else
		conclude(v, STATUS_HARNESS_ERROR, "QEMU ended with code %d in phase %u of %u: %s",
			 x->exit_code, v->rec->last_phase, WIRE_STOPPED, v->stderr_line);
}

static json_t *json_text(struct text t)
{
	char copy[256];
	size_t i, n = t.len < sizeof(copy) ? t.len : sizeof(copy) - 1;

	for (i = 0; i < n; i++)
		copy[i] = t.p[i] >= 0x20 && t.p[i] <= 0x7e ? t.p[i] : '?';
	return json_stringn(copy, n);
}

static json_t *kernel_said(const struct records *rec)
{
	static const char *const keys[] = {"agent", "release", "version"};
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (rec->hello[i].p)
			json_object_set_new(out, keys[i], json_text(rec->hello[i]));
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

static json_t *states(const struct records *rec)
{
	json_t *out = json_object();
	unsigned int i;

	for (i = 0; i < rec->nr_states; i++) {
		struct text t = rec->state[i];
		const char *eq = memchr(t.p, '=', t.len);
		char key[64];

		if (!eq || eq - t.p >= (long)sizeof(key))
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(eq - t.p), t.p);
		json_object_set_new(
			out, key, json_text((struct text){eq + 1, t.len - (size_t)(eq + 1 - t.p)}));
	}
	return out;
}

static json_t *stream(const struct records *rec, const struct buf *kept)
{
	char hex[SHA256_HEX];

	sha256_buf(buf_str(kept), kept->len, hex);
	return json_pack("{s:s, s:I, s:I, s:b}", "sha256", hex, "bytes", (json_int_t)kept->len,
			 "dropped", (json_int_t)rec->dropped, "damaged", rec->damaged);
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
	json_object_set_new(out, "state", states(rec));
	json_object_set_new(out, "window_complete",
			    json_boolean(rec->phase_ns[WIRE_OPEN] && v->status == STATUS_DONE));
	json_object_set_new(out, "metrics", measure_metrics(rec));
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
static int read_console(const char *dir, struct buf *out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_CONSOLE, dir);
	cleanup_buf struct buf all = {0};
	size_t i;
	int ret = is_plain(path) ? file_read(path, &all, err) : 0;

	if (ret)
		return ret;
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
	int ret = is_plain(path) ? file_read(path, region, err) :
				   err_set(err, -EBADMSG, "%s is no plain file", path);

	if (ret)
		return ret;
	ret = records_parse(rec, buf_str(region), region->len);
	/* Nothing there, or nonsense there, is evidence, not an error of ours. */
	if (ret == -EBADMSG)
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
			    .oom_allowed = exp->oom_allowed, .stderr_line = line};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = read_records(dir, &rec, &region, err);
	if (!ret)
		ret = read_console(dir, &result->console, err);
	if (ret)
		return ret;
	read_stderr(dir, line, sizeof(line));
	v.console = buf_str(&result->console);
	v.spoke = rec.last_phase >= WIRE_BOOT;
	judge(&v);
	keep_records(&rec, &region, &result->records);
	measure_series(&rec, &result->series);
	result->spec = json_incref(exp->spec);
	result->result = make_result(exp, &v, result);
	exp->status = v.status;
	free(exp->reason);
	exp->reason = v.reason[0] ? xstrdup(v.reason) : NULL;
	records_release(&rec);
	return 0;
}
