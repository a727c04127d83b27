// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console classifier against a corpus of real reports, tests/corpus/console/: a sample's folder
 * is its kind ("none" for consoles without a report), INDEX names its function and where it is from.
 * None may be misclassified, nor when it is dressed up as other consoles are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "result/console.h"

#define CORPUS "tests/corpus/console"
#define SAMPLES_MIN 80

struct sample {
	char file[128];
	char function[128]; /* "-": none is told */
	enum status kind;
	struct buf text;
};

static struct sample *samples;
static size_t nr_samples;

static enum status kind_of_folder(const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "/"), file);
	return strcmp(name, "none") ? status_find(name) : STATUS_DONE;
}

static void load_sample(const char *line)
{
	struct sample s = {.function = ""};
	cleanup_free char *path = NULL;

	assert_int_equal(sscanf(line, "%127s %127s", s.file, s.function), 2);
	s.kind = kind_of_folder(s.file);
	assert_true(s.kind < STATUS_NR);
	path = xasprintf(CORPUS "/%s", s.file);
	assert_int_equal(file_read(path, &s.text, NULL), 0);
	samples = xrealloc(samples, nr_samples + 1, sizeof(*samples));
	samples[nr_samples++] = s;
}

static int load(void **state)
{
	cleanup_buf struct buf index = {0};
	char *line, *rest;

	(void)state;
	assert_int_equal(file_read(CORPUS "/INDEX", &index, NULL), 0);
	for (rest = index.data; (line = strsep(&rest, "\n"));)
		if (*line && *line != '#')
			load_sample(line);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	while (nr_samples)
		buf_release(&samples[--nr_samples].text);
	free(samples);
	return 0;
}

/* In a heap block of just its size, so that reading beyond it is seen. */
static void classify(const struct buf *text, bool oom_allowed, struct console *out)
{
	char *copy = malloc(text->len ? text->len : 1);

	if (text->len)
		memcpy(copy, text->data, text->len);
	console_classify(copy, text->len, oom_allowed, out);
	free(copy);
}

static size_t check(const struct sample *s, const struct buf *text, const char *how)
{
	struct console c;

	classify(text, false, &c);
	if (c.first.kind == s->kind)
		return 0;
	print_error("%s%s: '%s' is taken for %s\n", s->file, how, c.first.title,
		    c.first.kind ? status_name(c.first.kind) : "none");
	return 1;
}

static void test_all_listed(void **unused)
{
	glob_t g;

	(void)unused;
	assert_int_equal(glob(CORPUS "/*/*.txt", 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, nr_samples);
	assert_true(nr_samples >= SAMPLES_MIN);
	globfree(&g);
}

static void test_kinds(void **unused)
{
	size_t i, wrong = 0;

	(void)unused;
	for (i = 0; i < nr_samples; i++)
		wrong += check(&samples[i], &samples[i].text, "");
	assert_int_equal(wrong, 0);
}

static void test_functions(void **unused)
{
	size_t i, wrong = 0;

	(void)unused;
	for (i = 0; i < nr_samples; i++) {
		const struct sample *s = &samples[i];
		const char *want = strcmp(s->function, "-") ? s->function : "";
		struct console c;

		classify(&s->text, false, &c);
		if (!strcmp(c.first.function, want))
			continue;
		print_error("%s: function '%s', not '%s'\n", s->file, c.first.function, want);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Line by line: what is put before it, and what ends it. */
static void dress(const struct buf *in, const char *before, const char *after, struct buf *out)
{
	const char *line = buf_str(in), *stop = line + in->len, *end;

	for (; line < stop; line = end + 1) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			end = stop;
		buf_printf(out, "%s%.*s%s", before, (int)(end - line), line, after);
	}
}

/* Other prefixes and line ends. */
static void test_dressed(void **unused)
{
	static const char *const dress_as[][2] = {
		{"", "\r\n"},
		{"<4>", "\n"},
		{"[   12.345678] ", "\n"},
		{"[   12.345678][    T1] ", "\n"},
		{"[   12.345678] [   C12] ", "\r\n"},
		{"Nov  1 10:00:00 host kernel: [   12.345678] ", "\n"},
	};
	size_t i, k, wrong = 0;

	(void)unused;
	for (i = 0; i < nr_samples; i++)
		for (k = 0; k < ARRAY_SIZE(dress_as); k++) {
			cleanup_buf struct buf text = {0};

			/* No console is a syslog's twice over. */
			if (strstr(buf_str(&samples[i].text), "kernel: "))
				continue;
			dress(&samples[i].text, dress_as[k][0], dress_as[k][1], &text);
			wrong += check(&samples[i], &text, " dressed");
		}
	assert_int_equal(wrong, 0);
}

/* The first serious report decides, whatever follows from it, and whatever was said before. */
static void test_first_decides(void **unused)
{
	static const char before[] = "[    0.000000] Linux version 6.12\n"
				     "[    1.000000] WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x1/0x2\n";
	static const char after[] = "[   99.000000] Kernel panic - not syncing: Fatal exception\n"
				    "[   99.000001] ---[ end Kernel panic - not syncing: Fatal ]---\n";
	size_t i, wrong = 0;

	(void)unused;
	for (i = 0; i < nr_samples; i++) {
		cleanup_buf struct buf text = {0};

		if (samples[i].kind == STATUS_DONE || samples[i].kind == STATUS_WARNING)
			continue;
		buf_adds(&text, before);
		buf_add(&text, buf_str(&samples[i].text), samples[i].text.len);
		buf_adds(&text, after);
		wrong += check(&samples[i], &text, " between others");
	}
	assert_int_equal(wrong, 0);
}

static void text_of(const char *s, bool oom_allowed, struct console *c)
{
	struct buf text = {.data = (char *)(uintptr_t)s, .len = strlen(s)};

	classify(&text, oom_allowed, c);
}

static void test_place(void **unused)
{
	struct console c;

	(void)unused;
	text_of("one\n[    2.000000] two\n[    3.000000] kernel BUG at mm/vmscan.c:7!\n"
		"[    3.000001] RIP: 0010:_raw_spin_lock+0x1/0x2\n"
		"[    3.000002] Call Trace:\n[    3.000003]  ? guess+0x1/0x2\n"
		"[    3.000003]  asm_exc_page_fault+0x1/0x2\n"
		"[    3.000004]  shrink_node+0x1/0x2\n", false, &c);
	assert_int_equal(c.first.kind, STATUS_BUG);
	assert_string_equal(c.first.title, "kernel BUG at mm/vmscan.c:7!");
	assert_int_equal(c.first.line, 3);
	assert_int_equal(c.first.offset, strlen("one\n[    2.000000] two\n"));
	assert_string_equal(c.first.function, "shrink_node");
	assert_int_equal(c.warning.kind, STATUS_DONE);
}

static void test_oom_allowed(void **unused)
{
	static const char oom[] = "[ 1.000000] Memory cgroup out of memory: Killed process 9 (w)\n";
	struct console c;

	(void)unused;
	text_of(oom, false, &c);
	assert_int_equal(c.first.kind, STATUS_OOM);
	text_of(oom, true, &c);
	assert_int_equal(c.first.kind, STATUS_DONE);
	text_of("Out of memory: Killed process 1 (x)\nkernel BUG at a.c:1!\n", true, &c);
	assert_int_equal(c.first.kind, STATUS_BUG);
}

/* 6.19 and later put the place first. */
static void test_new_warning(void **unused)
{
	struct console c;

	(void)unused;
	text_of("[    9.000000] WARNING: mm/page_alloc.c:4703 at __alloc_pages+0x1b3/0x2c0, CPU#1: "
		"workload/126\n", false, &c);
	assert_int_equal(c.first.kind, STATUS_WARNING);
	assert_string_equal(c.first.function, "__alloc_pages");
}

static void test_frame(void **unused)
{
	static const char stack[] = "[<0>] io_schedule+0x46/0x70\n[<0>] folio_wait_bit+0x1/0x2\n";
	char name[32];

	(void)unused;
	console_frame(stack, strlen(stack), name, sizeof(name));
	assert_string_equal(name, "folio_wait_bit");
	console_frame("nothing\n", 8, name, sizeof(name));
	assert_string_equal(name, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_listed),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_dressed),
		cmocka_unit_test(test_first_decides),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_oom_allowed),
		cmocka_unit_test(test_new_warning),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
