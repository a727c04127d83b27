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

#include "base/buf.h"
#include "workloads/lib/data.h"
#include "workloads/lib/pattern.h"
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
	assert_int_equal(n, 16);
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
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_anon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
