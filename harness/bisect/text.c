// SPDX-License-Identifier: GPL-2.0-only
/* A search as a mail, as a log, and as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisect/bisect.h"
#include "report/format.h"

/* Points that were not measured are told where they are at least so likely. */
#define WORTH_TELLING 0.005

#define NAME_WIDTH 24

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {"open", "found", "unconfirmed", "unsure", "refused"};

	return names[outcome];
}

static const char *asked(const json_t *ask, const char *key)
{
	return json_string_value(json_object_get(ask, key));
}

static void add_option(struct buf *out, const char *option, const char *value)
{
	if (!value)
		return;
	buf_printf(out, " %s ", option);
	buf_add_shell(out, value);
}

static void add_list(struct buf *out, const char *option, const json_t *list, bool each)
{
	cleanup_buf struct buf words = {0};
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		if (each)
			add_option(out, option, json_string_value(item));
		buf_printf(&words, "%s%s", i ? "," : "", json_string_value(item));
	}
	if (!each && words.len)
		add_option(out, option, buf_str(&words));
}

/* "1-64,70" */
static void add_seeds(struct buf *out, const json_t *list)
{
	json_int_t from = 0, last = 0, seed;
	cleanup_buf struct buf words = {0};
	json_t *item;
	size_t i, n = json_array_size(list);

	for (i = 0; i <= n; i++) {
		item = json_array_get(list, i);
		seed = json_integer_value(item);
		if (i && i < n && seed == last + 1) {
			last = seed;
			continue;
		}
		if (i)
			buf_printf(&words, "%s%lld", words.len ? "," : "", (long long)from);
		if (i && last != from)
			buf_printf(&words, "-%lld", (long long)last);
		from = last = seed;
	}
	add_option(out, "-n", buf_str(&words));
}

static void add_rest(const json_t *ask, struct buf *out)
{
	json_t *rel = json_object_get(ask, "min_rel");

	add_list(out, "--allow", json_object_get(ask, "allow"), false);
	if (json_is_number(rel))
		buf_printf(out, " --change %g", 100 * json_number_value(rel));
	if (json_integer_value(json_object_get(ask, "limit")))
		buf_printf(out, " --limit %lld",
			   (long long)json_integer_value(json_object_get(ask, "limit")));
	add_seeds(out, json_object_get(ask, "seeds"));
}

void bisect_command(const json_t *ask, struct buf *out)
{
	buf_adds(out, "wringer bisect");
	add_list(out, "-k", json_object_get(ask, "kernels"), false);
	add_option(out, "--tree", asked(ask, "tree"));
	add_option(out, "--series", asked(ask, "series"));
	add_option(out, "--base", asked(ask, "base"));
	add_option(out, "--build", asked(ask, "build"));
	add_list(out, "--config", json_object_get(ask, "config"), false);
	add_option(out, "--toolchain", asked(ask, "toolchain"));
	add_list(out, "--path", json_object_get(ask, "paths"), true);
	if (json_is_true(json_object_get(ask, "first_parent")))
		buf_adds(out, " --first-parent");
	if (json_is_true(json_object_get(ask, "every")))
		buf_adds(out, " --every");
	add_option(out, "--good", asked(ask, "good"));
	add_option(out, "--bad", asked(ask, "bad"));
	add_option(out, "-s", asked(ask, "scenario"));
	add_option(out, "-p", asked(ask, "policy"));
	add_option(out, "-g", asked(ask, "guest"));
	add_option(out, "-e", asked(ask, "engine"));
	add_option(out, "-m", asked(ask, "metric"));
	add_list(out, "--status", json_object_get(ask, "fail"), false);
	add_rest(ask, out);
}

/* A commit by its first digits; other names as they are. */
static const char *short_name(const struct bisect *b, size_t k, char out[64])
{
	bool hash = b->line.kind[0] == 'c' && strlen(b->line.point[k].name) >= 40;

	snprintf(out, 64, "%.*s", hash ? 12 : 63, b->line.point[k].name);
	return out;
}

static void add_question(const struct bisect *b, struct buf *out)
{
	cleanup_buf struct buf words = {0}, head = {0};
	json_t *fail = json_object_get(b->ask, "fail"), *item;
	size_t i;

	buf_printf(&head, "%s, policy %s", asked(b->ask, "scenario"), asked(b->ask, "policy"));
	if (asked(b->ask, "guest"))
		buf_printf(&head, ", guest %s", asked(b->ask, "guest"));
	if (asked(b->ask, "engine"))
		buf_printf(&head, ", engine %s", asked(b->ask, "engine"));
	buf_printf(out, "bisect %s\n", b->id);
	format_wrap(out, "of:     ", "        ", buf_str(&head));
	if (b->measure.metric) {
		buf_printf(out, "asked:  %s%s\n", b->measure.metric,
			   b->hunt.q.better == STATS_DIR_LOWER  ? ", lower is better" :
			   b->hunt.q.better == STATS_DIR_HIGHER ? ", higher is better" : "");
		return;
	}
	json_array_foreach(fail, i, item)
		buf_printf(&words, "%s%s", i ? ", " : "", json_string_value(item));
	buf_printf(out, "asked:  whether %s%s\n",
		   words.len ? "it ends as " : "it meets what the scenario expects", buf_str(&words));
}

static void add_ends(const struct bisect *b, struct buf *out)
{
	const struct ends *e = &b->hunt.ends;
	char good[64], bad[64];

	short_name(b, hunt_good(&b->hunt), good);
	short_name(b, hunt_bad(&b->hunt), bad);
	buf_printf(out, "line:   %zu %s, ", b->line.nr, b->line.kind);
	buf_printf(out, b->hunt.new_is_bad ? "%s good, %s bad\n" : "%s bad, %s good\n",
		   b->hunt.new_is_bad ? good : bad, b->hunt.new_is_bad ? bad : good);
	if (b->hunt.differ)
		buf_printf(out, "ends:   differ, n = %zu and %zu, p = %.2g\n", e->nr_good, e->nr_bad,
			   e->p);
	if (b->line.note)
		format_wrap(out, "note:   ", "        ", b->line.note);
}

/* What was seen at a point: the share that fails, or median and range. */
static void value_columns(const struct bisect *b, size_t k, char *out, size_t size)
{
	double *x = xcalloc(b->hunt.nr + 1, sizeof(*x)), sum = 0;
	size_t i, n = hunt_values(&b->hunt, k, 0, x);
	struct stats_summary s;
	char mid[16], lo[16], hi[16];

	*out = '\0';
	if (n && b->hunt.q.model == MODEL_RATE) {
		for (i = 0; i < n; i++)
			sum += x[i];
		snprintf(out, size, "%.0f of %zu", sum, n);
	} else if (n && !stats_summarise(x, n, &s)) {
		format_si(s.median, mid, sizeof(mid));
		format_si(s.min, lo, sizeof(lo));
		format_si(s.max, hi, sizeof(hi));
		snprintf(out, size, "%s [%s,%s]", mid, lo, hi);
	}
	free(x);
}

static const char *mark_of(const struct bisect *b, size_t k)
{
	if (b->skipped[k])
		return "cannot be tested";
	if (k == hunt_good(&b->hunt))
		return "good end";
	return k == hunt_bad(&b->hunt) ? "bad end" : "";
}

static void add_row(const struct bisect *b, size_t k, struct buf *out)
{
	char name[64], value[64], chance[16] = "-";
	size_t values, n = hunt_count(&b->hunt, k, &values);

	short_name(b, k, name);
	value_columns(b, k, value, sizeof(value));
	if (k && b->hunt.differ)
		snprintf(chance, sizeof(chance), "%.1f", 100 * b->hunt.p[k]);
	format_column(out, 0, name, NAME_WIDTH);
	buf_printf(out, " %5zu %20s %6s  %s\n", n, n ? value : "-", chance, mark_of(b, k));
}

static bool is_told(const struct bisect *b, size_t k)
{
	size_t values;

	return hunt_count(&b->hunt, k, &values) || b->skipped[k] || !k || k + 1 == b->line.nr ||
	       (b->hunt.differ && b->hunt.p[k] >= WORTH_TELLING);
}

static void add_table(const struct bisect *b, struct buf *out)
{
	size_t k, other = 0;

	buf_printf(out, "\n%-*s %5s %20s %6s\n", NAME_WIDTH, "", "seeds",
		   b->measure.metric ? "median [range]" : "fail", "P %");
	for (k = 0; k < b->line.nr; k++) {
		if (is_told(b, k))
			add_row(b, k, out);
		else
			other++;
	}
	if (other)
		buf_printf(out, "(and %zu more, not measured, each below %.1f %%)\n", other,
			   100 * WORTH_TELLING);
	buf_adds(out, "\n");
	for (k = 0; k < b->line.nr; k++) {
		cleanup_free char *why = NULL;
		char name[64];

		if (!b->skipped[k])
			continue;
		why = xasprintf("%s cannot be tested: %s", short_name(b, k, name), b->skipped[k]);
		format_wrap(out, "", "  ", why);
	}
}

static void add_names(const struct bisect *b, const bool *in, struct buf *out)
{
	size_t k, n = 0;
	char name[64];

	for (k = 1; k < b->line.nr; k++)
		if (in[k])
			buf_printf(out, "%s%s", n++ ? ", " : "", short_name(b, k, name));
}

static size_t count_in(const struct bisect *b, const bool *in)
{
	size_t k, n = 0;

	for (k = 1; k < b->line.nr; k++)
		n += in[k];
	return n;
}

static size_t first_in(const struct bisect *b, const bool *in)
{
	size_t k = 1;

	while (k < b->line.nr && !in[k])
		k++;
	return k;
}

static void add_found(const struct bisect *b, struct buf *out)
{
	const char *side = b->hunt.new_is_bad ? "bad" : "good", *other = b->hunt.new_is_bad ? "good" : "bad";
	bool one = count_in(b, b->hunt.found) == 1;
	size_t k = first_in(b, b->hunt.found);
	cleanup_buf struct buf names = {0};
	char before[64];

	add_names(b, b->hunt.found, &names);
	if (!one)
		buf_adds(&names, " cannot be told apart: one of these");
	if (b->hunt.before < b->line.nr)
		buf_printf(&names, " is the first %s, %s is the last %s", side,
			   short_name(b, b->hunt.before, before), other);
	buf_printf(&names, " (%.1f %%)", 100 * b->hunt.sure);
	format_wrap(out, "found:  ", "        ", buf_str(&names));
	if (one && k < b->line.nr && b->line.point[k].title[0])
		format_wrap(out, "        ", "        ", b->line.point[k].title);
}

static void add_confirmed(const struct bisect *b, struct buf *out)
{
	const struct ends *c = &b->hunt.confirmed;
	cleanup_buf struct buf text = {0};

	if (b->measure.metric) {
		char good[16], bad[16];

		format_si(c->good, good, sizeof(good));
		format_si(c->bad, bad, sizeof(bad));
		buf_printf(&text, "with fresh seeds: medians %s (good, n = %zu) and %s (bad, n = %zu), "
			   "p = %.2g", good, c->nr_good, bad, c->nr_bad, c->p);
	} else {
		buf_printf(&text, "with fresh seeds: %.0f of %zu fail on the good side, %.0f of %zu on the "
			   "bad one, p = %.2g", c->good * (double)c->nr_good, c->nr_good,
			   c->bad * (double)c->nr_bad, c->nr_bad, c->p);
	}
	format_wrap(out, "sure:   ", "        ", buf_str(&text));
}

static void add_credible(const struct bisect *b, struct buf *out)
{
	bool *in = xcalloc(b->line.nr, sizeof(*in));
	double mass = model_credible(b->hunt.p, b->line.nr, HUNT_CREDIBLE, in);
	cleanup_buf struct buf names = {0};

	add_names(b, in, &names);
	buf_printf(&names, " (%.1f %%)", 100 * mass);
	format_wrap(out, "90 % set: ", "        ", buf_str(&names));
	free(in);
}

static void add_answer(const struct bisect *b, struct buf *out)
{
	const struct hunt *h = &b->hunt;

	if (h->outcome == HUNT_FOUND || h->outcome == HUNT_UNCONFIRMED || h->fresh_from != SIZE_MAX)
		add_found(b, out);
	if (h->outcome == HUNT_FOUND)
		add_confirmed(b, out);
	if (h->outcome == HUNT_UNCONFIRMED)
		format_wrap(out, "not sure: ", "        ", h->why);
	if (h->outcome == HUNT_UNSURE)
		format_wrap(out, "not found: ", "        ", h->why);
	if (h->outcome == HUNT_REFUSED)
		format_wrap(out, "refused: ", "        ", h->why);
	else if (h->differ)
		add_credible(b, out);
	if (h->outcome == HUNT_OPEN)
		buf_printf(out, "not done yet: wringer bisect resume %s\n", b->id);
}

static size_t count_kernels(const struct bisect *b)
{
	size_t k, values, n = 0;

	for (k = 0; k < b->line.nr; k++)
		n += hunt_count(&b->hunt, k, &values) > 0;
	return n;
}

void bisect_text(const struct bisect *b, struct buf *out)
{
	cleanup_buf struct buf command = {0};

	add_question(b, out);
	add_ends(b, out);
	if (b->hunt.nr)
		add_table(b, out);
	add_answer(b, out);
	buf_printf(out, "cost:   %zu kernels, %zu experiments, %zu of them run for this, %.1f minutes\n",
		   count_kernels(b), b->hunt.nr, b->ran, b->seconds / 60);
	bisect_command(b->ask, &command);
	format_command(out, "again:  ", "        ", buf_str(&command));
}

/* --- the journal --- */

static void log_entry(const struct bisect *b, const char *key, const json_t *what, struct buf *out)
{
	const char *why = asked(what, "why");
	json_t *point = json_object_get(what, "point"), *value = json_object_get(what, "value");
	size_t k = (size_t)json_integer_value(point);
	char name[64] = "";

	if (json_is_integer(point) && k < b->line.nr)
		short_name(b, k, name);
	if (!strcmp(key, "step"))
		buf_printf(out, "%-8s %s: %lld seeds\n", asked(what, "phase"), name,
			   (long long)json_integer_value(json_object_get(what, "seeds")));
	else if (!strcmp(key, "try") && value)
		buf_printf(out, "         %.12s seed %lld %s %.10g\n", asked(what, "id"),
			   (long long)json_integer_value(json_object_get(what, "seed")),
			   asked(what, "status"), json_number_value(value));
	else if (!strcmp(key, "try"))
		buf_printf(out, "         %.12s seed %lld no value: %s\n", asked(what, "id"),
			   (long long)json_integer_value(json_object_get(what, "seed")), why ? why : "?");
	else if (!strcmp(key, "skip"))
		buf_printf(out, "skip     %s: %s\n", name, why ? why : "?");
	else if (!strcmp(key, "refuse"))
		buf_printf(out, "refuse   %s\n", why ? why : "?");
	else if (!strcmp(key, "kernel"))
		buf_printf(out, "kernel   %s is %s\n", name, asked(what, "name"));
	else if (!strcmp(key, "end"))
		buf_printf(out, "         %.1f s\n", json_number_value(json_object_get(what, "seconds")));
	else if (!strcmp(key, "undo"))
		buf_adds(out, "undo     the last step\n");
}

void bisect_log(const struct bisect *b, struct buf *out)
{
	json_t *entry, *what;
	const char *key;
	size_t i;

	add_question(b, out);
	add_ends(b, out);
	json_array_foreach(b->journal.all, i, entry)
		json_object_foreach(entry, key, what)
			log_entry(b, key, what, out);
}

/* --- JSON --- */

static json_t *ends_json(const struct ends *e)
{
	return json_pack("{s:f, s:f, s:I, s:I, s:f}", "good", e->good, "bad", e->bad, "n_good",
			 (json_int_t)e->nr_good, "n_bad", (json_int_t)e->nr_bad, "p", e->p);
}

static json_t *point_json(const struct bisect *b, size_t k)
{
	json_t *values = json_array(), *ids = json_array();
	const struct point *p = &b->line.point[k];
	size_t i;

	for (i = 0; i < b->hunt.nr; i++) {
		const struct attempt *a = &b->hunt.tried[i];

		if (a->point != k)
			continue;
		json_array_append_new(values, a->has ? json_real(a->value) : json_null());
		json_array_append_new(ids, json_string(b->seen[i].id));
	}
	return json_pack("{s:s, s:s, s:s*, s:f, s:o, s:o, s:s*}", "name", p->name, "title", p->title,
			 "kernel", p->kernel, "probability", b->hunt.p[k], "values", values, "experiments",
			 ids, "skipped", b->skipped[k]);
}

static json_t *names_json(const struct bisect *b, const bool *in)
{
	json_t *out = json_array();
	size_t k;

	for (k = 1; k < b->line.nr; k++)
		if (in[k])
			json_array_append_new(out, json_string(b->line.point[k].name));
	return out;
}

static const char *name_or_null(const struct bisect *b, size_t k)
{
	return k < b->line.nr ? b->line.point[k].name : NULL;
}

json_t *bisect_json(const struct bisect *b)
{
	bool *in = xcalloc(b->line.nr, sizeof(*in));
	json_t *points = json_array(), *out;
	size_t k;

	model_credible(b->hunt.p, b->line.nr, HUNT_CREDIBLE, in);
	for (k = 0; k < b->line.nr; k++)
		json_array_append_new(points, point_json(b, k));
	out = json_pack("{s:s, s:O, s:s, s:s, s:b, s:o, s:o, s:f, s:f, s:I, s:I}", "id", b->id, "ask", b->ask,
			"outcome", outcome_name(b->hunt.outcome), "why", b->hunt.why, "new_is_bad",
			b->hunt.new_is_bad, "points", points, "credible",
			b->hunt.differ ? names_json(b, in) : json_array(), "probability", b->hunt.sure,
			"seconds", b->seconds, "experiments", (json_int_t)b->hunt.nr, "run",
			(json_int_t)b->ran);
	if (b->hunt.differ)
		json_object_set_new(out, "ends", ends_json(&b->hunt.ends));
	if (b->hunt.fresh_from != SIZE_MAX) {
		json_object_set_new(out, "found", names_json(b, b->hunt.found));
		json_object_set_new(out, "before", json_pack("s?", name_or_null(b, b->hunt.before)));
		json_object_set_new(out, "from", json_pack("s?", name_or_null(b, b->hunt.from)));
	}
	if (b->hunt.outcome == HUNT_FOUND)
		json_object_set_new(out, "confirmed", ends_json(&b->hunt.confirmed));
	free(in);
	return out;
}
