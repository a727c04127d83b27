// SPDX-License-Identifier: GPL-2.0-only
/* Nights: two hundred of them with known steps, spikes and drifts, and what is told of each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "nightly/internal.h"
#include "nightly/nightly.h"
#include "tests/unit/made.h"

#define NIGHTS 200
/* Bytes, of all results. */
#define ROOM   (1ULL << 30)
#define STEPS  2
#define SPIKES 3

static char *tmp;
static const char *const scenarios[] = {"step", "spike", "drift", "quiet", "loud"};
static const unsigned int step_at[STEPS] = {40, 120};
static const unsigned int spike_at[SPIKES] = {30, 77, 150};

/* Thousands of results of which none is worth keeping. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

static unsigned int night_of(const char *kernel)
{
	return (unsigned int)atoi(strrchr(kernel, '.') + 1);
}

/* Evenly spread in (-1, 1), by what is asked only. */
static double noise_of(const char *kernel, const char *scenario, uint64_t seed)
{
	cleanup_free char *text = xasprintf("%s %s %llu", kernel, scenario, (unsigned long long)seed);
	char hex[SHA256_HEX];

	sha256_buf(text, strlen(text), hex);
	hex[8] = '\0';
	return (double)strtoul(hex, NULL, 16) / 0x80000000u - 1;
}

static double level_of(const char *scenario, unsigned int night)
{
	size_t i;
	double level = 100000;

	for (i = 0; i < STEPS && !strcmp(scenario, "step"); i++)
		if (night >= step_at[i])
			level *= 0.95;
	for (i = 0; i < SPIKES && !strcmp(scenario, "spike"); i++)
		if (night == spike_at[i])
			level *= 0.9;
	return strcmp(scenario, "drift") ? level : level * (1 - 0.0005 * night);
}

static double value_of(const char *policy, const char *kernel, const char *scenario, uint64_t seed)
{
	double noise = strcmp(scenario, "loud") ? 0.01 : 0.05;

	(void)policy;
	return level_of(scenario, night_of(kernel)) * (1 + noise * noise_of(kernel, scenario, seed));
}

static void add_contests(struct suite_plan *plan, const char *cells, const char *base, const char *tonight)
{
	static const size_t looks[] = {6, 8};
	const char *const arms[] = {base, tonight};
	size_t i;

	for (i = 0; base && i < ARRAY_SIZE(scenarios); i++)
		made_contest(plan, cells, AXIS_KERNEL, arms, "mglru", NULL, scenarios[i], looks, ARRAY_SIZE(looks), 6);
}

/* As the suite nightly: against the last good one, the one before, and one that stays. */
static void plan_night(const struct suite *suite, unsigned int night, struct suite_plan *plan)
{
	cleanup_free char *tonight = xasprintf("7.3.%u", night);
	cleanup_free char *good = suite_recall(suite, "last-good"), *before = suite_recall(suite, "last-night");

	*plan = (struct suite_plan){.suite = xstrdup("made"), .alpha = 0.05};
	add_contests(plan, "good", good, tonight);
	add_contests(plan, "night", before, tonight);
	add_contests(plan, "stable", "7.3.0", tonight);
	suite_plan_count(plan);
}

static bool told[ARRAY_SIZE(scenarios)][NIGHTS];

static void take_findings(const struct night *n, unsigned int night)
{
	size_t i, k;

	for (i = 0; i < n->nr; i++)
		for (k = 0; k < ARRAY_SIZE(scenarios); k++) {
			if (n->finding[i].kind != NIGHT_NEW || !strstr(n->finding[i].key, scenarios[k]))
				continue;
			if (told[k][night])
				fail_msg("%s is told twice in night %u", scenarios[k], night);
			told[k][night] = true;
		}
}

static void run_night(const struct suite *suite, unsigned int night)
{
	cleanup_free char *tonight = xasprintf("7.3.%u", night);
	struct night_opts opts = {.run = {.farm = &made_farm, .opts.run.jobs = 2}, .kernel = tonight};
	struct suite_plan plan;
	struct night n;
	struct err err = {""};

	plan_night(suite, night, &plan);
	if (night_run(suite, &plan, &opts, &n, &err))
		fail_msg("night %u: %s", night, err.msg);
	assert_true(n.complete);
	take_findings(&n, night);
	night_release(&n);
	suite_plan_release(&plan);
}

static size_t count_told(size_t scenario, unsigned int from, unsigned int to)
{
	size_t n = 0;

	for (; from <= to && from < NIGHTS; from++)
		n += told[scenario][from];
	return n;
}

static void test_nights(void **state)
{
	struct suite suite = {.name = (char *)"made"};
	unsigned int night;
	size_t i;

	(void)state;
	for (night = 1; night < NIGHTS; night++)
		run_night(&suite, night);
	/* Each step within two nights, and each but once. */
	for (i = 0; i < STEPS; i++)
		assert_int_equal(count_told(0, step_at[i], step_at[i] + 1), 1);
	for (i = 0; i < SPIKES; i++)
		assert_int_equal(count_told(1, spike_at[i], spike_at[i]), 1);
	/* A drift of ten per cent in all is told, and not every night. */
	assert_true(count_told(2, 1, NIGHTS) >= 1);
	assert_true(count_told(2, 1, NIGHTS) <= 5);
	/* What is told of these is chance: of 0.05 a night, halved and more by fresh seeds. */
	assert_true(count_told(0, 1, NIGHTS) <= STEPS + 2);
	assert_true(count_told(1, 1, NIGHTS) <= SPIKES + 2);
	assert_true(count_told(3, 1, NIGHTS) <= 2);
	assert_true(count_told(4, 1, NIGHTS) <= 2);
	/* No spike is told again when it is over. */
	for (i = 0; i < SPIKES; i++)
		assert_int_equal(count_told(1, spike_at[i] + 1, spike_at[i] + 5), 0);
}

static int new_results(void **state)
{
	static unsigned int nr;
	cleanup_free char *dir = xasprintf("%s/%u", tmp, nr++);

	(void)state;
	path_set_results(dir);
	return 0;
}

/* A chance finding: bad luck of the suite's own seeds only. */
static double unlucky(const char *policy, const char *kernel, const char *scenario, uint64_t seed)
{
	(void)policy;
	return 1e5 * (1 + 0.001 * noise_of(kernel, scenario, seed)) * (night_of(kernel) && seed <= 8 ? 0.9 : 1);
}

static void test_gone(void **state)
{
	struct suite suite = {.name = (char *)"made"};
	struct night_opts opts = {.run = {.farm = &made_farm, .opts.run.jobs = 2}, .kernel = "7.3.1"};
	struct suite_plan plan;
	struct night n;
	struct err err = {""};
	cleanup_free char *good = NULL;

	(void)state;
	made_value = unlucky;
	plan = (struct suite_plan){.suite = xstrdup("made"), .alpha = 0.05};
	add_contests(&plan, "good", "7.3.0", "7.3.1");
	suite_plan_count(&plan);
	assert_int_equal(night_run(&suite, &plan, &opts, &n, &err), 0);
	assert_int_equal(n.count[NIGHT_GONE], ARRAY_SIZE(scenarios));
	assert_int_equal(n.count[NIGHT_NEW], 0);
	assert_true(n.finding[0].tried);
	assert_true(n.good);
	good = suite_recall(&suite, "last-good");
	assert_string_equal(good, "7.3.1");
	night_release(&n);
	suite_plan_release(&plan);
	made_value = value_of;
}

/* One arm of two made-up experiments. */
static void make_arm(struct arm *arm, int kswapd, int direct)
{
	struct member *m = xcalloc(4, sizeof(*m));
	int i;

	for (i = 0; i < 4; i++)
		m[i] = (struct member){.status = STATUS_DONE, .seed = (uint64_t)i, .r.result = json_pack(
			"{s:[{s:s, s:i}, {s:s, s:i}]}", "metrics", "name", "reclaim.scan.kswapd", "value",
			kswapd + i, "name", "reclaim.scan.direct", "value", direct - i)};
	*arm = (struct arm){.member = m, .nr = 4};
}

static void free_arm(struct arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		json_decref(arm->member[i].r.result);
	free(arm->member);
}

static bool moved(int kswapd, int direct, const char *metric)
{
	struct comparison_row row = {.name = (char *)metric, .better = STATS_DIR_LOWER, .base = 1000};
	struct arm base, other;
	bool answer;

	make_arm(&base, 9000, 1000);
	make_arm(&other, kswapd, direct);
	assert_int_equal(night_moved(&base, &other, &row, &answer), 0);
	free_arm(&base);
	free_arm(&other);
	return answer;
}

static void test_moved(void **state)
{
	(void)state;
	assert_true(moved(7000, 3000, "reclaim.scan.direct"));
	assert_false(moved(9000, 3000, "reclaim.scan.direct"));
	/* One that is of no kind of reclaim. */
	assert_false(moved(7000, 3000, "workload.kv.rate"));
}

/* Memory, when there is enough, rather than a disk that others are busy with. */
static bool is_roomy(const char *dir)
{
	struct statvfs fs;

	return !statvfs(dir, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize > ROOM;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nights, new_results),
		cmocka_unit_test_setup(test_gone, new_results),
		cmocka_unit_test(test_moved),
	};
	int ret;

	made_value = value_of;
	tmp = xasprintf("%s/wringer-test-nightly-XXXXXX", is_roomy("/dev/shm") ? "/dev/shm" : "/tmp");
	if (!mkdtemp(tmp))
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(tmp, NULL);
	free(tmp);
	return ret;
}
