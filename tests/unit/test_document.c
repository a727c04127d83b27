// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/document and report/timeline: three forms of one content, over results that are made up here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "document/block.h"
#include "document/html.h"
#include "document/svg.h"
#include "report/timeline.h"
#include "report/values.h"
#include "result/metrics.h"
#include "wire/wire.h"

#define SEEDS   5
#define MS      1000000ull
#define OPEN_NS (1500 * MS)
#define REGION  (1u << 20)

/* Markup, a shell's quote, a terminal's escape, a character that turns the line around, and no UTF-8. */
#define HOSTILE "<script>alert('1')</script>&amp;\"|`*_\x1b[31m\xe2\x80\xae\xff\n</td>--><b>"

/* As JSON can hold it. */
#define HOSTILE_LABEL "<script>document.body.innerHTML='';alert(1)</script><img src=http://x/y onerror=alert(1)>"

static char tmp[] = "/tmp/wringer-test-document-XXXXXX";

static struct {
	struct document doc;
	struct buf html, mail, markdown;
} d;

static void render(void)
{
	buf_reset(&d.html);
	buf_reset(&d.mail);
	buf_reset(&d.markdown);
	document_html(&d.doc, &d.html);
	document_mail(&d.doc, &d.mail);
	document_markdown(&d.doc, &d.markdown);
}

static int set_up_document(void **state)
{
	(void)state;
	document_init(&d.doc, 1);
	return 0;
}

static int tear_down_document(void **state)
{
	(void)state;
	document_release(&d.doc);
	buf_release(&d.html);
	buf_release(&d.mail);
	buf_release(&d.markdown);
	return 0;
}

static void all_have(const char *html, const char *mail, const char *markdown)
{
	assert_non_null(strstr(buf_str(&d.html), html));
	assert_non_null(strstr(buf_str(&d.mail), mail));
	assert_non_null(strstr(buf_str(&d.markdown), markdown));
}

/* Columns, not bytes. */
static void no_line_is_longer(const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		column = *text == '\n' ? 0 : column + ((*text & 0xc0) != 0x80);
		if (column > DOCUMENT_COLUMNS)
			fail_msg("more than %d columns: ...%.72s", DOCUMENT_COLUMNS, text - 60);
	}
}

/* A tab and a newline of our own; nothing else below a blank. */
static void no_control(const struct buf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++)
		assert_true((unsigned char)text->data[i] >= 0x20 || strchr("\n\t", text->data[i]));
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static const struct document_column columns[] = {
	{.name = "metric"}, {.name = "base", .right = true}, {.name = "verdict"}, {.name = "seeds", .wide = true},
};

static void add_row(const char *name, double value)
{
	static const double x[] = {1, 2, 3}, y[] = {2, 3, 4};
	struct comparison_row row = {.verdict = STATS_WORSE};

	document_row(&d.doc, name);
	document_text(&d.doc, name, NULL, NULL);
	document_number(&d.doc, "1.50k", value, "lru");
	document_verdict(&d.doc, &row);
	document_strip(&d.doc, x, 3, y, 3, 0.5, true);
}

static void the_forms_tell_the_same(void **state)
{
	(void)state;
	document_title(&d.doc, "a title");
	document_section(&d.doc, "a section");
	document_subsection(&d.doc, "a subsection", "there");
	document_line(&d.doc, "a sentence of %d words", 5);
	document_table(&d.doc, columns, 4);
	document_group(&d.doc, "a group", "there", NULL);
	add_row("kv.rate", 1503.0625);
	document_command(&d.doc, "wringer run -p 'a b'");
	render();
	all_have("<h1>a title</h1>", "a title\n=======\n", "# a title\n");
	all_have("<h2>a section</h2>", "\na section\n---------\n", "\n## a section\n");
	all_have("<h3>a subsection</h3>", "\na subsection\n", "\n### a subsection\n");
	all_have("<p>a sentence of 5 words</p>", "\na sentence of 5 words\n", "\na sentence of 5 words\n");
	all_have("data-metric=kv.rate><th>kv.rate<td data-value=1503.0625 data-arm=lru>1.50k<td class=vw>WORSE",
		 "\nkv.rate 1.50k WORSE\n", "| kv.rate | 1.50k | WORSE |\n");
	all_have(">a group<", "\na group\n", "| **a group** |");
	all_have("<code>wringer run -p &#39;a b&#39;</code>", "\twringer run -p 'a b'\n",
		 "\n    wringer run -p 'a b'\n");
}

static void what_is_folded_is_not_in_a_mail(void **state)
{
	(void)state;
	document_section(&d.doc, "before");
	document_fold(&d.doc, "nine numbers");
	document_line(&d.doc, "the ninth");
	document_unfold(&d.doc);
	document_line(&d.doc, "behind");
	render();
	all_have("<details><summary>nine numbers</summary>\n<p>the ninth</p>\n</details>",
		 "(nine numbers: not in a mail)", "nine numbers");
	assert_null(strstr(buf_str(&d.mail), "the ninth"));
	all_have("<p>behind</p>", "\nbehind\n", "\nbehind\n");
	assert_non_null(strstr(buf_str(&d.markdown), "the ninth"));
}

/* Every place that takes text of others. */
static void make_hostile(void)
{
	static const double x[] = {0, 1, 2};
	struct figure f = figure_new(FIGURE_LINES, HOSTILE, HOSTILE);
	struct figure ladder = figure_new(FIGURE_LADDER, HOSTILE, HOSTILE);
	const struct document_column column[] = {{.name = HOSTILE, .link = HOSTILE}, {.name = HOSTILE}};

	document_title(&d.doc, HOSTILE);
	document_section(&d.doc, HOSTILE);
	document_subsection(&d.doc, HOSTILE, HOSTILE);
	document_line(&d.doc, "%s", HOSTILE);
	document_fold(&d.doc, HOSTILE);
	document_unfold(&d.doc);
	document_command(&d.doc, HOSTILE);
	document_table(&d.doc, column, 2);
	document_group(&d.doc, HOSTILE, HOSTILE, HOSTILE);
	document_row(&d.doc, HOSTILE);
	document_text(&d.doc, HOSTILE, HOSTILE, HOSTILE);
	document_number(&d.doc, HOSTILE, 1, HOSTILE);
	figure_add(&f, HOSTILE, x, x, NULL, NULL, 3);
	document_figure(&d.doc, &f);
	figure_add(&ladder, HOSTILE, x, x, NULL, NULL, 3);
	figure_label(&ladder, HOSTILE);
	figure_mark(&ladder, 0, HOSTILE, true);
	document_figure(&d.doc, &ladder);
}

/* Our own elements alone: each '<' is of one of these. */
static void only_own_elements(const char *html)
{
	static const char own[] = " !doctype html head meta title style body main h1 h2 h3 p a section article div "
				  "table thead tbody tr th td pre code details summary figure figcaption b i svg "
				  "path text g ";

	for (; (html = strchr(html, '<')); html++) {
		const char *name = html + 1 + (html[1] == '/');
		cleanup_free char *word = xasprintf(" %.*s ", (int)strcspn(name, " >\n/"), name);

		if (!strstr(own, word))
			fail_msg("an element of others: %.60s", html);
	}
}

/* Outside of commands, which are taken as they are, nothing begins an element. */
static void no_markup(const char *markdown)
{
	cleanup_free char *copy = xstrdup(markdown);
	char *rest = copy, *line, *at;

	while ((line = strsep(&rest, "\n")))
		for (at = line; strncmp(line, "    ", 4) && (at = strpbrk(at, "<`*")); at++)
			if ((at == line || at[-1] != '\\') && strncmp(at, "**", 2) && (at == line || at[-1] != '*'))
				fail_msg("markup: %.60s", at);
}

static void hostile_names_stay_text(void **state)
{
	(void)state;
	make_hostile();
	render();
	only_own_elements(buf_str(&d.html));
	assert_null(strstr(buf_str(&d.html), "<script"));
	assert_null(strstr(buf_str(&d.html), "-->"));
	/* Only figures' captions and groups are bold. */
	assert_int_equal(count(buf_str(&d.html), "<b>"), 2);
	assert_null(strstr(buf_str(&d.html), "amp;\"|"));
	assert_non_null(strstr(buf_str(&d.html), "data-arm=\"&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;"
						 "&quot;|`*_\\x1b[31m\\xe2\\x80\\xae\\xff\\x0a&lt;/td&gt;"));
	no_control(&d.html);
	no_control(&d.mail);
	no_control(&d.markdown);
	assert_null(strstr(buf_str(&d.mail), "\xe2\x80\xae"));
	assert_null(strchr(buf_str(&d.mail), '\xff'));
	no_markup(buf_str(&d.markdown));
	assert_non_null(strstr(buf_str(&d.markdown), "\\<script\\>alert('1')\\</script\\>\\&amp;\"\\|\\`\\*\\_\\\\x1b\\["));
	assert_non_null(strstr(buf_str(&d.html), "default-src 'none'; style-src 'unsafe-inline'"));
}

static void characters_are_whole(void **state)
{
	static const struct {
		const char *from, *to;
	} text[] = {
		{"gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\xa7", "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\xa7"},
		{"\xc0\xaf", "\\xc0\\xaf"}, {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, {"a\xe2\x82", "a\\xe2\\x82"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, {"\xc2\x85", "\\xc2\\x85"}, {"\x7f\t", "\\x7f\\x09"},
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\\xef\\xbf\\xbe\\xef\\xbf\\xbf"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(text); i++) {
		cleanup_free char *got = visible(text[i].from);

		assert_string_equal(got, text[i].to);
	}
}

static void a_mail_is_72_columns_wide(void **state)
{
	const struct document_column wide[] = {
		{.name = "metric"}, {.name = "a column with quite a long name", .right = true},
		{.name = "another column with a long name", .right = true},
	};
	static char name[200];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	make_hostile();
	document_title(&d.doc, name);
	document_line(&d.doc, "%s %s", name, name);
	document_line(&d.doc, "\xc3\xa4 %s", name);
	document_table(&d.doc, columns, 4);
	add_row("short", 1);
	add_row(name, 1);
	document_table(&d.doc, wide, 3);
	document_row(&d.doc, NULL);
	document_text(&d.doc, "of what", NULL, NULL);
	document_number(&d.doc, "1.50k", 1500, NULL);
	document_number(&d.doc, name, 1, NULL);
	render();
	/* A command's words cannot be broken, and the hostile one is a word. */
	no_line_is_longer(strstr(buf_str(&d.mail), "metric"));
	assert_non_null(strstr(buf_str(&d.mail), "\nshort"));
	assert_non_null(strstr(buf_str(&d.mail), "of what: a column with quite a long name 1.50k"));
}

static void everything_is_bounded(void **state)
{
	enum { MANY = 100000 };
	struct figure f = figure_new(FIGURE_LINES, "many", "points");
	double *x = xcalloc(MANY, sizeof(*x));
	cleanup_free char *text = xcalloc(MANY + 1, 1);
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++)
		x[i] = (double)(i * 7919 % MANY);
	memset(text, '\x01', MANY);
	document_line(&d.doc, "%s", text);
	figure_add(&f, text, x, x, x, x, MANY);
	document_figure(&d.doc, &f);
	document_table(&d.doc, columns, 1);
	document_row(&d.doc, text);
	document_strip(&d.doc, x, MANY, x, MANY, 1, true);
	render();
	assert_true(d.html.len < 70000);
	assert_true(d.mail.len < 4000);
	free(x);
}

/* What can be no place in a drawing has one all the same. */
static void numbers_that_are_none_are_not_drawn(void **state)
{
	static const double x[] = {0, 1, 2}, bad[] = {NAN, INFINITY, -INFINITY}, big[] = {-1e308, 0, 1e308};
	static const enum figure_type type[] = {FIGURE_LINES, FIGURE_HEAT, FIGURE_STEPS, FIGURE_LADDER};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(type); i++) {
		struct figure f = figure_new(type[i], "t", "u");

		figure_add(&f, "bad", x, bad, bad, bad, 3);
		figure_add(&f, "big", x, big, big, big, 3);
		figure_add(&f, "empty", NULL, NULL, NULL, NULL, 0);
		figure_dot(&f, 0, NAN);
		svg_figure(&f, FIGURE_POINTS, &d.html);
		svg_spark(&f, &d.html);
		figure_release(&f);
	}
	document_table(&d.doc, columns, 2);
	document_row(&d.doc, NULL);
	document_number(&d.doc, "-", NAN, NULL);
	document_strip(&d.doc, bad, 3, big, 3, INFINITY, true);
	document_html(&d.doc, &d.html);
	/* As coordinates; the words of a title may say so. */
	for (i = 0; i < d.html.len; i++)
		if (!strncmp(d.html.data + i, " d=\"", 4)) {
			size_t len = strspn(d.html.data + i + 4, "MlhvHVz0123456789.- ");

			assert_int_equal(d.html.data[i + 4 + len], '"');
		}
	assert_null(strstr(buf_str(&d.html), "data-value"));
}

/*
 * ---- Stored results ----
 */

struct made {
	const char *policy, *scenario;
	double rate;
	const char *status;
};

static json_t *metric(const char *name, const char *class, const char *better, double value)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", name, "class", class, "better", better, "unit", "u",
			 "value", (json_int_t)value);
}

static json_t *result_of(const struct made *m, int seed)
{
	json_t *list = json_array();

	json_array_append_new(list, metric("workload.kv.rate", "primary", "higher", m->rate + 3 * seed));
	json_array_append_new(list, metric("psi.memory.some_us", "secondary", "lower", 9e6 / m->rate + seed * seed));
	json_array_append_new(list, metric("refault.anon", "secondary", "none", 7 + seed % 3));
	json_array_append_new(list, metric("vmstat.pgscan", "diagnostic", "none", 17 * m->rate + seed));
	json_array_append_new(list, metric("vmstat.idle", "diagnostic", "none", 0));
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s}, s:{s:[{s:s, s:s, s:s, s:[[i,i],[i,i]]}]}}", "status",
			 seed == SEEDS && m->status ? m->status : "done", "reason",
			 seed == SEEDS && m->status ? "the <reason>" : "", "metrics", list, "state",
			 "lru_gen.enabled", m->policy, "node.0.memory_kib", "4000", "trace", "histograms", "name",
			 "stall.memcg", "scope", "system", "unit", "ns", "buckets", 1023, 30, 65535, 2);
}

static json_t *spec_of(const struct made *m, int seed)
{
	return json_pack("{s:{s:s, s:s}, s:{s:s}, s:{s:s, s:{s:{s:s}}}, s:{s:s, s:{s:{s:s}}}, s:{s:s}, s:s, s:i}", "kernel",
			 "version", "7.3", "package", "p", "guest", "name", "two", "policy", "name", m->policy,
			 "conf", "set", "/sys/kernel/mm/lru_gen/enabled", m->policy, "scenario", "name", m->scenario, "conf", "scenario", "group", "shapes", "engine", "name",
			 "exact", "plan", "seed\nstate lru_gen.enabled /sys/kernel/mm/lru_gen/enabled\n", "seed", seed);
}

static void put_set(struct wire_writer *w, enum wire_phase phase, int seed, uint64_t ms)
{
	uint64_t now = OPEN_NS + ms * MS;
	char text[128];

	wire_put(w, WIRE_PHASE, (uint16_t)phase, now, NULL, 0);
	snprintf(text, sizeof(text), "nr_free_pages %d\npgscan_kswapd %llu\nworkingset_refault_anon %llu\n"
				     "workingset_refault_file %llu\n", 500 - seed,
		 (unsigned long long)(ms * (uint64_t)seed), (unsigned long long)ms, (unsigned long long)(2 * ms));
	wire_put(w, WIRE_TEXT, 0, now, text, (uint32_t)strlen(text));
	wire_put(w, WIRE_TEXT, 1, now, text, (uint32_t)strlen(text));
	wire_put(w, WIRE_TEXT, 2, now, text, (uint32_t)strlen(text));
}

/* For two seconds: free pages stand, kswapd scans seed thousand a second, three thousand come back. */
static void make_records(int seed, struct buf *out)
{
	static const char *const source[] = {"vmstat", "node.vmstat 0", "node.vmstat 1"};
	cleanup_free void *region = calloc(1, REGION);
	struct wire_writer w;
	uint64_t ms;
	size_t i;

	wire_start(&w, region, REGION);
	wire_put(&w, WIRE_PHASE, WIRE_BOOT, 1, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(source); i++)
		wire_put(&w, WIRE_SOURCE, (uint16_t)i, 2, source[i], (uint32_t)strlen(source[i]));
	put_set(&w, WIRE_OPEN, seed, 0);
	for (ms = 100; ms < 2000; ms += 100)
		put_set(&w, WIRE_SAMPLE, seed, ms);
	put_set(&w, WIRE_CLOSE, seed, 2000);
	wire_put(&w, WIRE_END, WIRE_DONE, OPEN_NS + 2100 * MS, NULL, 0);
	buf_add(out, region, REGION);
}

static void store(const struct made *m)
{
	int seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		struct result r = {.spec = spec_of(m, seed), .result = result_of(m, seed), .host = json_object()};
		cleanup_buf struct buf text = {0};
		char id[SHA256_HEX];
		struct err err;

		make_records(seed, &r.records);
		json_canonical(r.spec, &text);
		sha256_buf(buf_str(&text), text.len, id);
		assert_int_equal(store_save(id, &r, true, &err), 0);
		result_release(&r);
	}
}

static void load(struct arms *arms, struct tables *tables)
{
	const struct arms_filter filter = {0};
	const struct table_request ask = {.axis = AXIS_POLICY};
	struct err err = {""};

	assert_int_equal(arms_load(&filter, arms, &err), 0);
	assert_int_equal(tables_make(arms, &ask, tables, &err), 0);
}

static void make_stored(void)
{
	static unsigned int nr;
	cleanup_free char *results = xasprintf("%s/%u", tmp, nr++);

	path_set_results(results);
	store(&(struct made){"lru", "a", 1000, NULL});
	store(&(struct made){"mglru", "a", 1100, "oom"});
	store(&(struct made){"lru", "b", 2000, NULL});
	store(&(struct made){"mglru", "b", 1500, NULL});
}

static void build(const struct arms *arms, const struct tables *tables)
{
	size_t i;

	(void)arms;
	document_summary(&d.doc, tables);
	document_primary(&d.doc, &tables->table[0]);
	document_section(&d.doc, "each");
	for (i = 0; i < tables->table[0].nr_cells; i++)
		document_comparison(&d.doc, &tables->table[0].cell[i].c);
	document_failures(&d.doc);
	document_experiments(&d.doc);
}

/* The median over what is stored, read once more and not by way of an arm. */
static double stored_median(const char *policy, const char *scenario, const char *name)
{
	double x[SEEDS];
	char **ids;
	size_t i, k, n = 0;
	json_t *m;

	assert_int_equal(store_ids(&ids, NULL), 0);
	for (i = 0; ids[i]; i++) {
		struct result r = {0};

		assert_int_equal(store_load(ids[i], &r, NULL), 0);
		if (!strcmp(text_of(json_object_get(r.spec, "policy"), "name"), policy) &&
		    !strcmp(text_of(json_object_get(r.spec, "scenario"), "name"), scenario) &&
		    !strcmp(text_of(r.result, "status"), "done"))
			json_array_foreach(json_object_get(r.result, "metrics"), k, m)
				if (!strcmp(text_of(m, "name"), name))
					x[n++] = (double)json_integer_value(json_object_get(m, "value"));
		result_release(&r);
	}
	store_ids_free(ids);
	return stats_median(x, n);
}

/* The row of a metric from here on, and its number under an arm. */
static double page_value(const char *from, const char *name, const char *arm)
{
	cleanup_free char *row = xasprintf("<tr data-metric=%s>", name), *end = xasprintf(" data-arm=%s>", arm);
	const char *at = strstr(from, row);

	assert_non_null(at);
	at = strstr(at, end);
	assert_non_null(at);
	while (strncmp(at, "data-value=", 11))
		at--;
	return strtod(at + 11, NULL);
}

static void the_page_has_the_numbers_of_the_results(void **state)
{
	static const char *const scenario[] = {"a", "b"}, *const policy[] = {"lru", "mglru"};
	static const char *const name[] = {"workload.kv.rate", "psi.memory.some_us", "refault.anon", "vmstat.pgscan"};
	struct tables tables;
	struct arms arms;
	size_t i, k, m;

	(void)state;
	make_stored();
	load(&arms, &tables);
	build(&arms, &tables);
	/* It needs nothing of them any more. */
	tables_release(&tables);
	arms_release(&arms);
	render();
	for (i = 0; i < 2; i++) {
		cleanup_free char *heading = xasprintf("<h3>%s: mglru against lru</h3>", scenario[i]);
		const char *part = strstr(buf_str(&d.html), heading);

		assert_non_null(part);
		for (k = 0; k < 2; k++)
			for (m = 0; m < ARRAY_SIZE(name); m++)
				assert_true(page_value(part, name[m], policy[k]) ==
					    stored_median(policy[k], scenario[i], name[m]));
	}
	/* One table of all, and one of each, with three classes. */
	assert_int_equal(count(buf_str(&d.html), "data-metric="), 2 + 2 * 4);
	assert_null(strstr(buf_str(&d.html), "vmstat.idle"));
	no_line_is_longer(buf_str(&d.mail));
}

static void links_lead_somewhere(void **state)
{
	struct tables tables;
	struct arms arms;
	const char *at;
	size_t n = 0;

	(void)state;
	make_stored();
	load(&arms, &tables);
	build(&arms, &tables);
	render();
	for (at = buf_str(&d.html); (at = strstr(at, "href=#")); at += 6, n++) {
		cleanup_free char *id = xasprintf(" id=%.*s>", (int)strcspn(at + 6, ">"), at + 6);

		assert_int_equal(count(buf_str(&d.html), id), 1);
	}
	/* Two arms in the table of all and in both tables of each; two scenarios. */
	assert_int_equal(n, 5 * 2 + 2);
	tables_release(&tables);
	arms_release(&arms);
}

static void every_experiment_and_what_failed_is_told(void **state)
{
	struct tables tables;
	struct arms arms;
	char **ids;
	size_t i;

	(void)state;
	make_stored();
	load(&arms, &tables);
	build(&arms, &tables);
	render();
	assert_int_equal(store_ids(&ids, NULL), 0);
	for (i = 0; ids[i]; i++)
		assert_non_null(strstr(strstr(buf_str(&d.html), ">Experiments<"), ids[i]));
	assert_int_equal(i, 4 * SEEDS);
	store_ids_free(ids);
	all_have("1 of 20 experiments ended otherwise than done", "1 of 20 experiments ended otherwise",
		 "1 of 20 experiments ended otherwise");
	all_have("the &lt;reason&gt;", "the <reason>", "the \\<reason\\>");
	all_have("<code>wringer run -k 7.3 -g two -p lru,mglru -s a -n 1-5</code>",
		 "wringer run -k 7.3 -g two -p lru,mglru -s a -n 1-5",
		 "    wringer run -k 7.3 -g two -p lru,mglru -s a -n 1-5\n");
	tables_release(&tables);
	arms_release(&arms);
}

/* Higher is better, by a tenth in one and by a quarter less in the other: 1.1 and 0.75 or nearly. */
static void the_summary_counts_and_means(void **state)
{
	double ratio[2], mean;
	struct tables tables;
	struct arms arms;
	const char *at;
	size_t i;

	(void)state;
	make_stored();
	load(&arms, &tables);
	document_summary(&d.doc, &tables);
	render();
	assert_non_null(strstr(buf_str(&d.html), "<th>mglru<td data-value=1>1<td data-value=1>1<td data-value=0>0"
						 "<td data-value=0>0<td data-value="));
	at = strstr(buf_str(&d.html), "<th>mglru");
	for (i = 0; i < 5; i++)
		at = strstr(at + 1, "data-value=");
	mean = strtod(at + strlen("data-value="), NULL);
	ratio[0] = stored_median("mglru", "a", "workload.kv.rate") / stored_median("lru", "a", "workload.kv.rate");
	ratio[1] = stored_median("mglru", "b", "workload.kv.rate") / stored_median("lru", "b", "workload.kv.rate");
	assert_true(fabs(mean - sqrt(ratio[0] * ratio[1])) < 1e-12);
	assert_non_null(strstr(buf_str(&d.mail), "\nWorst under mglru: workload.kv.rate of b, -24."));
	tables_release(&tables);
	arms_release(&arms);
}

static void one_arm_is_shown_too(void **state)
{
	cleanup_free char *results = xasprintf("%s/one", tmp);
	struct tables tables;
	struct arms arms;

	(void)state;
	path_set_results(results);
	store(&(struct made){"lru", "a", 1000, NULL});
	load(&arms, &tables);
	assert_int_equal(tables.nr, 0);
	document_single(&d.doc, &arms.arm[0]);
	document_experiments(&d.doc);
	render();
	assert_true(page_value(buf_str(&d.html), "workload.kv.rate", "lru") ==
		    stored_median("lru", "a", "workload.kv.rate"));
	assert_non_null(strstr(buf_str(&d.mail), "\nkv.rate "));
	all_have("free memory", "free memory, pages: lru from 497", "**free memory**, pages: lru from 497");
	tables_release(&tables);
	arms_release(&arms);
}

/*
 * ---- Over time ----
 */

static const struct timeline_line *line_named(const struct timeline *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (!strcmp(t->line[i].name, name))
			return &t->line[i];
	return NULL;
}

static void lines_are_medians_over_seeds(void **state)
{
	static const struct timeline_want want[] = {
		{"free", "pages", "vmstat.nr_free_pages", NULL, false, 1},
		{"scan", "pages/s", "vmstat.pgscan_kswapd", NULL, true, 1},
		{"refault", "pages/s", "vmstat.workingset_refault_file", "vmstat.workingset_refault_anon", true, 1},
		{NULL, "KiB", "node.*.nr_free_pages", NULL, false, 4},
		{"none", "", "vmstat.nothing", NULL, false, 1},
	};
	const struct timeline_line *l;
	struct timeline t;
	struct tables tables;
	struct arms arms;
	struct err err = {""};
	size_t i;

	(void)state;
	make_stored();
	load(&arms, &tables);
	assert_int_equal(timeline_load(&arms.arm[0], want, ARRAY_SIZE(want), &t, &err), 0);
	assert_int_equal(t.runs, SEEDS);
	assert_int_equal(t.nr, 5);
	l = line_named(&t, "free");
	assert_int_equal(l->nr, 21);
	assert_true(l->at[0] == 0 && fabs(l->at[20] - 2) < 1e-9);
	for (i = 0; i < l->nr; i++)
		assert_true(l->mid[i] == 497 && l->lo[i] == 495 && l->hi[i] == 499);
	l = line_named(&t, "scan");
	assert_int_equal(l->nr, 20);
	assert_true(fabs(l->at[0] - 0.05) < 1e-9);
	for (i = 0; i < l->nr; i++)
		assert_true(fabs(l->mid[i] - 3000) < 1e-6 && fabs(l->lo[i] - 1000) < 1e-6 &&
			    fabs(l->hi[i] - 5000) < 1e-6);
	assert_true(fabs(line_named(&t, "refault")->mid[7] - 3000) < 1e-6);
	assert_true(line_named(&t, "node.0.nr_free_pages")->mid[0] == 4 * 497);
	assert_non_null(line_named(&t, "node.1.nr_free_pages"));
	assert_null(line_named(&t, "none"));
	timeline_release(&t);
	tables_release(&tables);
	arms_release(&arms);
}

/* Of the damaged arm that is said, and everything else is there. */
static void damaged_records_are_told(void **state)
{
	cleanup_free char *path = NULL;
	struct tables tables;
	struct arms arms;

	(void)state;
	make_stored();
	load(&arms, &tables);
	path = xasprintf("%s/%s/records.zst", path_results(), arms.arm[0].member[0].id);
	assert_int_equal(file_write(path, "no records", 10, NULL), 0);
	document_comparison(&d.doc, &tables.table[0].cell[0].c);
	render();
	assert_non_null(strstr(buf_str(&d.mail), "\nNo counters over time of lru: "));
	assert_non_null(strstr(buf_str(&d.mail), "free memory, pages: mglru from"));
	tables_release(&tables);
	arms_release(&arms);
}

static void a_ladder_has_its_changes(void **state)
{
	double value[] = {100, 101, 99}, less[] = {80, 81, 79};
	char id[3][SHA256_HEX] = {""}, old[] = "6.12", fresh[] = "7.2<", text[] = "x";
	struct history_point point[] = {
		{.kernel = old, .value = value, .id = id, .nr = 3, .median = 100},
		{.kernel = fresh, .value = less, .id = id, .nr = 3, .median = 80.25},
	};
	struct stats_change change = {.at = 1, .p = 0.0001, .before = 100, .after = 80};
	struct history_series series = {.engine = text, .guest = text, .policy = text, .scenario = text,
					.point = point, .nr = 2, .change = &change, .nr_changes = 1, .noise = 1.5};
	char metric_name[] = "workload.kv.rate", unit[] = "op/s";
	struct history_answer a = {.metric = metric_name, .unit = unit, .better = STATS_DIR_HIGHER,
				   .series = &series, .nr = 1};

	(void)state;
	document_history(&d.doc, &a);
	render();
	all_have("7.2&lt;  -20.0 % WORSE from here, p 0.0001", "-20.0 % WORSE from here, p 0.0001",
		 "-20.0 % WORSE from here, p 0.0001");
	assert_non_null(strstr(buf_str(&d.html), "<g class=mb>"));
	assert_true(page_value(buf_str(&d.html), metric_name, "6.12") == 100);
	assert_non_null(strstr(buf_str(&d.html), "data-value=80.25 data-arm=\"7.2&lt;\""));
	/* Every value is there. */
	assert_int_equal(count(strstr(buf_str(&d.html), "<path class=d0"), "h0"), 6);
	no_line_is_longer(buf_str(&d.mail));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(tmp) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove(tmp, NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up_document, tear_down_document)

/* For report.t: results of a few arms, one of them with a name that must stay text. */
static int leave_results(const char *dir)
{
	path_set_results(dir);
	store(&(struct made){"lru", "a", 1000, NULL});
	store(&(struct made){"mglru", "a", 1100, "oom"});
	store(&(struct made){"lru", HOSTILE_LABEL, 2000, NULL});
	store(&(struct made){"mglru", HOSTILE_LABEL, 1500, NULL});
	store(&(struct made){"lru", "alone", 1500, NULL});
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_forms_tell_the_same),
		TEST(what_is_folded_is_not_in_a_mail),
		TEST(hostile_names_stay_text),
		TEST(characters_are_whole),
		TEST(a_mail_is_72_columns_wide),
		TEST(everything_is_bounded),
		TEST(numbers_that_are_none_are_not_drawn),
		TEST(the_page_has_the_numbers_of_the_results),
		TEST(links_lead_somewhere),
		TEST(every_experiment_and_what_failed_is_told),
		TEST(the_summary_counts_and_means),
		TEST(one_arm_is_shown_too),
		TEST(lines_are_medians_over_seeds),
		TEST(damaged_records_are_told),
		TEST(a_ladder_has_its_changes),
	};

	if (argc > 1)
		return leave_results(argv[1]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
