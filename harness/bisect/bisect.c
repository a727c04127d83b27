// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/bisect.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/path.h"
#include "report/compare.h"
#include "report/values.h"

/* Attempts without a value that make a kernel one that cannot be tested. */
#define MUTE_MIN 2

static const char *const phase_names[] = {"ends", "search", "confirm", "over"};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *asked(const struct bisect *b, const char *key)
{
	return json_string_value(json_object_get(b->ask, key));
}

/* A list of strings of ask as an array of borrowed ones, NULL for none. */
static char **asked_list(const json_t *ask, const char *key)
{
	json_t *list = json_object_get(ask, key), *item;
	char **out;
	size_t i;

	if (!json_array_size(list))
		return NULL;
	out = xcalloc(json_array_size(list) + 1, sizeof(*out));
	json_array_foreach(list, i, item)
		out[i] = (char *)json_string_value(item);
	return out;
}

/* What the registry says of a metric; what it does not know the first result tells. */
static void fill_question(struct bisect *b)
{
	const char *name = asked(b, "metric");
	const struct metric *m = name ? metric_find(name) : NULL;
	json_t *rel = json_object_get(b->ask, "min_rel");

	b->hunt.q = (struct question){.model = name ? MODEL_LEVEL : MODEL_RATE,
				      .better = name ? STATS_DIR_NONE : STATS_DIR_LOWER};
	if (!name)
		return;
	b->hunt.q.min_rel = m ? m->min_rel : 0.02;
	b->hunt.q.min_abs = m ? m->min_abs : 1;
	if (m)
		b->hunt.q.better = m->better;
	if (json_is_number(rel)) {
		b->hunt.q.min_rel = json_number_value(rel);
		b->hunt.q.min_abs = 0;
	}
}

static int fill_measure(struct bisect *b, struct err *err)
{
	char **fail = asked_list(b->ask, "fail");
	int ret;

	b->measure = (struct measure){.engine = asked(b, "engine"), .guest = asked(b, "guest"),
				      .policy = asked(b, "policy"), .scenario = asked(b, "scenario"),
				      .metric = asked(b, "metric")};
	b->measure.expects = !b->measure.metric && !fail;
	ret = measure_set_failures(&b->measure, fail, err);
	free(fail);
	return ret;
}

static void fill_seeds(struct bisect *b)
{
	json_t *list = json_object_get(b->ask, "seeds"), *item;
	size_t i;

	b->seed = xcalloc(json_array_size(list) + 1, sizeof(*b->seed));
	json_array_foreach(list, i, item)
		b->seed[i] = (uint64_t)json_integer_value(item);
}

/* --- the line, from what is asked and from the journal --- */

static int kernels_line(const struct bisect *b, char **words, struct line *out, bool *swapped,
			struct err *err)
{
	const char *first = words[0], *last, *good = asked(b, "good"), *bad = asked(b, "bad");
	int ret = line_of_kernels(words, out, err);

	if (ret)
		return ret;
	last = out->point[out->nr - 1].name;
	*swapped = !strcmp(first, bad) && !strcmp(last, good);
	if (*swapped || (!strcmp(first, good) && !strcmp(last, bad)))
		return 0;
	ret = err_set(err, -EINVAL, "--good and --bad are to be the first and the last of the kernels after "
				    "-k, %s and %s, in either order", first, last);
	line_release(out);
	return ret;
}

static int build_line(struct bisect *b, struct line *out, bool *swapped, struct err *err)
{
	char **kernels = asked_list(b->ask, "kernels"), **paths = asked_list(b->ask, "paths");
	char **config = asked_list(b->ask, "config");
	cleanup_free char *work = xasprintf("%s/tree", b->dir);
	struct git_request git = {
		.tree = asked(b, "tree"), .from = asked(b, "good"), .to = asked(b, "bad"), .paths = paths,
		.first_parent = json_is_true(json_object_get(b->ask, "first_parent")),
		.series = asked(b, "series"), .base = asked(b, "base"), .build = asked(b, "build"),
		.config = config, .toolchain = asked(b, "toolchain"),
		.work = work,
	};
	int ret;

	if (kernels)
		ret = kernels_line(b, kernels, out, swapped, err);
	else if (git.series)
		ret = line_of_series(&git, out, swapped, err);
	else if (git.tree)
		ret = line_of_commits(&git, out, swapped, err);
	else
		ret = line_of_ladder(git.from, git.to, json_is_true(json_object_get(b->ask, "every")),
				     out, swapped, err);
	free(kernels);
	free(paths);
	free(config);
	return ret;
}

static json_t *line_json(const struct line *line, bool new_is_bad)
{
	json_t *points = json_array();
	size_t k, i;

	for (k = 0; k < line->nr; k++) {
		const struct point *p = &line->point[k];
		json_t *point = json_pack("{s:s, s:s, s:s*, s:f}", "name", p->name, "title", p->title,
					  "kernel", p->kernel, "cost", p->cost);
		json_t *parents = line->after ? json_array() : NULL;

		for (i = 0; parents && i < p->nr_parents; i++)
			json_array_append_new(parents, json_integer((json_int_t)p->parent[i]));
		if (parents)
			json_object_set_new(point, "parents", parents);
		json_array_append_new(points, point);
	}
	return json_pack("{s:s, s:s*, s:b, s:o}", "kind", line->kind, "note", line->note,
			 "new_is_bad", new_is_bad, "points", points);
}

static int damaged(const struct bisect *b, struct err *err)
{
	return err_set(err, -EBADMSG, "%s is damaged; --fresh starts anew, and finds the results that are "
				      "there", b->journal.path);
}

static const char *kind_of(const char *name)
{
	static const char *const kinds[] = {"kernels", "commits", "patches"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i], name))
			return kinds[i];
	return NULL;
}

static int read_point(struct line *line, const json_t *json)
{
	const char *name, *title, *kernel = NULL;
	json_t *parents = json_object_get(json, "parents"), *parent;
	double cost;
	size_t i;

	if (json_unpack((json_t *)json, "{s:s, s:s, s?s, s:F}", "name", &name, "title", &title,
			"kernel", &kernel, "cost", &cost) || !(cost >= 0))
		return -EBADMSG;
	line_add(line, name, title, kernel, cost);
	json_array_foreach(parents, i, parent) {
		json_int_t at = json_integer_value(parent);

		if (!json_is_integer(parent) || at < 0 || (size_t)at + 1 >= line->nr)
			return -EBADMSG;
		line_add_parent(line, line->nr - 1, (size_t)at);
	}
	return 0;
}

static int read_line(struct bisect *b, const json_t *start, struct err *err)
{
	json_t *points = json_object_get(start, "points"), *point;
	const char *kind = json_string_value(json_object_get(start, "kind"));
	const char *note = json_string_value(json_object_get(start, "note"));
	size_t i;

	b->line = (struct line){.kind = kind_of(kind ? kind : ""), .note = note ? xstrdup(note) : NULL};
	if (!b->line.kind || json_array_size(points) < 2)
		return damaged(b, err);
	json_array_foreach(points, i, point)
		if (read_point(&b->line, point))
			return damaged(b, err);
	if (json_object_get(json_array_get(points, 1), "parents"))
		line_make_matrix(&b->line);
	return 0;
}

/* --- replay --- */

static void add_seen(struct bisect *b, const struct attempt *a, const char *id, enum status status,
		     const char *why)
{
	struct bisect_seen *s;

	b->seen = xrealloc(b->seen, b->hunt.nr + 1, sizeof(*b->seen));
	s = &b->seen[b->hunt.nr];
	*s = (struct bisect_seen){.status = status, .why = why ? xstrdup(why) : NULL};
	snprintf(s->id, sizeof(s->id), "%s", id);
	hunt_add(&b->hunt, a);
}

static int point_in(const struct bisect *b, const json_t *entry, size_t *out)
{
	json_t *point = json_object_get(entry, "point");
	json_int_t at = json_integer_value(point);

	if (!json_is_integer(point) || at < 0 || (size_t)at >= b->line.nr)
		return -EBADMSG;
	*out = (size_t)at;
	return 0;
}

static int replay_step(struct bisect *b, const json_t *entry)
{
	json_int_t seeds = json_integer_value(json_object_get(entry, "seeds"));
	const char *phase = json_string_value(json_object_get(entry, "phase"));
	struct step ignored;
	int ret;

	/* For what it makes of the state; what was done then is what the entry says. */
	ret = hunt_next(&b->hunt, &ignored);
	if (ret || !phase || seeds < 1 || seeds > (json_int_t)b->hunt.seeds)
		return -EBADMSG;
	b->pending.seeds = (size_t)seeds;
	for (b->pending.phase = HUNT_ENDS; b->pending.phase < HUNT_OVER; b->pending.phase++)
		if (!strcmp(phase, phase_names[b->pending.phase]))
			break;
	b->pending_done = 0;
	return b->pending.phase == HUNT_OVER ? -EBADMSG : point_in(b, entry, &b->pending.point);
}

static int replay_try(struct bisect *b, const json_t *entry)
{
	struct attempt a = {.has = json_is_number(json_object_get(entry, "value")),
			    .value = json_number_value(json_object_get(entry, "value"))};
	const char *id, *status, *why = NULL;
	json_int_t seed;

	if (point_in(b, entry, &a.point) ||
	    json_unpack((json_t *)entry, "{s:s, s:s, s?s, s:I}", "id", &id, "status", &status, "why", &why,
			"seed", &seed) || status_find(status) == STATUS_NR)
		return -EBADMSG;
	a.seed = (uint64_t)seed;
	add_seen(b, &a, id, status_find(status), why);
	b->pending_done++;
	return 0;
}

static int replay_skip(struct bisect *b, const json_t *entry)
{
	const char *why = json_string_value(json_object_get(entry, "why"));
	size_t k;

	if (!why || point_in(b, entry, &k))
		return -EBADMSG;
	free(b->skipped[k]);
	b->skipped[k] = xstrdup(why);
	hunt_skip(&b->hunt, k);
	return 0;
}

static int replay_kernel(struct bisect *b, const json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	size_t k;

	if (!name || point_in(b, entry, &k))
		return -EBADMSG;
	free(b->line.point[k].kernel);
	b->line.point[k].kernel = xstrdup(name);
	return 0;
}

static int replay_metric(struct bisect *b, const json_t *entry)
{
	const char *better = json_string_value(json_object_get(entry, "better"));

	if (!better)
		return -EBADMSG;
	b->hunt.q.better = metric_better_find(better);
	if (!json_is_number(json_object_get(b->ask, "min_rel")))
		b->hunt.q.min_abs = fmax(b->hunt.q.min_abs,
					 json_number_value(json_object_get(entry, "floor")));
	return 0;
}

static int replay_end(struct bisect *b, const json_t *entry)
{
	b->seconds += json_number_value(json_object_get(entry, "seconds"));
	b->ran += (size_t)json_integer_value(json_object_get(entry, "ran"));
	b->steps++;
	b->pending.phase = HUNT_OVER;
	return 0;
}

static int replay_refuse(struct bisect *b, const json_t *entry)
{
	const char *why = json_string_value(json_object_get(entry, "why"));

	if (!why)
		return -EBADMSG;
	hunt_refuse(&b->hunt, why);
	return 0;
}

static const struct {
	const char *key;
	int (*replay)(struct bisect *b, const json_t *entry);
} entries[] = {
	{"step", replay_step}, {"try", replay_try}, {"skip", replay_skip}, {"kernel", replay_kernel},
	{"metric", replay_metric}, {"end", replay_end}, {"refuse", replay_refuse},
};

static int replay(struct bisect *b, const json_t *entry)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		json_t *what = json_object_get(entry, entries[i].key);

		if (what)
			return entries[i].replay(b, what);
	}
	return json_object_get(entry, "start") ? 0 : -EBADMSG;
}

/* Onto the disk first, and then as if it were read from there. */
static int note(struct bisect *b, const char *key, json_t *what, struct err *err)
{
	json_t *entry = json_pack("{s:o}", key, what);
	int ret = journal_add(&b->journal, entry, err);

	if (!ret && replay(b, json_array_get(b->journal.all, json_array_size(b->journal.all) - 1)))
		ret = damaged(b, err);
	return ret;
}

/* From the line on; the journal has a start. */
static int read_journal(struct bisect *b, const json_t *live, const json_t *start, struct err *err)
{
	json_int_t limit = json_integer_value(json_object_get(b->ask, "limit"));
	size_t i, seeds = json_array_size(json_object_get(b->ask, "seeds"));
	json_t *entry;
	int ret = read_line(b, start, err);

	if (ret)
		return ret;
	b->skipped = xcalloc(b->line.nr, sizeof(*b->skipped));
	hunt_init(&b->hunt, &b->line, &(struct question){0},
		  json_is_true(json_object_get(start, "new_is_bad")), seeds, (size_t)limit);
	fill_question(b);
	ret = fill_measure(b, err);
	fill_seeds(b);
	json_array_foreach(live, i, entry)
		if (!ret && replay(b, entry))
			ret = damaged(b, err);
	return ret;
}

static int from_journal(struct bisect *b, struct err *err)
{
	json_t *live = journal_live(&b->journal);
	json_t *first = json_array_get(live, 0), *start = json_object_get(first, "start");
	json_t *ask = json_object_get(first, "ask");
	int ret;

	b->pending.phase = HUNT_OVER;
	if (json_is_object(start) && json_is_object(ask)) {
		json_decref(b->ask);
		b->ask = json_incref(ask);
		ret = read_journal(b, live, start, err);
	} else {
		ret = damaged(b, err);
	}
	json_decref(live);
	return ret;
}

/* --- opening --- */

static char *folder(void)
{
	return xasprintf("%s/.bisect", path_results());
}

static void set_id(struct bisect *b, const char *id)
{
	cleanup_free char *all = folder();

	snprintf(b->id, sizeof(b->id), "%s", id);
	b->dir = xasprintf("%s/%s", all, b->id);
}

static int begin(struct bisect *b, void (*say)(const char *line), struct err *err)
{
	struct line line;
	bool swapped = false;
	int ret;

	if (say)
		say("looking for what lies between the ends");
	ret = build_line(b, &line, &swapped, err);
	if (ret)
		return ret;
	if (line.nr < 2)
		ret = err_set(err, -EINVAL, "there is nothing between the two ends");
	else
		ret = journal_add(&b->journal,
				  json_pack("{s:o, s:O}", "start", line_json(&line, !swapped), "ask",
					    b->ask), err);
	line_release(&line);
	return ret;
}

static int forget(const char *path, struct err *err)
{
	cleanup_free char *old = xasprintf("%s.old", path);

	if (rename(path, old) && errno != ENOENT)
		return err_sys(err, -errno, "cannot put %s away", path);
	return 0;
}

int bisect_open(json_t *ask, bool fresh, void (*say)(const char *line), struct bisect *out,
		struct err *err)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *path = NULL;
	char hash[SHA256_HEX];
	int ret;

	*out = (struct bisect){.ask = json_incref(ask), .journal = JOURNAL_NONE};
	json_canonical(ask, &text);
	sha256_buf(buf_str(&text), text.len, hash);
	hash[BISECT_ID] = '\0';
	set_id(out, hash);
	path = xasprintf("%s/journal", out->dir);
	/* What is asked is looked at before anything is made. */
	ret = fill_measure(out, err);
	if (!ret)
		ret = dir_make(out->dir, err);
	if (!ret && fresh)
		ret = forget(path, err);
	if (!ret)
		ret = journal_open(path, true, &out->journal, err);
	if (!ret && !json_array_size(out->journal.all))
		ret = begin(out, say, err);
	if (!ret)
		ret = from_journal(out, err);
	if (ret)
		bisect_close(out);
	return ret;
}

/* The folder whose journal is the newest, or the one that starts so. */
static int find(const char *prefix, char id[BISECT_ID + 1], struct err *err)
{
	cleanup_free char *all = folder();
	struct timespec newest = {0};
	DIR *dir = opendir(all);
	struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s/journal", all, e->d_name);
		struct stat st;

		if (strlen(e->d_name) != BISECT_ID || stat(path, &st) || !st.st_size ||
		    (prefix && strncmp(e->d_name, prefix, strlen(prefix))))
			continue;
		n++;
		if (st.st_mtim.tv_sec < newest.tv_sec ||
		    (st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = st.st_mtim;
		memcpy(id, e->d_name, BISECT_ID + 1);
	}
	if (dir)
		closedir(dir);
	if (!n)
		return err_set(err, -ENOENT, "there is no search%s%s in %s", prefix ? " " : "",
			       prefix ? prefix : "", path_results());
	return prefix && n > 1 ? err_set(err, -ENOTUNIQ, "%zu searches start with %s", n, prefix) : 0;
}

int bisect_load(const char *prefix, bool write, struct bisect *out, struct err *err)
{
	cleanup_free char *path = NULL;
	char id[BISECT_ID + 1];
	int ret;

	*out = (struct bisect){.journal = JOURNAL_NONE};
	ret = find(prefix, id, err);
	if (ret)
		return ret;
	set_id(out, id);
	path = xasprintf("%s/journal", out->dir);
	ret = journal_open(path, write, &out->journal, err);
	if (!ret)
		ret = from_journal(out, err);
	/* What comes next also says how far it is. */
	if (!ret && out->pending.phase == HUNT_OVER && hunt_next(&out->hunt, &(struct step){0}))
		ret = damaged(out, err);
	if (ret)
		bisect_close(out);
	return ret;
}

static void release_state(struct bisect *b)
{
	size_t i;

	for (i = 0; i < b->hunt.nr; i++)
		free(b->seen[i].why);
	for (i = 0; b->skipped && i < b->line.nr; i++)
		free(b->skipped[i]);
	free(b->seen);
	free(b->skipped);
	free(b->seed);
	if (b->hunt.line)
		hunt_release(&b->hunt);
	line_release(&b->line);
}

void bisect_close(struct bisect *b)
{
	release_state(b);
	journal_close(&b->journal);
	json_decref(b->ask);
	free(b->dir);
	memset(b, 0, sizeof(*b));
	b->journal.fd = -1;
}

int bisect_undo(struct bisect *b, struct err *err)
{
	if (!b->steps && b->pending.phase == HUNT_OVER)
		return err_set(err, -ENODATA, "search %s has taken no step yet", b->id);
	return journal_add(&b->journal, json_pack("{s:b}", "undo", 1), err);
}

/* --- steps --- */

static bool is_end(const struct bisect *b, size_t k)
{
	return !k || k + 1 == b->line.nr;
}

static const char *end_name(const struct bisect *b, size_t k)
{
	return k == hunt_good(&b->hunt) ? "good" : "bad";
}

/* What says nothing of the kernel, but of this host at this time. */
static bool is_host_error(int ret)
{
	static const int of_host[] = {EINTR, ENOSPC, EDQUOT, EROFS, EACCES, EPERM, ENOMEM, EMFILE,
				      EBUSY, ENFILE};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of_host); i++)
		if (ret == -of_host[i])
			return true;
	return false;
}

/* It cannot be tested: between the ends that is skipped, at an end nothing can be said. */
static int give_up(struct bisect *b, size_t k, const char *why, struct err *err)
{
	cleanup_free char *text = NULL;

	if (!is_end(b, k))
		return note(b, "skip", json_pack("{s:I, s:s}", "point", (json_int_t)k, "why", why), err);
	text = xasprintf("the %s end, %s, cannot be tested: %s", end_name(b, k), b->line.point[k].name,
			 why);
	return note(b, "refuse", json_pack("{s:s}", "why", text), err);
}

/*
 * A kernel that was built is kept by what the cache has of it, since the next build overwrites the file.
 */
static int keep_built(struct bisect *b, size_t k, const char *word, void (*say)(const char *line),
		      struct err *err)
{
	struct kernel kernel;
	char *name;
	int ret;

	if (!strchr(word, '/')) {
		name = xstrdup(word);
	} else {
		ret = kernel_resolve(word, say, &kernel, err);
		if (ret)
			return ret;
		name = xasprintf("%s/vmlinuz%s%s%s", kernel.dir, kernel.has_modules ? ":" : "",
				 kernel.has_modules ? kernel.dir : "", kernel.has_modules ? "/modules" : "");
		kernel_release(&kernel);
	}
	ret = note(b, "kernel", json_pack("{s:I, s:s}", "point", (json_int_t)k, "name", name), err);
	free(name);
	return ret;
}

/* -ENOEXEC when it cannot be had, and err says why. */
static int have_kernel(struct bisect *b, size_t k, void (*say)(const char *line), struct err *err)
{
	cleanup_free char *word = NULL;
	int ret;

	if (b->line.point[k].kernel)
		return 0;
	if (!b->line.make)
		return err_set(err, -EINVAL, "nothing says how to build %s", b->line.point[k].name);
	ret = b->line.make(&b->line, k, say, &word, err);
	return ret ? ret : keep_built(b, k, word, say, err);
}

static json_t *try_json(size_t k, const struct measured *m)
{
	json_t *out = json_pack("{s:I, s:I, s:s, s:s, s:s*}", "point", (json_int_t)k, "seed",
				(json_int_t)m->seed, "id", m->id, "status", status_name(m->status), "why",
				m->why);

	if (m->has)
		json_object_set_new(out, "value", json_real(m->value));
	return out;
}

static bool knows_metric(const struct bisect *b)
{
	json_t *entry;
	size_t i;

	json_array_foreach(b->journal.all, i, entry)
		if (json_object_get(entry, "metric"))
			return true;
	return false;
}

/* Direction and floor of a metric that the registry does not have are in the results. */
static int note_metric(struct bisect *b, const struct measured *m, size_t nr, struct err *err)
{
	double floor = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		floor = fmax(floor, m[i].floor);
	if (!b->measure.metric || !m[0].better || knows_metric(b))
		return 0;
	return note(b, "metric", json_pack("{s:s, s:f}", "better", m[0].better, "floor", floor), err);
}

static int note_measured(struct bisect *b, size_t k, const struct measured *m, size_t nr,
			 struct err *err)
{
	int ret = note_metric(b, m, nr, err);
	size_t i;

	for (i = 0; !ret && i < nr; i++)
		ret = note(b, "try", try_json(k, &m[i]), err);
	return ret;
}

/* The arm of a point's experiments so far. */
static int arm_at(const struct bisect *b, size_t k, struct arm *out, struct err *err)
{
	const char **id = xcalloc(b->hunt.nr + 1, sizeof(*id));
	size_t i, n = 0;
	int ret;

	for (i = 0; i < b->hunt.nr; i++)
		if (b->hunt.tried[i].point == k && status_final(b->seen[i].status))
			id[n++] = b->seen[i].id;
	ret = arm_of_results(id, n, out, err);
	free(id);
	return ret;
}

/* A metric that means one thing here and another there cannot be compared. */
static int same_meaning(const struct bisect *b, const struct arm *x, const struct arm *y,
			struct err *err)
{
	const json_t *mx, *my;
	const char *a, *c;

	if (!b->measure.metric || !arm_first(x) || !arm_first(y))
		return 0;
	mx = member_metric(arm_first(x), b->measure.metric, 0);
	my = member_metric(arm_first(y), b->measure.metric, 0);
	a = text_of(mx, "meaning");
	c = text_of(my, "meaning");
	if (!mx || !my || !strcmp(a, c))
		return 0;
	return err_set(err, -EXDEV, "metric %s does not mean the same on %s (%s) and on %s (%s)",
		       b->measure.metric, x->label[AXIS_KERNEL], a, y->label[AXIS_KERNEL], c);
}

/* Two points' set-up may differ in their kernel, and in what was accepted, and in nothing else. */
static int check_comparable(const struct bisect *b, size_t x, size_t y, struct err *err)
{
	char **allow = asked_list(b->ask, "allow"), also[COMPARE_ALSO];
	struct arm ax, ay;
	int ret = arm_at(b, x, &ax, err);

	if (!ret) {
		ret = arm_at(b, y, &ay, err);
		if (!ret) {
			ret = comparable_check(&ax, &ay, AXIS_KERNEL, allow, also, err);
			if (!ret)
				ret = same_meaning(b, &ax, &ay, err);
			arm_release(&ay);
		}
		arm_release(&ax);
	}
	free(allow);
	/* Where nothing came to its end there is no state to differ. */
	return ret == -ENODATA ? 0 : ret;
}

/* The end that a point is held against: one that has been measured. */
static int check_state(struct bisect *b, size_t k, struct err *err)
{
	size_t other = k == hunt_good(&b->hunt) ? hunt_bad(&b->hunt) : hunt_good(&b->hunt), values;
	struct err why = {""};
	int ret;

	if (!hunt_count(&b->hunt, other, &values) || b->hunt.outcome || b->hunt.site[k].skipped)
		return 0;
	ret = check_comparable(b, other, k, &why);
	if (!ret)
		return 0;
	if (ret != -EXDEV)
		return err_set(err, ret, "%s", why.msg);
	if (is_end(b, k))
		return note(b, "refuse", json_pack("{s:s}", "why", why.msg), err);
	return give_up(b, k, why.msg, err);
}

static const char *last_why(const struct bisect *b, size_t k)
{
	const char *why = "no experiment has a value";
	size_t i;

	for (i = 0; i < b->hunt.nr; i++)
		if (b->hunt.tried[i].point == k && b->seen[i].why)
			why = b->seen[i].why;
	return why;
}

static int check_mute(struct bisect *b, size_t k, struct err *err)
{
	size_t values, n = hunt_count(&b->hunt, k, &values);

	return values || n < MUTE_MIN ? 0 : give_up(b, k, last_why(b, k), err);
}

static size_t count_absent(const struct experiments *exps)
{
	size_t i, n = 0;

	for (i = 0; i < exps->nr; i++)
		n += !store_has(exps->exp[i].id);
	return n;
}

/* Runs nr of the step's seeds. */
static int measure_some(struct bisect *b, size_t nr, size_t *ran, struct err *err)
{
	size_t k = b->pending.point, values, from = hunt_count(&b->hunt, k, &values);
	struct experiments exps;
	struct measured *m;
	struct err why = {""};
	int ret = measure_plan(&b->measure, b->line.point[k].kernel, b->seed + from, nr, &exps, &why);

	if (ret == -ENODATA || (ret && (is_host_error(ret) || is_end(b, k))))
		return err_set(err, ret, "%s", why.msg);
	if (ret)
		return give_up(b, k, why.msg, err);
	m = xcalloc(exps.nr, sizeof(*m));
	*ran += count_absent(&exps);
	ret = measure_run(&b->measure, &exps, m, err);
	if (!ret)
		ret = note_measured(b, k, m, exps.nr, err);
	measured_release(m, exps.nr);
	experiments_release(&exps);
	return ret;
}

/* Once more where the host failed: unattended, that should not be the end. */
static int measure_again(struct bisect *b, size_t nr, size_t *ran, struct err *err)
{
	int ret = measure_some(b, nr, ran, err);

	return ret == -ETIME ? measure_some(b, nr, ran, err) : ret;
}

static int end_step(struct bisect *b, double start, size_t ran, struct err *err)
{
	return note(b, "end", json_pack("{s:f, s:I}", "seconds", round((now() - start) * 10) / 10, "ran",
					(json_int_t)ran), err);
}

/*
 * Of a kernel that says nothing two experiments are enough to know it: it may take each of them the whole
 * limit to say nothing.  And a wrong name is told after one of the first kernel.
 */
static size_t count_next(const struct bisect *b)
{
	size_t left = b->pending.seeds - b->pending_done, values, n, some;

	n = hunt_count(&b->hunt, b->pending.point, &values);
	if (values)
		return left;
	some = b->hunt.nr ? MUTE_MIN - n : 1;
	return some < left ? some : left;
}

static bool is_open(const struct bisect *b, size_t k)
{
	return !b->hunt.outcome && !b->hunt.site[k].skipped;
}

/* What is mute is told first: a search that was killed may have come just there. */
static int measure_step(struct bisect *b, size_t k, size_t *ran, struct err *err)
{
	int ret = check_mute(b, k, err);

	while (!ret && is_open(b, k) && b->pending_done < b->pending.seeds) {
		ret = measure_again(b, count_next(b), ran, err);
		if (!ret && b->hunt.nr == 1 && !b->hunt.tried[0].has && b->measure.metric &&
		    b->seen[0].why && strstr(b->seen[0].why, "there is no metric"))
			ret = give_up(b, k, b->seen[0].why, err);
		if (!ret && is_open(b, k))
			ret = check_mute(b, k, err);
	}
	return ret;
}

static int finish_step(struct bisect *b, const struct bisect_run *opts, struct err *err)
{
	size_t k = b->pending.point, ran = 0;
	double start = now();
	struct err why = {""};
	int ret = have_kernel(b, k, opts->say, &why);

	if (ret == -ENOEXEC)
		ret = give_up(b, k, why.msg, err);
	else if (ret)
		return err_set(err, ret, "%s", why.msg);
	if (!ret && is_open(b, k))
		ret = measure_step(b, k, &ran, err);
	if (!ret)
		ret = check_state(b, k, err);
	return ret ? ret : end_step(b, start, ran, err);
}

static int begin_step(struct bisect *b, const struct step *step, struct err *err)
{
	return note(b, "step", json_pack("{s:s, s:I, s:I}", "phase", phase_names[step->phase], "point",
					 (json_int_t)step->point, "seeds", (json_int_t)step->seeds), err);
}

/*
 * Whether the first experiment would be the same today.  Where it cannot be planned any more, as when its
 * kernel is gone, what is known stays known.
 */
static int check_stale(struct bisect *b, struct err *err)
{
	const struct attempt *a = b->hunt.tried;
	struct experiments exps;
	bool same;

	if (!b->hunt.nr || !b->line.point[a->point].kernel ||
	    measure_plan(&b->measure, b->line.point[a->point].kernel, &a->seed, 1, &exps, NULL))
		return 0;
	same = !strcmp(exps.exp[0].id, b->seen[0].id);
	experiments_release(&exps);
	return same ? 0 : err_set(err, -ESTALE,
				  "search %s was begun with another scenario, guest, policy, QEMU or build of "
				  "wringer than there is now; --fresh begins it anew", b->id);
}

/* How commits become kernels is no part of the journal. */
static int attach(struct bisect *b, struct err *err)
{
	struct line line;
	bool swapped;
	int ret;

	if (!asked(b, "tree") || b->line.make)
		return 0;
	ret = build_line(b, &line, &swapped, err);
	if (ret)
		return ret;
	b->line.make = line.make;
	b->line.own = line.own;
	b->line.release_own = line.release_own;
	line.own = NULL;
	line.release_own = NULL;
	line_release(&line);
	return 0;
}

int bisect_go(struct bisect *b, const struct bisect_run *opts, struct err *err)
{
	int ret;

	b->measure.say = opts->say;
	b->measure.run = opts->run;
	ret = check_stale(b, err);
	while (!ret) {
		if (b->pending.phase == HUNT_OVER) {
			struct step step;

			ret = hunt_next(&b->hunt, &step);
			if (ret)
				return err_sys(err, ret, "cannot go on with search %s", b->id);
			if (step.phase == HUNT_OVER) {
				line_remove_worktree(&b->line);
				return 0;
			}
			ret = attach(b, err);
			if (!ret)
				ret = begin_step(b, &step, err);
		} else {
			ret = attach(b, err);
		}
		if (!ret && opts->step)
			opts->step(b, &b->pending);
		if (!ret)
			ret = finish_step(b, opts, err);
		if (!ret && opts->run.stop && *opts->run.stop)
			ret = err_set(err, -EINTR, "stopped; the same command goes on where this one ended");
	}
	return ret;
}
