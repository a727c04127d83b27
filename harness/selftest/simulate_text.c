// SPDX-License-Identifier: GPL-2.0-only
/* What came of the simulation, as tables and as JSON. */
#include "report/compare.h"
#include "report/format.h"
#include "selftest/grid.h"
#include "selftest/simulate.h"

/* Where others' power is shown. */
#define OTHERS_SHIFT 2

/* A title, then what its columns mean. */
static void add_title(const char *title, const char *meaning, bool markdown, struct buf *out)
{
	buf_printf(out, markdown ? "\n## %s\n\n" : "\n%s\n", title);
	format_wrap(out, "", "", meaning);
	if (markdown)
		buf_adds(out, "\n");
}

static void add_alarms(const struct simulation *sim, bool markdown, struct buf *out)
{
	cleanup_free char *meaning = xasprintf("Two samples of n of one and the same distribution, "
					       "in percent. p: the exact rank test at p < "
					       "%g, which may be %g. verdict: BETTER or WORSE, for "
					       "which the change must also be %g %% of the "
					       "median. of %d: families of %d such metrics with "
					       "any verdict, p by Holm, which may be %g. "
					       "Others: a change is reported, on one metric.",
					       COMPARE_ALPHA, 100 * COMPARE_ALPHA, 100 * SIM_FLOOR,
					       SIM_FAMILY, SIM_FAMILY, 100 * COMPARE_ALPHA);
	struct grid g;
	size_t i;
	unsigned int k;

	add_title("False alarms", meaning, markdown, out);
	grid_init(&g, 1, "noise n p verdict of_68 LKP LKP_gap mmtests SQUAD");
	for (i = 0; i < ARRAY_SIZE(sim->row); i++) {
		const struct sim_row *row = &sim->row[i];

		grid_add(&g, "%s", noise_name(row->noise));
		grid_add(&g, "%zu", row->n);
		grid_add_tally(&g, &row->found[0][SIM_TEST]);
		grid_add_tally(&g, &row->found[0][SIM_VERDICT]);
		grid_add_tally(&g, &row->any);
		for (k = 0; k < RULE_NR; k++)
			grid_add_tally(&g, &row->found[0][SIM_OTHERS + k]);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_power(const struct simulation *sim, bool markdown, struct buf *out)
{
	static const enum sim_rule ours[] = {SIM_TEST, SIM_VERDICT, SIM_ONE_OF};
	cleanup_free char *meaning =
		xasprintf("b is worse by 1, 2 and 3 standard deviations, each %g %% of the level; "
			  "the share that is found, "
			  "in percent. p1 to p3: the rank test. v1 to v3: the verdict, alone; a "
			  "change of 1 is at its "
			  "floor of %g %%. f1 to f3: the verdict in a family of %d of which the "
			  "others do not differ. "
			  "LKP, gap and mmt (mmtests) at %d standard deviations.",
			  100 * sim->ask.cv, 100 * SIM_FLOOR, SIM_FAMILY, OTHERS_SHIFT);
	struct grid g;
	size_t i, k, s;

	add_title("Power", meaning, markdown, out);
	grid_init(&g, 1, "noise n p1 p2 p3 v1 v2 v3 f1 f2 f3 LKP gap mmt");
	for (i = 0; i < ARRAY_SIZE(sim->row); i++) {
		const struct sim_row *row = &sim->row[i];

		grid_add(&g, "%s", noise_name(row->noise));
		grid_add(&g, "%zu", row->n);
		for (k = 0; k < ARRAY_SIZE(ours); k++)
			for (s = 1; s < SIM_SHIFTS; s++)
				grid_add_tally(&g, &row->found[s][ours[k]]);
		for (k = RULE_LKP; k <= RULE_MMTESTS; k++)
			grid_add_tally(&g, &row->found[OTHERS_SHIFT][SIM_OTHERS + k]);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_same(const struct simulation *sim, bool markdown, struct buf *out)
{
	cleanup_free char *meaning = xasprintf("The verdict SAME, in percent, with margins of 1, 2 "
					       "and 4 standard deviations. s1 to s4: of samples "
					       "that do not differ. w1 to w4: wrongly, of samples "
					       "that differ by exactly the margin, which may "
					       "be %g.",
					       50 * (1 - COMPARE_CONFIDENCE));
	struct grid g;
	size_t i, k;

	add_title("Sameness", meaning, markdown, out);
	grid_init(&g, 1, "noise n s1 s2 s4 w1 w2 w4");
	for (i = 0; i < ARRAY_SIZE(sim->row); i++) {
		const struct sim_row *row = &sim->row[i];

		grid_add(&g, "%s", noise_name(row->noise));
		grid_add(&g, "%zu", row->n);
		for (k = 0; k < SIM_MARGINS; k++)
			grid_add_tally(&g, &row->same[k]);
		for (k = 0; k < SIM_MARGINS; k++)
			grid_add_tally(&g, &row->same_wrong[k]);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_looks(const struct simulation *sim, bool markdown, struct buf *out)
{
	cleanup_free char *meaning =
		xasprintf("Stopping at the first of the looks at n = %zu, %zu, %zu and %zu whose p "
			  "is below its level. alarms: "
			  "where nothing differs, in percent, which may be %g. found1, found2: of "
			  "changes by 1 and 2 "
			  "standard deviations. n0 to n2: how many a side it took on average, for "
			  "no change, 1 and 2.",
			  sim_look[0], sim_look[1], sim_look[2], sim_look[3], 100 * COMPARE_ALPHA);
	struct grid g;
	size_t i, k;

	add_title("Looking several times", meaning, markdown, out);
	grid_init(&g, 2, "noise level alarms found1 found2 n0 n1 n2");
	for (i = 0; i < ARRAY_SIZE(sim->looks); i++) {
		const struct sim_looks_row *row = &sim->looks[i];

		grid_add(&g, "%s", noise_name(row->noise));
		grid_add(&g, "%s", sim_stop_name(row->stop));
		for (k = 0; k < SIM_LOOK_SHIFTS; k++)
			grid_add_tally(&g, &row->found[k]);
		for (k = 0; k < SIM_LOOK_SHIFTS; k++)
			grid_add(&g, "%.1f", row->runs[k]);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_advice(const struct simulation *sim, bool markdown, struct buf *out)
{
	cleanup_free char *meaning = xasprintf("n is what wringer spread advises for a change of "
					       "so many standard deviations to be seen with that "
					       "chance, at p < %g over so many tests; found: how "
					       "often the rank test does, in percent.",
					       COMPARE_ALPHA);
	struct grid g;
	size_t i;

	add_title("Sample sizes that are advised", meaning, markdown, out);
	grid_init(&g, 1, "noise tests change chance n found");
	for (i = 0; i < ARRAY_SIZE(sim->advice); i++) {
		const struct sim_advice *row = &sim->advice[i];

		grid_add(&g, "%s", noise_name(row->noise));
		grid_add(&g, "%zu", row->tests);
		grid_add(&g, "%g", row->change);
		grid_add(&g, "%g", 100 * row->power);
		grid_add(&g, "%zu", row->n);
		grid_add_tally(&g, &row->found);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

/* How far a share may be off by chance, where it is the most. */
static double uncertainty(size_t n)
{
	struct stats_share s = {0, 0, 1};

	stats_share(n / 20, n, 0.95, &s);
	return 50 * (s.hi - s.lo);
}

static void add_head(const struct simulation *sim, struct buf *out)
{
	size_t families = sim->row[0].any.of;
	cleanup_free char *text = xasprintf("Simulated: %zu comparisons in each cell, %zu families "
					    "of %d, noise of %g %% of the level, seed "
					    "%llu. A share near 5 %% is within %.1f of that of "
					    "infinitely many comparisons with a chance "
					    "of 95 %%, of families within %.1f.",
					    sim->ask.trials, families, SIM_FAMILY,
					    100 * sim->ask.cv, (unsigned long long)sim->ask.seed,
					    uncertainty(sim->ask.trials), uncertainty(families));

	format_wrap(out, "", "", text);
}

void sim_text(const struct simulation *sim, bool markdown, struct buf *out)
{
	add_head(sim, out);
	add_alarms(sim, markdown, out);
	add_power(sim, markdown, out);
	add_same(sim, markdown, out);
	add_looks(sim, markdown, out);
	add_advice(sim, markdown, out);
	if (!markdown)
		buf_printf(out, "\nwith more: wringer selftest stats --trials %zu\n",
			   sim->ask.trials * 10);
}

static json_t *numbers_json(const double *x, size_t n)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(out, json_real(x[i]));
	return out;
}

static json_t *row_json(const struct sim_row *row)
{
	static const char *const ours[] = {"p", "verdict", "one_of_family"};
	json_t *out = json_pack("{s:s, s:I, s:o, s:o, s:o}", "noise", noise_name(row->noise), "n",
				(json_int_t)row->n, "any_of_family", tally_json(&row->any), "same",
				tallies_json(row->same, SIM_MARGINS), "same_wrong",
				tallies_json(row->same_wrong, SIM_MARGINS));
	json_t *found = json_object();
	unsigned int k;
	size_t i;

	for (k = 0; k < SIM_RULES; k++) {
		json_t *at = json_array();

		for (i = 0; i < SIM_SHIFTS; i++)
			json_array_append_new(at, tally_json(&row->found[i][k]));
		json_object_set_new(
			found, k < SIM_OTHERS ? ours[k] : rule_name((enum rule)(k - SIM_OTHERS)),
			at);
	}
	json_object_set_new(out, "found", found);
	return out;
}

static json_t *looks_json(const struct sim_looks_row *row)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "noise", noise_name(row->noise), "level",
			 sim_stop_name(row->stop), "levels", numbers_json(row->level, SIM_LOOKS),
			 "found", tallies_json(row->found, SIM_LOOK_SHIFTS), "n",
			 numbers_json(row->runs, SIM_LOOK_SHIFTS));
}

static json_t *advice_json(const struct sim_advice *row)
{
	return json_pack("{s:s, s:I, s:f, s:f, s:I, s:o}", "noise", noise_name(row->noise), "tests",
			 (json_int_t)row->tests, "change", row->change, "power", row->power, "n",
			 (json_int_t)row->n, "found", tally_json(&row->found));
}

json_t *sim_json(const struct simulation *sim)
{
	json_t *rows = json_array(), *looks = json_array(), *advice = json_array();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sim->row); i++)
		json_array_append_new(rows, row_json(&sim->row[i]));
	for (i = 0; i < ARRAY_SIZE(sim->looks); i++)
		json_array_append_new(looks, looks_json(&sim->looks[i]));
	for (i = 0; i < ARRAY_SIZE(sim->advice); i++)
		json_array_append_new(advice, advice_json(&sim->advice[i]));
	return json_pack("{s:I, s:I, s:f, s:f, s:I, s:o, s:o, s:o, s:o, s:o}", "trials",
			 (json_int_t)sim->ask.trials, "seed", (json_int_t)sim->ask.seed, "cv",
			 sim->ask.cv, "floor", SIM_FLOOR, "family", (json_int_t)SIM_FAMILY,
			 "shifts", numbers_json(sim_shift, SIM_SHIFTS), "margins",
			 numbers_json(sim_margin, SIM_MARGINS), "rows", rows, "looks", looks,
			 "advice", advice);
}
