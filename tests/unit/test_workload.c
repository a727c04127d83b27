// SPDX-License-Identifier: GPL-2.0-only
/* Tests of workloads/lib: random numbers, distributions, patterns, descriptors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "workloads/lib/data.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/run.h"
#include "workloads/lib/touch.h"
#include "workloads/lib/workload.h"

static struct wl seeded(uint64_t seed)
{
	struct wl wl = {.seed = seed};
	unsigned int i;

	for (i = 0; i < 4; i++)
		wl.rng[i] = wl_mix(seed + i);
	return wl;
}

/* The first numbers of xoshiro256** from state 1, 2, 3, 4, as its authors' program gives them. */
static void test_random(void **unused)
{
	static const uint64_t want[] = {
		11520u, 0u, 1509978240u, 1215971899390074240u, 1216172134540287360u,
		607988272756665600u, 16172922978634559625u, 8476171486693032832u,
		10595114339597558777u, 2904607092377533576u,
	};
	struct wl wl = {.rng = {1, 2, 3, 4}};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(wl_random(&wl), want[i]);
}

/* Equal seeds give equal numbers, whatever is drawn with them; others do not. */
static void test_random_seeds(void **unused)
{
	struct wl a = seeded(5), b = seeded(5), c = seeded(6);
	unsigned int i, same = 0;

	(void)unused;
	for (i = 0; i < 1000; i++) {
		uint64_t v = wl_random(&a);

		assert_int_equal(wl_random(&b), v);
		same += wl_random(&c) == v;
	}
	assert_int_equal(same, 0);
}

/* splitmix64's first numbers from state 0. */
static void test_mix(void **unused)
{
	(void)unused;
	assert_int_equal(wl_mix(0), 0xe220a8397b1dcdafu);
	assert_int_equal(wl_mix(0x9e3779b97f4a7c15u), 0x6e789e6aa1b965f4u);
}

/* FNV-1a. */
static void test_data_seed(void **unused)
{
	(void)unused;
	assert_int_equal(wl_data_seed(""), 0xcbf29ce484222325u);
	assert_int_equal(wl_data_seed("a"), 0xaf63dc4c8601ec8cu);
	assert_int_equal(wl_data_seed("foobar"), 0x85944171f73967e8u);
}

static void test_below(void **unused)
{
	static const uint64_t limits[] = {1, 2, 3, 7, 1000, 1ull << 32, UINT64_MAX};
	struct wl wl = seeded(1);
	unsigned int count[7] = {0}, i;
	size_t k;

	(void)unused;
	for (k = 0; k < ARRAY_SIZE(limits); k++)
		for (i = 0; i < 10000; i++)
			assert_true(wl_below(&wl, limits[k]) < limits[k]);
	for (i = 0; i < 70000; i++)
		count[wl_below(&wl, 7)]++;
	/* 10000 each; a standard deviation is 93 */
	for (i = 0; i < 7; i++)
		assert_in_range(count[i], 9500, 10500);
}

static void test_chance(void **unused)
{
	struct wl wl = seeded(2);
	unsigned int i, hits = 0;

	(void)unused;
	for (i = 0; i < 1000; i++) {
		assert_false(wl_chance(&wl, 0));
		assert_true(wl_chance(&wl, 1000000));
	}
	for (i = 0; i < 100000; i++)
		hits += wl_chance(&wl, 250000);
	/* a standard deviation is 137 */
	assert_in_range(hits, 24300, 25700);
}

/*
 * ---- Scatter ----
 */

static void check_bijection(uint64_t n, uint64_t salt)
{
	cleanup_free uint8_t *seen = xcalloc(n, 1);
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t at = wl_scatter(i, n, salt);

		assert_true(at < n);
		assert_false(seen[at]);
		seen[at] = 1;
	}
}

static void test_scatter(void **unused)
{
	static const uint64_t sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 64, 65, 255, 256, 257, 1000,
					 4095, 4096, 4097, 24576, 92160};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_bijection(sizes[i], 0);
		check_bijection(sizes[i], 1);
		check_bijection(sizes[i], 0x123456789abcdefu);
	}
}

/* Neighbours do not stay neighbours, nothing stays where it was, and the salt decides. */
static void test_scatter_spreads(void **unused)
{
	unsigned int near = 0, fixed = 0, same = 0, half = 0;
	uint64_t i, n = 4096;

	(void)unused;
	for (i = 0; i + 1 < n; i++) {
		uint64_t a = wl_scatter(i, n, 0), b = wl_scatter(i + 1, n, 0);

		near += a + 1 == b || b + 1 == a;
		fixed += a == i;
		same += a == wl_scatter(i, n, 1);
		half += a / 64 == i % 64;
	}
	/* by chance two and one are to be expected */
	assert_true(near < 20 && fixed < 20 && same < 20);
	/* the other way round neither: one in 64 by chance */
	assert_in_range(half, 20, 150);
	/* the hundred most popular are all over the place: some in each of 8 parts */
	for (i = 0; i < 8; i++) {
		unsigned int hits = 0, rank;

		for (rank = 0; rank < 100; rank++)
			hits += wl_scatter(rank, n, 0) / (n / 8) == i;
		assert_in_range(hits, 1, 35);
	}
}

/*
 * ---- Zipf ----
 */

#define DRAWS 200000
#define RANKS 1000

/* The share of each of the first ranks, and of all but the first hundred, against theory. */
static void check_zipf(uint64_t millionths)
{
	static unsigned int count[RANKS];
	double theta = (double)millionths / 1e6, norm = 0, tail = 0;
	struct wl wl = seeded(millionths);
	struct wl_zipf z;
	unsigned int i, tail_count = 0;

	memset(count, 0, sizeof(count));
	wl_zipf_init(&z, RANKS, millionths);
	for (i = 0; i < DRAWS; i++) {
		uint64_t rank = wl_zipf_next(&z, &wl);

		assert_true(rank < RANKS);
		count[rank]++;
	}
	for (i = 0; i < RANKS; i++) {
		norm += pow(i + 1, -theta);
		tail += i < 100 ? 0 : pow(i + 1, -theta);
		tail_count += i < 100 ? 0 : count[i];
	}
	/* six standard deviations */
	for (i = 0; i < 10; i++) {
		double want = DRAWS * pow(i + 1, -theta) / norm;

		assert_true(fabs(count[i] - want) < 6 * sqrt(want));
	}
	assert_true(fabs(tail_count - DRAWS * tail / norm) < 6 * sqrt(DRAWS * tail / norm));
}

static void test_zipf(void **unused)
{
	static const uint64_t thetas[] = {1, 500000, 990000, 1000000, 1500000, 3000000};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(thetas); i++)
		check_zipf(thetas[i]);
}

static void test_zipf_edges(void **unused)
{
	static const uint64_t sizes[] = {1, 2, 3, 1ull << 28};
	static const uint64_t thetas[] = {1, 999999, 1000000, 1000001, 10000000};
	struct wl wl = seeded(3);
	struct wl_zipf z;
	size_t i, k;
	unsigned int draw;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (k = 0; k < ARRAY_SIZE(thetas); k++) {
			wl_zipf_init(&z, sizes[i], thetas[k]);
			for (draw = 0; draw < 2000; draw++)
				assert_true(wl_zipf_next(&z, &wl) < sizes[i]);
		}
}

/*
 * ---- Patterns ----
 */

static void test_pattern(void **unused)
{
	static uint64_t page[WL_PAGE_SIZE / 8];
	unsigned char *bytes = (unsigned char *)page;

	(void)unused;
	wl_pattern_write(page, 7, 100, 1024);
	assert_true(wl_pattern_ok(page, 7, 100));
	assert_false(wl_pattern_ok(page, 7, 101));
	assert_false(wl_pattern_ok(page, 8, 100));
	bytes[7] ^= 0x80;
	assert_false(wl_pattern_ok(page, 7, 100));
	memset(page, 0, sizeof(page));
	assert_false(wl_pattern_ok(page, 7, 100));
	assert_false(wl_pattern_ok(page, 0, 0));
}

static unsigned int count_noise(const uint64_t *page)
{
	unsigned int i, n = 0;

	for (i = 1; i < WL_PAGE_SIZE / 8; i++)
		n += page[i] != 0x5a5a5a5a5a5a5a5au;
	return n;
}

/* As many bytes of noise as were asked for, all words of it different, none outside the page. */
static void test_pattern_noise(void **unused)
{
	static const unsigned int sizes[] = {0, 7, 8, 64, 1024, 4088};
	uint64_t page[WL_PAGE_SIZE / 8 + 1], other[WL_PAGE_SIZE / 8];
	size_t i, k;

	(void)unused;
	page[WL_PAGE_SIZE / 8] = 42;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		wl_pattern_write(page, 1, i, sizes[i]);
		assert_int_equal(count_noise(page), sizes[i] / 8);
		for (k = 1; k < sizes[i] / 8; k++)
			assert_true(page[k] != page[k - 1]);
		wl_pattern_write(other, 1, i, sizes[i]);
		assert_memory_equal(page, other, WL_PAGE_SIZE);
	}
	assert_int_equal(page[WL_PAGE_SIZE / 8], 42);
}

/*
 * ---- Touches ----
 */

static const struct touch_opts touch_defaults = TOUCH_DEFAULTS;

static struct touch touch_of(struct touch_opts *o, unsigned int pattern, uint64_t pages)
{
	struct touch t;

	o->pattern = pattern;
	touch_init(&t, o, pages);
	return t;
}

/* Whatever the pattern, its options and the size: inside. */
static void test_touch_inside(void **unused)
{
	static const uint64_t sizes[] = {1, 2, 3, 256, 1000, 16384};
	static const uint64_t shares[] = {1, 250000, 500000};
	struct touch_opts o = touch_defaults;
	struct wl wl = seeded(4);
	unsigned int pattern, i;
	size_t size, share;

	(void)unused;
	for (pattern = 0; touch_patterns[pattern]; pattern++)
		for (size = 0; size < ARRAY_SIZE(sizes); size++)
			for (share = 0; share < ARRAY_SIZE(shares); share++) {
				struct touch t = touch_of(&o, pattern, sizes[size]);

				o.spread = o.set = o.hot = shares[share];
				for (i = 0; i < 3000; i++)
					assert_true(touch_page(&t, &wl, i * 1000000ull) <
						    sizes[size]);
			}
	assert_int_equal(pattern, TOUCH_MIX + 1);
}

/* Each page once a round, in the order that the name says. */
static void check_round(unsigned int pattern, uint64_t pages, uint64_t stride, int64_t step)
{
	struct touch_opts o = touch_defaults;
	struct touch t = touch_of(&o, pattern, pages);
	cleanup_free uint8_t *seen = xcalloc(pages, 1);
	struct wl wl = seeded(1);
	uint64_t i, last = 0, steps = 0;

	o.stride = stride;
	for (i = 0; i < 2 * pages; i++) {
		uint64_t page = touch_page(&t, &wl, 0);

		assert_int_equal(seen[page]++, i / pages);
		steps += i && (int64_t)(page - last) == step;
		last = page;
	}
	/* all but where a round, or with a stride its part, ends */
	assert_true(steps + 2 * (stride / 4096) + 1 >= 2 * pages);
}

static void test_touch_rounds(void **unused)
{
	(void)unused;
	check_round(TOUCH_SEQUENTIAL, 1000, 4096, 1);
	check_round(TOUCH_BACKWARD, 1000, 4096, -1);
	check_round(TOUCH_STRIDE, 1000, 4096, 1);
	check_round(TOUCH_STRIDE, 1000, 64 << 10, 16);
	check_round(TOUCH_STRIDE, 1024, 64 << 10, 16);
	check_round(TOUCH_STRIDE, 1009, 28 << 10, 7);
	/* a stride as long as all there is, or longer */
	check_round(TOUCH_STRIDE, 16, 16 * 4096, 0);
	check_round(TOUCH_STRIDE, 16, 100 * 4096, 0);
}

/* No step is longer than the spread, and all lengths and both directions come. */
static void test_touch_walk(void **unused)
{
	struct touch_opts o = touch_defaults;
	struct touch t = touch_of(&o, TOUCH_WALK, 1000);
	unsigned int count[21] = {0}, i;
	struct wl wl = seeded(7);
	uint64_t last = 0;

	(void)unused;
	o.spread = 10000;
	for (i = 0; i < 21000; i++) {
		uint64_t page = touch_page(&t, &wl, 0), step = (page + 1000 - last + 10) % 1000;

		assert_true(step <= 20);
		count[step]++;
		last = page;
	}
	/* 1000 each; a standard deviation is 31 */
	for (i = 0; i < 21; i++)
		assert_in_range(count[i], 850, 1150);
}

/* Mean and deviation around a spot that stays for a phase and is elsewhere in the next. */
static void test_touch_gauss(void **unused)
{
	struct touch_opts o = touch_defaults;
	struct touch t = touch_of(&o, TOUCH_GAUSS, 10000);
	struct wl wl = seeded(8);
	double sum = 0, squares = 0, mean;
	unsigned int i, near = 0, far = 0;
	uint64_t first;

	(void)unused;
	first = touch_page(&t, &wl, 0);
	for (i = 0; i < 20000; i++) {
		/* from the first, the short way round */
		double d = (double)((touch_page(&t, &wl, 499999999) + 15000 - first) % 10000) - 5000;

		sum += d;
		squares += d * d;
	}
	mean = sum / 20000;
	/* the first is one of them */
	assert_true(fabs(mean) < 4 * 500);
	assert_true(fabs(sqrt(squares / 20000 - mean * mean) - 500) < 15);
	for (i = 0; i < 20; i++) {
		uint64_t d = (touch_page(&t, &wl, (i + 1) * 500000000ull) + 15000 - first) % 10000;

		near += d > 4000 && d < 6000;
		far += d < 4000 || d > 6000;
	}
	assert_true(near < 12 && far > 8);
}

/* A phase touches all of its set and nothing else; the next has another set. */
static void test_touch_phases(void **unused)
{
	struct touch_opts o = touch_defaults;
	struct touch t = touch_of(&o, TOUCH_PHASES, 1000);
	static uint8_t seen[20][1000];
	struct wl wl = seeded(9);
	unsigned int phase, i, same, total, moved = 0;

	(void)unused;
	memset(seen, 0, sizeof(seen));
	for (phase = 0; phase < 20; phase++) {
		for (i = 0; i < 10000; i++)
			seen[phase][touch_page(&t, &wl, phase * 500000000ull + i)] = 1;
		for (total = same = i = 0; i < 1000; i++) {
			total += seen[phase][i];
			same += phase && seen[phase][i] && seen[phase - 1][i];
		}
		assert_int_equal(total, 250);
		moved += same < 200;
	}
	assert_true(moved > 15);
}

/* The scan goes on in order under zipf's touches, with the share that was asked for. */
static void test_touch_mix(void **unused)
{
	struct touch_opts o = touch_defaults;
	struct touch t = touch_of(&o, TOUCH_MIX, 100000);
	struct wl wl = seeded(10);
	unsigned int i, scans = 0;

	(void)unused;
	for (i = 0; i < 10000; i++)
		scans += touch_page(&t, &wl, 0) == scans;
	/* 2000; a standard deviation is 40 */
	assert_in_range(scans, 1800, 2200);
	assert_int_equal(t.at, scans);
}

/*
 * ---- Pages ----
 */

static struct wl_page *result;

/* What a check says, which ends the process that makes it. */
static const char *complaint(struct wl_pages *p, uint64_t nr)
{
	pid_t pid;

	memset(result, 0, sizeof(*result));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		wl_pages_read(p, nr);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return result->failed ? result->message : "";
}

static int make_result(void **unused)
{
	int fd = memfd_create("page", 0);

	(void)unused;
	if (fd < 0 || ftruncate(fd, sizeof(*result)))
		return -1;
	result = wl_page_map(fd);
	return result ? 0 : -1;
}

#define NOT_WRITTEN "page 3 does not hold what was written"
#define NOT_LAST    "page 3 does not hold what was written last"

/* Another page, a lost write, and halves of two: all are told. */
static void check_pages(struct wl_pages *p, char *mem)
{
	char *at = mem + 3 * WL_PAGE_SIZE, old[WL_PAGE_SIZE], new[WL_PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < 8; i++)
		wl_pages_write(p, i);
	assert_string_equal(complaint(p, 3), "");
	memcpy(old, at, WL_PAGE_SIZE);
	/* more often than a byte counts */
	for (i = 0; i < 300; i++) {
		wl_pages_write(p, 3);
		wl_pages_read(p, 3);
	}
	memcpy(new, at, WL_PAGE_SIZE);
	memcpy(at, old, WL_PAGE_SIZE);
	assert_string_equal(complaint(p, 3), NOT_LAST);
	memcpy(at, mem + 4 * WL_PAGE_SIZE, WL_PAGE_SIZE);
	assert_string_equal(complaint(p, 3), NOT_WRITTEN);
	memcpy(at, new, WL_PAGE_SIZE / 2);
	assert_string_equal(complaint(p, 3), NOT_LAST);
	memset(at, 0, WL_PAGE_SIZE);
	assert_string_equal(complaint(p, 3), NOT_WRITTEN);
	memcpy(at, new, WL_PAGE_SIZE);
	*(uint64_t *)at ^= 1;
	assert_string_equal(complaint(p, 3), NOT_WRITTEN);
	memcpy(at, new, WL_PAGE_SIZE);
	assert_string_equal(complaint(p, 3), "");
	for (i = 0; i < 8; i++)
		wl_pages_read(p, i);
}

static char *map_shared(int fd)
{
	char *mem = mmap(NULL, 8 * WL_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	assert_true(mem != MAP_FAILED);
	return mem;
}

static void test_pages_memory(void **unused)
{
	char *mem = map_shared(-1);
	struct wl_pages p;

	(void)unused;
	wl_pages_memory(&p, mem, -1, 8, 77, 1024);
	check_pages(&p, mem);
}

static void test_pages_file(void **unused)
{
	cleanup_fd int fd = memfd_create("file", 0);
	struct wl_pages p;

	(void)unused;
	assert_int_equal(ftruncate(fd, 8 * WL_PAGE_SIZE), 0);
	wl_pages_memory(&p, NULL, fd, 8, 77, 4088);
	check_pages(&p, map_shared(fd));
}

/* A data file's page is not this workload's to know until it wrote it. */
static void test_pages_first(void **unused)
{
	cleanup_fd int fd = memfd_create("file", 0);
	struct wl_pages p;
	char *mem;
	unsigned int i;

	(void)unused;
	assert_int_equal(ftruncate(fd, 8 * WL_PAGE_SIZE), 0);
	mem = map_shared(fd);
	wl_pages_memory(&p, mem, -1, 8, 77, 64);
	p.fd = fd;
	for (i = 0; i < 8; i++)
		wl_pattern_write(mem + i * WL_PAGE_SIZE, 77, i, 64);
	assert_string_equal(complaint(&p, 3), "");
	memset(mem + 4 * WL_PAGE_SIZE - 8, 0, 8);
	assert_string_equal(complaint(&p, 3), "");
	wl_pages_write(&p, 3);
	assert_string_equal(complaint(&p, 3), "");
	memset(mem + 4 * WL_PAGE_SIZE - 8, 0, 8);
	assert_string_equal(complaint(&p, 3), NOT_LAST);
}

/*
 * ---- Descriptors ----
 */

/* What every part of the harness takes for granted of a descriptor. */
static void check_descriptor(const struct workload *w)
{
	size_t i;

	assert_ptr_equal(workload_find(w->name), w);
	assert_true(*w->summary && *w->op && w->setup && w->op_run && w->defaults);
	assert_true(w->nr_metrics <= WIRE_METRICS_MAX);
	for (i = 0; i < w->nr_options; i++) {
		const struct conf_key *key = &w->options[i];

		assert_true(*key->name && *key->help);
		assert_true(key->offset < w->opts_size);
		assert_true(!key->choices == (key->type != CONF_CHOICE));
		/* these mean something to every workload */
		assert_true(strcmp(key->name, "type") && strcmp(key->name, "cgroup") &&
			    strcmp(key->name, "seed"));
	}
	for (i = 0; i < w->nr_metrics; i++)
		assert_true(*w->metrics[i].name && *w->metrics[i].unit && *w->metrics[i].help);
}

static void test_descriptors(void **unused)
{
	const struct workload *const *w;
	unsigned int n = 0;

	(void)unused;
	for (w = workloads; *w; w++, n++)
		check_descriptor(*w);
	assert_int_equal(n, 21);
	assert_null(workload_find(""));
	assert_null(workload_find("ano"));
}

static void set_option(struct wl *wl, const char *name, uint64_t value)
{
	size_t i;

	for (i = 0; i < wl->type->nr_options; i++)
		if (!strcmp(wl->type->options[i].name, name))
			break;
	assert_true(i < wl->type->nr_options);
	memcpy((char *)wl->opts + wl->type->options[i].offset, &value, sizeof(value));
}

/* Runs here as it does in a guest: every page once, then touches that find what was written. */
static void test_anon(void **unused)
{
	uint64_t metric[WIRE_METRICS_MAX] = {0};
	struct wl wl = seeded(9);
	unsigned int i;

	(void)unused;
	wl.type = workload_find("anon");
	wl.opts = xcalloc(1, wl.type->opts_size);
	wl.metric = metric;
	memcpy(wl.opts, wl.type->defaults, wl.type->opts_size);
	set_option(&wl, "size", 1 << 20);
	wl.type->setup(&wl);
	for (i = 0; i < 256; i++)
		wl.type->op_run(&wl);
	assert_int_equal(metric[0], 256);
	assert_int_equal(metric[1], 0);
	for (i = 0; i < 5000; i++)
		wl.type->op_run(&wl);
	assert_int_equal(metric[0], 256);
	assert_int_equal(metric[1], 5000);
	free(wl.opts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_seeds),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_data_seed),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_scatter),
		cmocka_unit_test(test_scatter_spreads),
		cmocka_unit_test(test_zipf),
		cmocka_unit_test(test_zipf_edges),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_pattern_noise),
		cmocka_unit_test(test_touch_inside),
		cmocka_unit_test(test_touch_rounds),
		cmocka_unit_test(test_touch_walk),
		cmocka_unit_test(test_touch_gauss),
		cmocka_unit_test(test_touch_phases),
		cmocka_unit_test(test_touch_mix),
		cmocka_unit_test(test_pages_memory),
		cmocka_unit_test(test_pages_file),
		cmocka_unit_test(test_pages_first),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_anon),
	};

	return cmocka_run_group_tests(tests, make_result, NULL);
}
