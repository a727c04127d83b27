// SPDX-License-Identifier: GPL-2.0-only
#include "result/console.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "records/text.h"

/* How many lines after its title a report is searched for the function at fault. */
#define REPORT_LINES 120
/* More of a line says nothing more. */
#define LINE_MAX_ 512
/* Where a syslog's "kernel: " may stand. */
#define SYSLOG_PREFIX_MAX 96

/* Words that the kernel puts before a report's own. */
static const char *const prefixes[] = {"watchdog: ", "NMI watchdog: ", "rcu: ", "traps: ", "[ "};

struct pattern {
	const char *start;    /* the line begins so */
	const char *contains; /* and has this in what follows, if not NULL */
	enum status kind;     /* STATUS_DONE: it looks like a report and is none */
};

/* The first that matches decides. */
static const struct pattern patterns[] = {
	{"BUG: soft lockup", NULL, STATUS_LOCKUP},
	{"BUG: workqueue lockup", NULL, STATUS_LOCKUP},
	{"BUG: spinlock lockup", NULL, STATUS_LOCKUP},
	{"BUG: spinlock cpu recursion", NULL, STATUS_LOCKUP},
	{"BUG: spinlock recursion", NULL, STATUS_LOCKUP},
	{"Watchdog detected hard LOCKUP", NULL, STATUS_LOCKUP},
	{"Watchdog CPU:", "Hard LOCKUP", STATUS_LOCKUP},
	{"CPU", "Watchdog detected hard LOCKUP", STATUS_LOCKUP},
	{"BUG: unable to handle", NULL, STATUS_OOPS},
	{"BUG: kernel NULL pointer dereference", NULL, STATUS_OOPS},
	{"BUG: stack guard page was hit", NULL, STATUS_OOPS},
	{"BUG: TASK stack guard page was hit", NULL, STATUS_OOPS},
	{"BUG: IRQ stack guard page was hit", NULL, STATUS_OOPS},
	/* A limit of lockdep's, not a fault of the kernel's. */
	{"BUG: MAX_", "too low", STATUS_DONE},
	{"BUG: ", NULL, STATUS_BUG},
	{"BUG ", "Tainted", STATUS_BUG},
	{"BUG ", "tainted", STATUS_BUG},
	{"kernel BUG at ", NULL, STATUS_BUG},
	{"Kernel BUG at ", NULL, STATUS_BUG},
	{"UBSAN: ", NULL, STATUS_BUG},
	{"Unable to handle kernel ", NULL, STATUS_OOPS},
	{"Internal error: ", "[#", STATUS_OOPS},
	{"PANIC: double fault", NULL, STATUS_OOPS},
	{"general protection fault, ", "[#", STATUS_OOPS},
	{"WARNING: CPU: ", " at ", STATUS_WARNING},
	{"WARNING: at ", NULL, STATUS_WARNING},
	{"WARNING: ", ", CPU#", STATUS_WARNING},
	{"WARNING: possible ", NULL, STATUS_WARNING},
	{"WARNING: suspicious RCU usage", NULL, STATUS_WARNING},
	{"WARNING: inconsistent lock state", NULL, STATUS_WARNING},
	{"WARNING: bad unlock balance", NULL, STATUS_WARNING},
	{"WARNING: bad contention", NULL, STATUS_WARNING},
	{"WARNING: held lock freed", NULL, STATUS_WARNING},
	{"WARNING: lock held when returning", NULL, STATUS_WARNING},
	{"WARNING: still have locks held", NULL, STATUS_WARNING},
	{"WARNING: Nested lock was not taken", NULL, STATUS_WARNING},
	{"WARNING: HARDIRQ-safe -> HARDIRQ-unsafe", NULL, STATUS_WARNING},
	{"WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe", NULL, STATUS_WARNING},
	{"WARNING: HARDIRQ-READ-safe", NULL, STATUS_WARNING},
	{"WARNING: SOFTIRQ-READ-safe", NULL, STATUS_WARNING},
	{"WARNING: kernel stack ", NULL, STATUS_WARNING},
	{"WARNING: stack recursion", NULL, STATUS_WARNING},
	{"WARNING: can't dereference registers", NULL, STATUS_WARNING},
	{"INFO: possible circular locking", NULL, STATUS_WARNING},
	{"INFO: possible recursive locking", NULL, STATUS_WARNING},
	{"INFO: possible irq lock inversion", NULL, STATUS_WARNING},
	{"INFO: inconsistent lock state", NULL, STATUS_WARNING},
	{"INFO: suspicious RCU usage", NULL, STATUS_WARNING},
	{"INFO: task ", " blocked ", STATUS_HUNG_TASK},
	{"INFO: rcu_", " stall", STATUS_RCU_STALL},
	{"INFO: rcu_", "detected ", STATUS_RCU_STALL},
	{"Out of memory: Kill", NULL, STATUS_OOM},
	{"Out of memory (oom_kill_allocating_task): Kill", NULL, STATUS_OOM},
	{"Memory cgroup out of memory: Kill", NULL, STATUS_OOM},
	{"Kernel panic - not syncing: Out of memory", NULL, STATUS_OOM},
	{"Kernel panic - not syncing: System is deadlocked on memory", NULL, STATUS_OOM},
	{"Kernel panic - not syncing: softlockup", NULL, STATUS_LOCKUP},
	{"Kernel panic - not syncing: Hard LOCKUP", NULL, STATUS_LOCKUP},
	{"Kernel panic - not syncing: Watchdog detected hard LOCKUP", NULL, STATUS_LOCKUP},
	{"Kernel panic - not syncing: RCU Stall", NULL, STATUS_RCU_STALL},
	{"Kernel panic - not syncing: hung_task", NULL, STATUS_HUNG_TASK},
	{"Kernel panic - not syncing: NMI: Not continuing", NULL, STATUS_HUNG},
	{"Kernel panic - not syncing", NULL, STATUS_PANIC},
};

/* Where reports point although the fault is their caller's. */
static const char *const helpers[] = {
	"__schedule", "schedule", "schedule_timeout", "schedule_preempt_disabled", "io_schedule",
	"io_schedule_timeout", "schedule_hrtimeout_range", "schedule_hrtimeout_range_clock",
	"context_switch", "preempt_schedule", "preempt_schedule_common", "__switch_to",
	"schedule_timeout_uninterruptible", "preempt_schedule_irq", "__cond_resched",
	"wait_for_completion", "__wait_for_common", "do_wait_for_common", "bit_wait_io", "bit_wait",
	"__wait_on_bit", "out_of_line_wait_on_bit", "__wait_on_bit_lock",
	"nmi_panic", "do_nmi", "unknown_nmi_error", "default_do_nmi", "exc_nmi", "end_repeat_nmi",
	"dump_stack", "dump_stack_lvl", "__dump_stack", "show_stack", "panic", "vpanic", "__warn",
	"report_bug", "handle_bug", "die", "oops_end", "no_context", "warn_slowpath_fmt",
	"warn_slowpath_null", "warn_slowpath_common", "__warn_printk", "do_error_trap", "do_trap",
	"exc_invalid_op", "asm_exc_invalid_op", "exc_page_fault", "asm_exc_page_fault",
	"print_report", "kasan_report", "print_address_description", "kasan_check_range",
	"check_memory_region", "print_unlock_imbalance_bug", "__ubsan_handle_out_of_bounds",
	"ubsan_epilogue", "refcount_warn_saturate", "refcount_error_report", "dump_page",
	"free_unref_page", "free_unref_page_prepare", "free_pages_prepare", "__free_pages",
	"__free_pages_ok", "free_pcppages_bulk", "free_pcp_prepare", "watchdog_timer_fn",
	"__hrtimer_run_queues", "hrtimer_interrupt", "sysvec_apic_timer_interrupt",
	"__sysvec_apic_timer_interrupt", "smp_apic_timer_interrupt", "apic_timer_interrupt",
	"__list_del_entry_valid", "__list_del_entry_valid_or_report", "__list_add_valid",
	"__list_add_valid_or_report", "__might_sleep", "___might_sleep", "__might_resched",
	"__schedule_bug", "bad_page", "bad_page.cold", "print_circular_bug", "check_noncircular",
	"check_prev_add", "__lock_acquire", "lock_acquire", "validate_chain", "mark_lock",
	"native_queued_spin_lock_slowpath", "queued_spin_lock_slowpath", "_raw_spin_lock",
	"_raw_spin_lock_irq", "_raw_spin_lock_irqsave", "_raw_spin_lock_bh", "do_raw_spin_lock",
	"_raw_spin_unlock_irqrestore", "spin_bug", "spin_dump", "__mutex_lock",
	"__mutex_lock_slowpath", "mutex_lock", "__mutex_lock.constprop.0", "rwsem_down_read_slowpath",
	"rwsem_down_write_slowpath", "down_read", "down_write", "memcpy", "memset", "memmove",
	"memcpy_erms", "memset_erms", "memcpy_orig", "memset_orig", "__memcpy", "__memset",
	"dump_header", "oom_kill_process", "out_of_memory", "mem_cgroup_out_of_memory",
	"nmi_cpu_backtrace", "nmi_trigger_cpumask_backtrace", "rcu_dump_cpu_stacks",
	"nmi_cpu_backtrace_handler", "print_cpu_stall", "check_panic_on_warn", "end_report",
	"kasan_end_report", "fortify_panic", "__fortify_panic", "__stack_chk_fail",
};

static bool starts(struct text t, const char *s)
{
	size_t n = strlen(s);

	return t.len >= n && !memcmp(t.p, s, n);
}

static bool contains(struct text t, const char *s)
{
	return memmem(t.p, t.len, s, strlen(s));
}

static struct text skip(struct text t, size_t n)
{
	return (struct text){t.p + n, t.len - n};
}

static struct text skip_blanks(struct text t)
{
	while (t.len && *t.p == ' ')
		t = skip(t, 1);
	return t;
}

/* "12.345678", "+0.000003" or dmesg -T's "Mar  8 17:07:12 2026": what a time looks like. */
static bool is_time(const char *p, size_t len)
{
	size_t i = len && *p == '+', digits;

	for (digits = 0; i < len && isdigit((unsigned char)p[i]); i++)
		digits++;
	if (digits && i < len && p[i] == '.')
		return true;
	/* " 17:07" and not a task's "/17:0734" */
	for (i = 3; i + 2 < len; i++)
		if (p[i] == ':' && p[i - 3] == ' ' && isdigit((unsigned char)p[i - 1]) &&
		    isdigit((unsigned char)p[i + 1]) && isdigit((unsigned char)p[i + 2]))
			return true;
	return false;
}

/* The length of a time stamp in brackets at the start, 0 if there is none. */
static size_t stamp_len(struct text t)
{
	const char *end = t.len && *t.p == '[' ? memchr(t.p, ']', t.len < 64 ? t.len : 64) : NULL;
	const char *p = t.p + 1;

	if (!end)
		return 0;
	while (p < end && *p == ' ')
		p++;
	return is_time(p, (size_t)(end - p)) ? (size_t)(end + 1 - t.p) : 0;
}

/* "[    T1] " or "[   C0] " behind a time stamp. */
static struct text skip_caller(struct text t)
{
	size_t i = 1;

	if (!t.len || *t.p != '[')
		return t;
	while (i < t.len && t.p[i] == ' ')
		i++;
	if (i + 1 >= t.len || (t.p[i] != 'T' && t.p[i] != 'C') ||
	    !isdigit((unsigned char)t.p[i + 1]))
		return t;
	for (i++; i < t.len && isdigit((unsigned char)t.p[i]); i++)
		;
	return i < t.len && t.p[i] == ']' ? skip_blanks(skip(t, i + 1)) : t;
}

/* Behind "kernel: ", which a syslog's own stamp and the host's name come before. */
static struct text skip_syslog(struct text t, size_t within)
{
	static const char mark[] = "kernel: ";
	const char *at = memmem(t.p, t.len < within ? t.len : within, mark, strlen(mark));

	if (!at || (at > t.p && at[-1] != ' '))
		return t;
	return skip(t, (size_t)(at - t.p) + strlen(mark));
}

/* What the kernel said: from behind the last time stamp on the line, else from behind a level. */
static struct text message(struct text line)
{
	struct text rest = line, at = line;
	size_t n;

	while (at.len && (at.p = memchr(at.p, '[', at.len))) {
		at.len = (size_t)(line.p + line.len - at.p);
		n = stamp_len(at);
		if (n)
			rest = skip_caller(skip_blanks(skip(at, n)));
		at = skip(at, n ? n : 1);
	}
	if (rest.p != line.p)
		return skip_blanks(skip_syslog(rest, strlen("kernel: ")));
	if (rest.len > 3 && rest.p[0] == '<' && rest.p[2] == '>')
		rest = skip(rest, 3);
	return skip_blanks(skip_syslog(rest, SYSLOG_PREFIX_MAX));
}

static struct text skip_prefixes(struct text t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts(t, prefixes[i])) {
			t = skip_blanks(skip(t, strlen(prefixes[i])));
			i = (size_t)-1;
		}
	return t;
}

/* "divide error: 0000 [#1] PREEMPT SMP": a processor exception, whatever its name. */
static bool is_die(struct text t)
{
	const char *mark = memmem(t.p, t.len, " [#", 3);
	const char *hex;
	int i;

	if (!mark || mark - t.p < 7)
		return false;
	for (i = 1, hex = mark - 1; i <= 4; i++, hex--)
		if (!isxdigit((unsigned char)*hex))
			return false;
	return hex[0] == ' ' && hex[-1] == ':';
}

static enum status kind_of(struct text t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		if (starts(t, patterns[i].start) &&
		    (!patterns[i].contains || contains(t, patterns[i].contains)))
			return patterns[i].kind;
	return is_die(t) ? STATUS_OOPS : STATUS_DONE;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* A part that the compiler has set apart ("panic.cold", "f.isra.0") is that function. */
static bool is_helper(struct text t)
{
	const char *dot = memchr(t.p, '.', t.len);
	size_t i;

	if (dot)
		t.len = (size_t)(dot - t.p);
	for (i = 0; i < ARRAY_SIZE(helpers); i++)
		if (t.len == strlen(helpers[i]) && starts(t, helpers[i]))
			return true;
	return (starts(t, "asm_") && !starts(t, "asm_load")) || starts(t, "__kasan_") ||
	       starts(t, "__asan_") || starts(t, "kasan_") || starts(t, "kcsan_");
}

/* The name at the start of "name+0x12/0x34"; empty when that is not what is there. */
static struct text symbol(struct text t)
{
	size_t n = 0;

	while (n < t.len && name_char(t.p[n]))
		n++;
	if (!n || isdigit((unsigned char)*t.p) || n + 3 > t.len || memcmp(t.p + n, "+0x", 3))
		return (struct text){t.p, 0};
	return (struct text){t.p, n};
}

/* Behind an address in brackets, "[<ffffffff81234567>] " or "[<0>] ", twice in old kernels. */
static struct text skip_address(struct text t)
{
	while (t.len > 2 && t.p[0] == '[' && t.p[1] == '<') {
		const char *end = memchr(t.p, ']', t.len);

		if (!end)
			break;
		t = skip_blanks(skip(t, (size_t)(end + 1 - t.p)));
	}
	return t;
}

/* The function that a line behind the title tells: an instruction pointer or a sure frame. */
static struct text line_symbol(struct text t)
{
	static const char *const before[] = {"RIP: 0010:", "RIP: e030:", "IP: ", "pc : ", "lr : "};
	const char *at = memmem(t.p, t.len, ", at: ", 6);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		if (starts(t, before[i]))
			t = skip(t, strlen(before[i]));
	/* lockdep's list of locks */
	if (at)
		t = skip(t, (size_t)(at + 6 - t.p));
	/* A frame with a question mark is a guess, and no symbol begins with one. */
	return symbol(skip_address(skip_blanks(t)));
}

/* Titles that name the function themselves. */
static struct text title_symbol(struct text t)
{
	static const char *const before[] = {" in ", " at "};
	struct text found = {t.p, 0};
	const char *at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before) && !found.len; i++) {
		struct text rest = t;

		while (!found.len && (at = memmem(rest.p, rest.len, before[i], 4))) {
			rest = skip(rest, (size_t)(at + 4 - rest.p));
			found = symbol(rest);
		}
	}
	if (found.len || !starts(t, "WARNING: CPU: "))
		return found;
	/* "WARNING: CPU: 0 PID: 1 at mm/x.c:12 func+0x1/0x2" */
	at = memrchr(t.p, ' ', t.len);
	for (; at && !found.len && at > t.p; at = memrchr(t.p, ' ', (size_t)(at - t.p)))
		found = symbol(skip(t, (size_t)(at + 1 - t.p)));
	return found;
}

static struct text next_line(struct text *rest)
{
	const char *nl = memchr(rest->p, '\n', rest->len);
	struct text line = {rest->p, nl ? (size_t)(nl - rest->p) : rest->len};

	*rest = skip(*rest, nl ? line.len + 1 : line.len);
	while (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len > LINE_MAX_)
		line.len = LINE_MAX_;
	return line;
}

/* The first function that is no helper; a helper if there is nothing else. */
struct finder {
	struct text helper;
	struct text found;
};

static bool offer(struct finder *f, struct text name)
{
	if (!name.len)
		return false;
	if (!is_helper(name))
		f->found = name;
	else if (!f->helper.len)
		f->helper = name;
	return f->found.len;
}

/* An OOM kill is told from its victim's side; the frames before it are the allocation's. */
static void find_function(struct console_report *r, struct text title, struct text rest)
{
	struct finder f = {.helper = {title.p, 0}, .found = {title.p, 0}};
	unsigned int i;

	if (r->kind == STATUS_OOM)
		return;
	offer(&f, title_symbol(title));
	for (i = 0; i < REPORT_LINES && rest.len && !f.found.len; i++) {
		struct text t = message(next_line(&rest));

		/* What panic_print adds is of other tasks. */
		if (starts(t, "---[ end ") || starts(t, "Mem-Info:"))
			break;
		offer(&f, line_symbol(t));
	}
	/* Of a program that takes the CPU for itself the kernel shows the NMI's own functions only. */
	if (f.found.len || r->kind != STATUS_HUNG)
		text_copy(r->function, sizeof(r->function), f.found.len ? f.found : f.helper);
}

static void fill(struct console_report *r, enum status kind, struct text title, struct text rest)
{
	r->kind = kind;
	text_copy(r->title, sizeof(r->title), title);
	find_function(r, title, rest);
}

void console_classify(const char *text, size_t len, bool oom_allowed, struct console *out)
{
	struct text all = {text, len}, rest = all;
	bool serious = false;
	size_t nr;

	memset(out, 0, sizeof(*out));
	for (nr = 1; rest.len; nr++) {
		size_t offset = (size_t)(rest.p - all.p);
		struct text title = skip_prefixes(message(next_line(&rest)));
		struct console_report *r = &out->first;
		enum status kind = kind_of(title);

		if (kind == STATUS_DONE || (kind == STATUS_OOM && oom_allowed))
			continue;
		if (kind == STATUS_WARNING)
			r = &out->warning;
		if (kind == STATUS_WARNING ? r->kind != STATUS_DONE : serious)
			continue;
		r->line = nr;
		r->offset = offset;
		fill(r, kind, title, rest);
		serious = serious || kind != STATUS_WARNING;
	}
	if (!serious)
		out->first = out->warning;
}

void console_frame(const char *text, size_t len, char *out, size_t size)
{
	struct finder f = {.helper = {text, 0}, .found = {text, 0}};
	struct text rest = {text, len};

	while (rest.len && !f.found.len)
		offer(&f, line_symbol(message(next_line(&rest))));
	text_copy(out, size, f.found.len ? f.found : f.helper);
}
