// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/trace: formats, pages of the ring buffer, and what is made of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/decisions.h"
#include "trace/episode.h"
#include "trace/summary.h"
#include "trace/tally.h"
#include "trace/trace.h"

#define MS 1000000ull

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define INT(name, at)  "\tfield:int " name ";\toffset:" at ";\tsize:4;\tsigned:1;\n"
#define LONG(name, at) "\tfield:unsigned long " name ";\toffset:" at ";\tsize:8;\tsigned:0;\n"

#define HEADER_PAGE                                                                                \
	"header_page\n\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"                    \
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"                                \
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"                                 \
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n"

enum { ID_BEGIN = 10, ID_END, ID_MBEGIN, ID_MEND, ID_WAKE, ID_SLEEP, ID_ISOLATE, ID_SHRINK,
       ID_THROTTLED, ID_VICTIM, ID_DIRTY, ID_WAKEUP, ID_INSERTION };

static const char *const formats[] = {
	HEADER_PAGE,
	"header_event\n# compressed entry header\n",
	"vmscan/mm_vmscan_direct_reclaim_begin\nname: x\nID: 10\n" COMMON INT("order", "8")
		LONG("gfp_flags", "16") "\nprint fmt: \"order=%d\", REC->order\n",
	"vmscan/mm_vmscan_direct_reclaim_end\nname: x\nID: 11\n" COMMON LONG("nr_reclaimed", "8"),
	"vmscan/mm_vmscan_memcg_reclaim_begin\nname: x\nID: 12\n" COMMON INT("order", "8"),
	"vmscan/mm_vmscan_memcg_reclaim_end\nname: x\nID: 13\n" COMMON LONG("nr_reclaimed", "8"),
	"vmscan/mm_vmscan_kswapd_wake\nname: x\nID: 14\n" COMMON INT("nid", "8"),
	"vmscan/mm_vmscan_kswapd_sleep\nname: x\nID: 15\n" COMMON INT("nid", "8"),
	"vmscan/mm_vmscan_lru_isolate\nname: x\nID: 16\n" COMMON LONG("nr_requested", "8")
		LONG("nr_scanned", "16") LONG("nr_skipped", "24") LONG("nr_taken", "32")
			INT("lru", "40"),
	"vmscan/mm_vmscan_lru_shrink_inactive\nname: x\nID: 17\n" COMMON INT("nid", "8")
		LONG("nr_scanned", "16") LONG("nr_reclaimed", "24"),
	"vmscan/mm_vmscan_throttled\nname: x\nID: 18\n" COMMON INT("nid", "8")
		INT("usec_timeout", "12") INT("usec_delayed", "16") INT("reason", "20"),
	"oom/mark_victim\nname: x\nID: 19\n" COMMON INT("pid", "8")
		"\tfield:__data_loc char[] comm;\toffset:12;\tsize:4;\tsigned:1;\n",
	"writeback/balance_dirty_pages\nname: x\nID: 20\n" COMMON
		"\tfield:char bdi[32];\toffset:8;\tsize:32;\tsigned:1;\n"
		"\tfield:long pause;\toffset:40;\tsize:8;\tsigned:1;\n",
	"vmscan/mm_vmscan_wakeup_kswapd\nname: x\nID: 21\n" COMMON INT("nid", "8") INT("order", "12"),
	"pagemap/mm_lru_insertion\nname: x\nID: 22\n" COMMON
		"\tfield:struct folio * folio;\toffset:8;\tsize:8;\tsigned:0;\n" LONG("pfn", "16")
			INT("lru", "24"),
};

/* A page that is being written, as the kernel writes it. */
struct page {
	uint8_t bytes[4096];
	size_t used;
	uint64_t time;
};

static void put(struct page *p, const void *data, size_t len)
{
	uint64_t commit;

	assert_true(16 + p->used + len <= sizeof(p->bytes));
	memcpy(p->bytes + 16 + p->used, data, len);
	p->used += len;
	commit = p->used;
	memcpy(p->bytes + 8, &commit, sizeof(commit));
}

static void put_word(struct page *p, uint32_t word)
{
	put(p, &word, sizeof(word));
}

static void new_page(struct page *p, uint64_t time)
{
	memset(p, 0, sizeof(*p));
	p->time = time;
	memcpy(p->bytes, &time, sizeof(time));
}

/* Event data: type, pid, and what is given. */
struct data {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	union {
		int32_t i[28];
		uint64_t u[14];
	};
};

/* An event at an absolute time, with a time extend in front where it is far off. */
static void put_event(struct page *p, uint64_t time, uint16_t type, int32_t pid, const void *fields,
		      size_t len)
{
	uint64_t delta = time - p->time;
	struct data d = {.type = type, .pid = pid};

	memcpy(d.i, fields, len);
	len += 8;
	if (delta >> 27) {
		put_word(p, (uint32_t)(delta & ((1u << 27) - 1)) << 5 | 30);
		put_word(p, (uint32_t)(delta >> 27));
		delta = 0;
	}
	if (len <= 28 * 4) {
		put_word(p, (uint32_t)delta << 5 | (uint32_t)((len + 3) / 4));
	} else {
		put_word(p, (uint32_t)delta << 5);
		put_word(p, (uint32_t)len + 4);
	}
	put(p, &d, (len + 3) & ~(size_t)3);
	p->time = time;
}

static void put_int(struct page *p, uint64_t time, uint16_t type, int32_t pid, int32_t v)
{
	put_event(p, time, type, pid, &v, sizeof(v));
}

static void put_long(struct page *p, uint64_t time, uint16_t type, int32_t pid, uint64_t v)
{
	put_event(p, time, type, pid, &v, sizeof(v));
}

/* A stream with all formats, and what is loaded of it. */
struct fixture {
	uint8_t *region;
	struct wire_writer w;
	struct records rec;
	struct trace t;
};

#define REGION (1u << 20)

static void begin(struct fixture *f)
{
	size_t i;

	f->region = calloc(1, REGION);
	wire_start(&f->w, f->region, REGION);
	for (i = 0; i < ARRAY_SIZE(formats); i++)
		wire_put(&f->w, WIRE_FORMAT, 0, 0, formats[i], (uint32_t)strlen(formats[i]));
}

static void add_cpu_page(struct fixture *f, unsigned int cpu, const struct page *p, size_t len)
{
	wire_put(&f->w, WIRE_TRACE, (uint16_t)cpu, 0, p->bytes, (uint32_t)len);
}

static void add_page(struct fixture *f, unsigned int cpu, const struct page *p)
{
	add_cpu_page(f, cpu, p, 16 + p->used);
}

static void add_text(struct fixture *f, enum wire_type type, unsigned int id, const char *text)
{
	wire_put(&f->w, type, (uint16_t)id, 0, text, (uint32_t)strlen(text));
}

/* In a heap block of just its size, so that a step outside is seen. */
static void load(struct fixture *f)
{
	size_t len = sizeof(struct wire_header) + ((struct wire_header *)f->region)->used;

	f->region = realloc(f->region, len);
	assert_int_equal(records_parse(&f->rec, f->region, len), 0);
	assert_false(f->rec.damaged);
	assert_int_equal(trace_load(&f->t, &f->rec), 0);
}

static void end(struct fixture *f)
{
	trace_release(&f->t);
	records_release(&f->rec);
	free(f->region);
}

/* Every event as "TIME CPU PID NAME FIELDS;". */
static void list(const struct trace *t, struct buf *out)
{
	struct trace_iter *it = calloc(1, sizeof(*it));
	struct trace_event e;

	trace_begin(it, t);
	while (trace_next(it, &e)) {
		buf_printf(out, "%llu %u %d %s", (unsigned long long)e.time_ns, e.cpu, e.pid,
			   e.format->name);
		trace_print_fields(&e, out);
		buf_adds(out, ";");
	}
	free(it);
}

static void expect_list(struct fixture *f, const char *want)
{
	cleanup_buf struct buf out = {0};

	list(&f->t, &out);
	assert_string_equal(buf_str(&out), want);
}

static void test_format(void **unused)
{
	struct trace_format f;
	static const char text[] =
		"sys/name\nname: name\nID: 77\n" COMMON
		"\tfield:__data_loc char[] comm;\toffset:8;\tsize:4;\tsigned:1;\n"
		"\tfield:char bdi[32];\toffset:12;\tsize:32;\tsigned:1;\n"
		"\tfield:struct list_head * head;\toffset:48;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long pages[3];\toffset:56;\tsize:24;\tsigned:0;\n"
		"\tfield:bool sync;\toffset:80;\tsize:1;\tsigned:0;\n"
		"\nprint fmt: \"field:int fake;\toffset:0;\tsize:4;\", REC->x\n"
		"\tfield:int late;\toffset:0;\tsize:4;\tsigned:1;\n";

	(void)unused;
	assert_int_equal(trace_parse_format(&f, (struct text){text, strlen(text)}), 0);
	assert_string_equal(f.system, "sys");
	assert_string_equal(f.name, "name");
	assert_int_equal(f.id, 77);
	assert_int_equal(f.nr_fields, 9);
	assert_string_equal(f.field[3].name, "common_pid");
	assert_true(f.field[3].is_signed);
	assert_string_equal(f.field[4].name, "comm");
	assert_true(f.field[4].loc);
	assert_int_equal(f.field[4].kind, TRACE_TEXT);
	assert_string_equal(f.field[5].name, "bdi");
	assert_int_equal(f.field[5].kind, TRACE_TEXT);
	assert_int_equal(f.field[5].size, 32);
	assert_string_equal(f.field[6].name, "head");
	assert_int_equal(f.field[6].kind, TRACE_NUMBER);
	assert_string_equal(f.field[7].name, "pages");
	assert_int_equal(f.field[7].kind, TRACE_BYTES);
	assert_int_equal(f.field[8].size, 1);
	free(f.field);
}

static void test_bad_formats(void **unused)
{
	static const char *const bad[] = {
		"", "name\nID: 3\n", "a/b", "a/b\nID: 0\n", "a/b\nID: 65536\n", "a/b\nID: -1\n",
		"a b/c\nID: 3\n", "/b\nID: 3\n", "a/\nID: 3\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b\nID: 3\n",
	};
	struct trace_format f;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(trace_parse_format(&f, (struct text){bad[i], strlen(bad[i])}),
				 -EBADMSG);
		assert_null(f.field);
	}
}

static void test_events(void **unused)
{
	static const int32_t victim[6] = {7, 5 << 16 | 24, 0, 0, 'b' | 'a' << 8 | 'd' << 16 | '"' << 24, 0};
	char bdi[40] = "8:0";
	struct fixture f = {0};
	struct page p;

	(void)unused;
	begin(&f);
	new_page(&p, 1000);
	put_int(&p, 1500, ID_BEGIN, 42, 3);
	/* Padding of a discarded event, then one that is no event of ours, both with their time. */
	put_word(&p, 100 << 5 | 29);
	put_word(&p, 8);
	put_word(&p, 0);
	p.time += 100;
	put_int(&p, 1700, 999, 42, 3);
	put_long(&p, 1000 + (5ull << 30), ID_END, 42, 32);
	put_event(&p, 1001 + (5ull << 30), ID_VICTIM, -1, victim, sizeof(victim));
	memcpy(bdi + 32, &(int64_t){-4}, 8);
	put_event(&p, 1002 + (5ull << 30), ID_DIRTY, 9, bdi, sizeof(bdi));
	add_page(&f, 0, &p);
	load(&f);
	expect_list(&f, "1500 0 42 mm_vmscan_direct_reclaim_begin order=3 gfp_flags=?;"
			"5368710120 0 42 mm_vmscan_direct_reclaim_end nr_reclaimed=32;"
			"5368710121 0 -1 mark_victim pid=7 comm=bad\";"
			"5368710122 0 9 balance_dirty_pages bdi=8:0 pause=-4;");
	assert_int_equal(f.t.lost, 0);
	end(&f);
}

/* More than 28 words of data, a stamp instead of a delta, and padding to the page's end. */
static void test_long_events(void **unused)
{
	struct fixture f = {0};
	struct page p;

	(void)unused;
	begin(&f);
	new_page(&p, 1ull << 59 | 77);
	put_word(&p, 5000u << 5 | 31);
	put_word(&p, 1);
	/* 120 bytes; the kernel's limit for the short form is 112. */
	put_word(&p, 3 << 5);
	put_word(&p, 8 + 104 + 8 + 4);
	put(&p, &(struct data){.type = ID_BEGIN, .pid = 8, .i = {9}}, 8 + 104 + 8);
	put_word(&p, 29);
	put_word(&p, 0xffffffff);
	add_page(&f, 0, &p);
	load(&f);
	expect_list(&f, "576460752437646219 0 8 mm_vmscan_direct_reclaim_begin order=9 gfp_flags=0;");
	end(&f);
}

static void test_merge(void **unused)
{
	struct fixture f = {0};
	struct page a, b, late;

	(void)unused;
	begin(&f);
	new_page(&a, 100);
	put_int(&a, 110, ID_WAKE, 1, 0);
	put_int(&a, 300, ID_WAKE, 1, 0);
	new_page(&b, 100);
	put_int(&b, 105, ID_WAKE, 2, 1);
	put_int(&b, 200, ID_WAKE, 2, 1);
	/* A time that goes back is held where it was. */
	new_page(&late, 50);
	put_int(&late, 60, ID_SLEEP, 2, 1);
	add_page(&f, 3, &b);
	add_page(&f, 0, &a);
	add_page(&f, 3, &late);
	load(&f);
	assert_int_equal(f.t.nr_cpus, 4);
	expect_list(&f, "105 3 2 mm_vmscan_kswapd_wake nid=1;110 0 1 mm_vmscan_kswapd_wake nid=0;"
			"200 3 2 mm_vmscan_kswapd_wake nid=1;200 3 2 mm_vmscan_kswapd_sleep nid=1;"
			"300 0 1 mm_vmscan_kswapd_wake nid=0;");
	end(&f);
}

/* Wherever a page is cut, what is whole comes out and nothing else. */
static void test_truncated(void **unused)
{
	size_t len;

	(void)unused;
	for (len = 0; len < 16 + 3 * 16 + 4; len++) {
		cleanup_buf struct buf out = {0};
		struct fixture f = {0};
		struct page p;
		size_t n, found = 0;

		begin(&f);
		new_page(&p, 0);
		for (n = 1; n <= 3; n++)
			put_int(&p, n, ID_WAKE, 1, 0);
		add_cpu_page(&f, 0, &p, len);
		load(&f);
		list(&f.t, &out);
		for (n = 0; n < out.len; n++)
			found += out.data[n] == ';';
		assert_int_equal(found, len < 16 ? 0 : (len - 16) / 16);
		end(&f);
	}
}

/* An event whose length goes beyond what there is, in the short form and in the long one. */
static void test_hostile_lengths(void **unused)
{
	unsigned int words;

	(void)unused;
	for (words = 1; words <= 28; words++) {
		struct data d = {.type = ID_BEGIN, .pid = 8};
		struct fixture f = {0};
		struct page p;

		begin(&f);
		new_page(&p, 0);
		put_int(&p, 5, ID_WAKE, 1, 0);
		if (words & 1) {
			put_word(&p, 0);
			put_word(&p, 4 + 8 + 4 * words);
		} else {
			put_word(&p, 2 + words);
		}
		put(&p, &d, 8 + 4 * (words - 1));
		add_page(&f, 0, &p);
		load(&f);
		expect_list(&f, "5 0 1 mm_vmscan_kswapd_wake nid=0;");
		end(&f);
	}
}

/* A commit beyond the page, lengths beyond the commit, and pages that are no pages. */
static void test_hostile_pages(void **unused)
{
	static const uint32_t words[] = {28, 0, 1, 2, 3, 4, 29, 30, 31, 1 << 5 | 29, UINT32_MAX};
	uint64_t huge = (1u << 27) - 1;
	size_t i, k;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		for (k = 0; k < ARRAY_SIZE(words); k++) {
			struct fixture f = {0};
			struct page p;

			begin(&f);
			new_page(&p, 0);
			put_int(&p, 5, ID_WAKE, 1, 0);
			put_word(&p, words[i]);
			put_word(&p, words[k]);
			memcpy(p.bytes + 8, &huge, sizeof(huge));
			add_page(&f, 0, &p);
			load(&f);
			expect_list(&f, "5 0 1 mm_vmscan_kswapd_wake nid=0;");
			end(&f);
		}
}

static void test_lost(void **unused)
{
	struct fixture f = {0};
	uint64_t commit, lost = 77;
	struct page p;

	(void)unused;
	begin(&f);
	new_page(&p, 0);
	put_int(&p, 5, ID_WAKE, 1, 0);
	commit = p.used | 3ull << 30;
	put(&p, &lost, sizeof(lost));
	memcpy(p.bytes + 8, &commit, sizeof(commit));
	add_page(&f, 0, &p);
	load(&f);
	/* The count behind the last event is none itself. */
	expect_list(&f, "5 0 1 mm_vmscan_kswapd_wake nid=0;");
	assert_int_equal(f.t.lost, 77);
	end(&f);

	begin(&f);
	add_page(&f, 0, &p);
	add_text(&f, WIRE_LOST, 0, "entries: 1\noverrun: 200\ncommit overrun: 30\nbytes: 9\n"
				   "oldest event ts: 1.5\nnow ts: 2.5\ndropped events: 4000\n"
				   "read events: 5\n");
	add_text(&f, WIRE_LOST, 1, "overrun: 10000");
	load(&f);
	assert_int_equal(f.t.lost, 14231);
	end(&f);
}

static const struct trace_hist *find_hist(const struct trace_summary *s, const char *name,
					  const char *scope)
{
	size_t i;

	for (i = 0; i < s->nr_hists; i++)
		if (!strcmp(s->hist[i].name, name) && !strcmp(s->hist[i].scope, scope))
			return &s->hist[i];
	return NULL;
}

static void expect_hist(const struct trace_summary *s, const char *name, const char *scope,
			uint64_t count, uint64_t sum, uint64_t max)
{
	const struct trace_hist *h = find_hist(s, name, scope);
	uint64_t n = 0;
	size_t i;

	if (!h)
		fail_msg("there is no %s %s", name, scope);
	for (i = 0; i < WIRE_BUCKETS; i++)
		n += h->bucket[i];
	assert_int_equal(n, count);
	assert_int_equal(h->count, count);
	assert_int_equal(h->sum, sum);
	assert_int_equal(h->max, max);
	assert_true(h->open || h->bucket[wire_bucket(max)] > 0);
}

/* Episodes that had not ended at the window's end: neither counted nor in a bucket. */
static void expect_open(const struct trace_summary *s, const char *name, const char *scope,
			uint64_t open)
{
	const struct trace_hist *h = find_hist(s, name, scope);

	assert_non_null(h);
	assert_int_equal(h->open, open);
}

static void expect_count(const struct trace_summary *s, const char *name, const char *scope,
			 uint64_t value)
{
	size_t i;

	for (i = 0; i < s->nr_counts; i++)
		if (!strcmp(s->count[i].name, name) && !strcmp(s->count[i].scope, scope)) {
			assert_int_equal(s->count[i].value, value);
			return;
		}
	if (value)
		fail_msg("there is no %s %s", name, scope);
}

static void put_isolate(struct page *p, uint64_t time, int32_t pid, uint64_t scanned, int32_t lru)
{
	uint64_t v[5] = {4096, scanned, 1, scanned / 2, 0};

	memcpy(&v[4], &lru, sizeof(lru));
	put_event(p, time, ID_ISOLATE, pid, v, 36);
}

static void put_shrink(struct page *p, uint64_t time, int32_t pid, int32_t nid, uint64_t got)
{
	uint64_t v[3] = {(uint32_t)nid, 64, got};

	put_event(p, time, ID_SHRINK, pid, v, sizeof(v));
}

/* Tasks 42 and 43 are of cgroup app, 50 is kswapd0, 1 is the agent, which writes memory.reclaim. */
static void add_story(struct fixture *f)
{
	static const int32_t throttled[4] = {1, 100000, 4000, 1 << 2}, wakeup[2] = {1, 3},
			     victim[2] = {43, 0};
	char bdi[40] = "8:0";
	struct page p;

	new_page(&p, 0);
	put_int(&p, 1 * MS, ID_BEGIN, 42, 2);
	put_isolate(&p, 2 * MS, 42, 32, 2);
	put_shrink(&p, 3 * MS, 42, 1, 20);
	put_long(&p, 11 * MS, ID_END, 42, 20);
	put_long(&p, 12 * MS, ID_END, 42, 999);
	put_int(&p, 12 * MS, ID_MBEGIN, 43, 0);
	put_isolate(&p, 13 * MS, 43, 64, 0);
	put_isolate(&p, 13 * MS, 43, 1000, 1);
	put_long(&p, 14 * MS, ID_MEND, 43, 8);
	put_int(&p, 15 * MS, ID_WAKE, 50, 0);
	put_shrink(&p, 16 * MS, 50, 0, 30);
	put_int(&p, 20 * MS, ID_WAKE, 50, 0);
	put_int(&p, 25 * MS, ID_SLEEP, 50, 0);
	put_int(&p, 26 * MS, ID_MBEGIN, 1, 0);
	put_isolate(&p, 27 * MS, 1, 16, 2);
	put_long(&p, 28 * MS, ID_MEND, 1, 5);
	put_event(&p, 30 * MS, ID_THROTTLED, 42, throttled, sizeof(throttled));
	put_event(&p, 31 * MS, ID_WAKEUP, 42, wakeup, sizeof(wakeup));
	put_event(&p, 32 * MS, ID_VICTIM, 42, victim, sizeof(victim));
	memcpy(bdi + 32, &(int64_t){8}, 8);
	put_event(&p, 33 * MS, ID_DIRTY, 43, bdi, sizeof(bdi));
	/* An end without a beginning, and a beginning without an end. */
	put_long(&p, 34 * MS, ID_MEND, 42, 1);
	put_int(&p, 35 * MS, ID_BEGIN, 42, 0);
	put_int(&p, 60 * MS, ID_WAKE, 50, 0);
	add_page(f, 0, &p);
	add_text(f, WIRE_SOURCE, 0, "threads app");
	add_text(f, WIRE_SOURCE, 1, "saved_cmdlines");
	add_text(f, WIRE_SOURCE, 2, "memory.current app");
	add_text(f, WIRE_SOURCE, 3, "zoneinfo");
	wire_put(&f->w, WIRE_PHASE, WIRE_OPEN, 10 * MS, NULL, 0);
	add_text(f, WIRE_TEXT, 0, "42\n43\n");
	add_text(f, WIRE_TEXT, 2, "4096\n");
	add_text(f, WIRE_TEXT, 3,
		 "Node 0, zone   DMA32\n  pages free     123\n        boost    0\n        min      4\n"
		 "        low      5\n        high     6\n    cpu: 0\n              count: 9\n"
		 "              high:  99\nNode 0, zone   Normal\n  pages free     0\n");
	wire_put(&f->w, WIRE_PHASE, WIRE_CLOSE, 50 * MS, NULL, 0);
	add_text(f, WIRE_TEXT, 1, "42 work\"er\n50 kswapd0\n1 init\n");
	load(f);
}

static void test_summary(void **unused)
{
	struct trace_summary s;
	struct fixture f = {0};
	size_t i;

	(void)unused;
	begin(&f);
	add_story(&f);
	assert_int_equal(trace_summarise(&f.rec, 10 * MS, 50 * MS, &s, NULL), 0);
	assert_true(s.present);
	assert_int_equal(s.lost, 0);
	/* Of the 23, three came before the window, one after it. */
	assert_int_equal(s.events, 19);
	/* 10 ms, of them one in the window; and 15 ms of one that goes on. */
	expect_hist(&s, "stall.direct", "system", 1, 16 * MS, 15 * MS);
	expect_hist(&s, "stall.direct", "order.2", 1, 1 * MS, 10 * MS);
	expect_hist(&s, "stall.direct", "order.0", 0, 15 * MS, 15 * MS);
	expect_hist(&s, "stall.direct", "cgroup.app", 1, 16 * MS, 15 * MS);
	expect_open(&s, "stall.direct", "system", 1);
	expect_open(&s, "stall.memcg", "system", 0);
	expect_hist(&s, "stall.memcg", "system", 1, 2 * MS, 2 * MS);
	expect_hist(&s, "stall.memcg", "cgroup.app", 1, 2 * MS, 2 * MS);
	expect_hist(&s, "proactive.run", "system", 1, 2 * MS, 2 * MS);
	expect_hist(&s, "kswapd.run", "node.0", 1, 10 * MS, 10 * MS);
	expect_hist(&s, "kswapd.sleep", "node.0", 0, 25 * MS, 25 * MS);
	expect_open(&s, "kswapd.sleep", "node.0", 1);
	expect_hist(&s, "stall.throttled", "system", 1, 4 * MS, 4 * MS);
	expect_hist(&s, "stall.throttled", "reason.noprogress", 1, 4 * MS, 4 * MS);
	expect_hist(&s, "stall.throttled", "node.1", 1, 4 * MS, 4 * MS);
	expect_hist(&s, "writeback.throttle", "cgroup.app", 1, 8 * MS, 8 * MS);
	expect_hist(&s, "reclaim.got", "system", 3, 33, 20);
	expect_hist(&s, "reclaim.got.direct", "system", 1, 20, 20);
	expect_hist(&s, "reclaim.got.proactive", "system", 1, 5, 5);
	expect_count(&s, "scan.memcg", "system", 64);
	expect_count(&s, "taken.memcg", "system", 32);
	expect_count(&s, "isolate.scanned", "system", 1080);
	expect_count(&s, "scan.proactive", "system", 16);
	expect_count(&s, "scan.direct", "system", 0);
	expect_count(&s, "scan.kswapd", "node.0", 64);
	expect_count(&s, "reclaimed.kswapd", "node.0", 30);
	expect_count(&s, "wakeup_kswapd", "order.3", 1);
	expect_count(&s, "oom.kill", "system", 1);
	expect_count(&s, "trace.event.vmscan.mm_vmscan_direct_reclaim_end", "system", 2);
	for (i = 1; i < s.nr_hists; i++)
		assert_true(strcmp(s.hist[i - 1].name, s.hist[i].name) < 0 ||
			    (!strcmp(s.hist[i - 1].name, s.hist[i].name) &&
			     strcmp(s.hist[i - 1].scope, s.hist[i].scope) < 0));
	trace_summary_release(&s);
	/* The whole run: what began before the window, and the sleep that ended after it. */
	trace_summarise(&f.rec, 0, UINT64_MAX, &s, NULL);
	assert_int_equal(s.events, 23);
	expect_count(&s, "scan.direct", "system", 32);
	expect_count(&s, "reclaimed.direct", "node.1", 20);
	expect_hist(&s, "kswapd.sleep", "node.0", 1, 35 * MS, 35 * MS);
	trace_summary_release(&s);
	end(&f);
}

struct tallied {
	char text[8192];
	size_t events;
};

static void take_tally(void *ctx, size_t point, const char *name, uint64_t value)
{
	struct tallied *t = ctx;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%zu %s %llu\n", point, name,
		 (unsigned long long)value);
}

static void take_event(void *ctx, const char *event)
{
	struct tallied *t = ctx;

	assert_true(*event);
	t->events++;
}

static void expect_tally(const struct tallied *t, const char *line, bool there)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s\n", line);
	if (!strstr(t->text, whole) != !there)
		fail_msg("%s is %sthere:\n%s", line, there ? "not " : "", t->text);
}

static void test_tally(void **unused)
{
	static const uint64_t at[] = {10 * MS, 13 * MS, 14 * MS + 1, 100 * MS};
	struct tallied *t = calloc(1, sizeof(*t));
	struct fixture f = {0};

	(void)unused;
	begin(&f);
	add_story(&f);
	assert_int_equal(trace_tally(&f.rec, at, ARRAY_SIZE(at), take_tally, take_event, t), 0);
	assert_int_equal(t->events, ARRAY_SIZE(formats) - 2);
	expect_tally(t, "0 trace.mm_vmscan_direct_reclaim_begin 1", true);
	expect_tally(t, "0 trace.cgroup.app.mm_vmscan_direct_reclaim_begin 1", true);
	expect_tally(t, "0 trace.node.1.mm_vmscan_lru_shrink_inactive 1", true);
	/* What had not ended by then, and then has; one end that has no beginning is an event only. */
	expect_tally(t, "0 trace.reclaim.direct.episodes 1", false);
	expect_tally(t, "1 trace.reclaim.direct.episodes 1", true);
	expect_tally(t, "1 trace.cgroup.app.reclaim.direct.pages 20", true);
	expect_tally(t, "1 trace.reclaim.direct.ns 10000000", true);
	expect_tally(t, "1 trace.mm_vmscan_direct_reclaim_end 2", true);
	/* An event at the point itself is behind it. */
	expect_tally(t, "1 trace.mm_vmscan_lru_isolate 1", true);
	expect_tally(t, "2 trace.cgroup.app.reclaim.memcg.pages 8", true);
	expect_tally(t, "2 trace.reclaim.memcg.ns 2000000", true);
	expect_tally(t, "3 trace.node.0.reclaim.kswapd.ns 10000000", true);
	expect_tally(t, "3 trace.reclaim.proactive.pages 5", true);
	free(t);
	end(&f);
}

static void test_nothing(void **unused)
{
	struct trace_summary s;
	struct records rec = {0};
	struct trace t;

	(void)unused;
	assert_int_equal(trace_load(&t, &rec), -ENODATA);
	assert_int_equal(trace_summarise(&rec, 0, UINT64_MAX, &s, NULL), 0);
	assert_false(s.present);
	assert_int_equal(s.nr_hists + s.nr_counts, 0);
	trace_summary_release(&s);
}

static const char *text_of(const json_t *e, const char *key)
{
	const char *s = json_string_value(json_object_get(e, key));

	return s ? s : "";
}

/* The n-th event of that name. */
static json_t *find_event(json_t *events, const char *name, size_t n)
{
	json_t *e;
	size_t i;

	json_array_foreach(events, i, e)
		if (!strcmp(text_of(e, "name"), name) && !n--)
			return e;
	fail_msg("there is no %s", name);
	return NULL;
}

static double number_of(const json_t *e, const char *key)
{
	return json_number_value(json_object_get(e, key));
}

static void test_timeline(void **unused)
{
	cleanup_buf struct buf out = {0};
	struct fixture f = {0};
	json_t *root, *events, *e;

	(void)unused;
	begin(&f);
	add_story(&f);
	trace_timeline(&f.t, &f.rec, &out);
	root = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	events = json_object_get(root, "traceEvents");
	e = find_event(events, "direct reclaim", 0);
	assert_string_equal(text_of(e, "ph"), "X");
	assert_true(number_of(e, "ts") == 1000 && number_of(e, "dur") == 10000);
	assert_true(number_of(e, "pid") == 1000 && number_of(e, "tid") == 42);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(e, "args"), "pages")),
			 20);
	e = find_event(events, "kswapd awake", 0);
	assert_true(number_of(e, "pid") == 100 && number_of(e, "dur") == 10000);
	e = find_event(events, "memcg reclaim", 1);
	assert_string_equal(text_of(json_object_get(e, "args"), "context"), "proactive");
	assert_true(number_of(e, "pid") == 2);
	e = find_event(events, "throttled", 0);
	assert_true(number_of(e, "ts") == 26000 && number_of(e, "dur") == 4000);
	e = find_event(events, "OOM kill", 0);
	assert_string_equal(text_of(e, "ph"), "i");
	assert_true(number_of(e, "tid") == 43);
	e = find_event(events, "memory.current", 0);
	assert_true(number_of(json_object_get(e, "args"), "bytes") == 4096);
	e = find_event(events, "zone DMA32", 0);
	assert_true(number_of(json_object_get(e, "args"), "free") == 123);
	assert_true(number_of(json_object_get(e, "args"), "high") == 6);
	e = find_event(events, "thread_name", 1);
	assert_string_equal(text_of(json_object_get(e, "args"), "name"), "work?er");
	json_decref(root);
	end(&f);
}

/* Ticks are coarse: what is inside another slice must not begin before it, nor in the one before. */
static void test_throttled_for_part_of_a_tick(void **unused)
{
	static const int32_t throttled[4] = {1, 100000, 8000, 1 << 2};
	cleanup_buf struct buf out = {0};
	struct fixture f = {0};
	json_t *root, *events, *e;
	struct page p;

	(void)unused;
	begin(&f);
	new_page(&p, 0);
	put_int(&p, 28 * MS, ID_BEGIN, 42, 0);
	put_event(&p, 30 * MS, ID_THROTTLED, 42, throttled, sizeof(throttled));
	put_event(&p, 33 * MS, ID_THROTTLED, 42, throttled, sizeof(throttled));
	put_long(&p, 34 * MS, ID_END, 42, 1);
	put_event(&p, 50 * MS, ID_THROTTLED, 42, throttled, sizeof(throttled));
	add_page(&f, 0, &p);
	load(&f);
	trace_timeline(&f.t, &f.rec, &out);
	root = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	events = json_object_get(root, "traceEvents");
	e = find_event(events, "throttled", 0);
	assert_true(number_of(e, "ts") == 28000 && number_of(e, "dur") == 2000);
	e = find_event(events, "throttled", 1);
	assert_true(number_of(e, "ts") == 30000 && number_of(e, "dur") == 3000);
	e = find_event(events, "throttled", 2);
	assert_true(number_of(e, "ts") == 42000 && number_of(e, "dur") == 8000);
	json_decref(root);
	end(&f);
}

/* The parts that trace-cmd.dat.v6(5) names, in their places. */
static void test_dat(void **unused)
{
	cleanup_buf struct buf out = {0};
	struct fixture f = {0};
	uint64_t at, size;
	const char *fly;
	struct page p;

	(void)unused;
	begin(&f);
	new_page(&p, 1000);
	put_int(&p, 1500, ID_WAKE, 42, 3);
	add_page(&f, 1, &p);
	load(&f);
	assert_int_equal(trace_dat(&f.t, &f.rec, &out), 0);
	assert_memory_equal(out.data, "\x17\x08\x44tracing6\0\0\x08\0\x10\0\0header_page\0", 30);
	fly = memmem(out.data, out.len, "flyrecord", 10);
	assert_non_null(fly);
	memcpy(&at, fly + 10, 8);
	memcpy(&size, fly + 18, 8);
	assert_int_equal(size, 0);
	memcpy(&at, fly + 26, 8);
	memcpy(&size, fly + 34, 8);
	assert_int_equal(size, 4096);
	assert_int_equal(at % 4096, 0);
	assert_int_equal(at + size, out.len);
	assert_memory_equal(out.data + at, p.bytes, 4096);
	end(&f);
}

static void test_dat_without_header(void **unused)
{
	static uint8_t region[4096];
	cleanup_buf struct buf out = {0};
	struct wire_writer w;
	struct records rec;
	struct trace t;

	(void)unused;
	wire_start(&w, region, sizeof(region));
	wire_put(&w, WIRE_LOST, 0, 0, "x", 1);
	assert_int_equal(records_parse(&rec, region, sizeof(region)), 0);
	assert_int_equal(trace_load(&t, &rec), 0);
	assert_int_equal(trace_dat(&t, &rec, &out), -ENODATA);
	trace_release(&t);
	records_release(&rec);
}

/* Insertions of pages at 1, 2, 3 ms ...; 0 ends them. */
static void load_insertions(struct fixture *f, const uint64_t *pfn, uint64_t late)
{
	struct page p;
	uint64_t i;

	begin(f);
	new_page(&p, MS);
	for (i = 0; pfn[i]; i++) {
		uint64_t fields[3] = {0xffff0000 + 64 * pfn[i], pfn[i], 2};

		put_event(&p, (i + 1) * MS + (i == 2 ? late : 0), ID_INSERTION, 1, fields,
			  sizeof(fields));
	}
	add_page(f, 0, &p);
	load(f);
}

static void compare_insertions(const uint64_t *a, const uint64_t *b, uint64_t late,
			       struct decisions *out)
{
	struct fixture x = {0}, y = {0};
	struct err err = {""};

	load_insertions(&x, a, 0);
	load_insertions(&y, b, late);
	assert_int_equal(decisions_compare(&x.rec, &y.rec, out, &err), 0);
	end(&x);
	end(&y);
}

static void test_decisions_same(void **unused)
{
	static const uint64_t a[] = {100, 101, 100, 0}, moved[] = {500, 777, 500, 0};
	struct decisions d;

	(void)unused;
	compare_insertions(a, a, 0, &d);
	assert_false(d.differ);
	assert_false(d.renamed);
	assert_int_equal(d.nr, 3);
	/* The frames are others, and come again in the same order. */
	compare_insertions(a, moved, 0, &d);
	assert_false(d.differ);
	assert_true(d.renamed);
	assert_int_equal(d.nr, 3);
}

static void test_decisions_differ(void **unused)
{
	static const uint64_t a[] = {100, 101, 100, 0}, other[] = {500, 777, 777, 0},
			      less[] = {100, 101, 0};
	struct decisions d;

	(void)unused;
	compare_insertions(a, other, 0, &d);
	assert_true(d.differ);
	assert_int_equal(d.nr, 2);
	assert_int_equal(d.side[0].time_ns, 3 * MS);
	assert_string_equal(d.side[0].text, "pagemap:mm_lru_insertion page=1 lru=2");
	assert_string_equal(d.side[1].text, "pagemap:mm_lru_insertion page=2 lru=2");
	compare_insertions(a, less, 0, &d);
	assert_true(d.differ);
	assert_int_equal(d.nr, 2);
	assert_string_equal(d.side[1].text, "");
	/* The same, at another time. */
	compare_insertions(a, a, 5, &d);
	assert_true(d.differ);
	assert_int_equal(d.nr, 2);
	assert_int_equal(d.side[1].time_ns, 3 * MS + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions_same),
		cmocka_unit_test(test_decisions_differ),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_bad_formats),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_long_events),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_hostile_pages),
		cmocka_unit_test(test_hostile_lengths),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_timeline),
		cmocka_unit_test(test_throttled_for_part_of_a_tick),
		cmocka_unit_test(test_dat),
		cmocka_unit_test(test_dat_without_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
