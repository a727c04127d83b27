// SPDX-License-Identifier: GPL-2.0-only
#include "report/arms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/conf.h"
#include "kernel/kernel.h"

static const char *const axes[AXIS_NR] = {"kernel", "guest", "policy", "scenario", "engine"};

const char *axis_name(enum axis axis)
{
	return axis < AXIS_NR ? axes[axis] : "";
}

enum axis axis_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < AXIS_NR; i++)
		if (!strcmp(axes[i], name))
			break;
	return (enum axis)i;
}

const char *spec_label(const json_t *spec, enum axis axis)
{
	const char *key = axis == AXIS_KERNEL ? "version" : "name";
	const char *s = json_string_value(json_object_get(json_object_get(spec, axes[axis]), key));

	return s ? s : "?";
}

static bool kernel_matches(const struct arms_filter *f, const json_t *spec, const char *word)
{
	json_t *kernel = json_object_get(spec, "kernel");
	const char *version = json_string_value(json_object_get(kernel, "version"));
	const char *package = json_string_value(json_object_get(kernel, "package"));
	const char *release = json_string_value(json_object_get(kernel, "release"));
	size_t len = strlen(word);

	if (!version || !package)
		return false;
	if (!strcmp(word, "newest"))
		return f->newest && !strcmp(version, f->newest);
	if (!strcmp(word, version) || !strcmp(word, package) || (release && !strcmp(word, release)))
		return true;
	return !strncmp(word, version, len) && version[len] == '.' && strchr(word, '.');
}

/* A policy is called after its file, and one with BPF objects "bpf:" before that. */
static bool policy_matches(const char *label, const char *word, const char *name)
{
	return !strcmp(name, label) ||
	       (strchr(word, '/') && !strncmp(label, "bpf:", 4) && !strcmp(name, label + 4));
}

static bool word_matches(const struct arms_filter *f, const json_t *spec, enum axis axis,
			 const char *word)
{
	cleanup_free char *name = NULL;

	if (axis == AXIS_KERNEL)
		return kernel_matches(f, spec, word);
	name = conf_name(word);
	if (axis == AXIS_POLICY)
		return policy_matches(spec_label(spec, axis), word, name);
	return !strcmp(name, spec_label(spec, axis));
}

/* Position of the first word that matches; -1 for none, 0 when there are no words. */
static int axis_rank(const struct arms_filter *f, const json_t *spec, enum axis axis)
{
	int i;

	if (!f->word[axis] || !f->word[axis][0])
		return 0;
	for (i = 0; f->word[axis][i]; i++)
		if (word_matches(f, spec, axis, f->word[axis][i]))
			return i;
	return -1;
}

static bool seed_matches(const struct arms_filter *f, uint64_t seed)
{
	size_t i;

	for (i = 0; i < f->nr_seeds; i++)
		if (f->seed[i] == seed)
			return true;
	return !f->nr_seeds;
}

static bool matches(const struct arms_filter *f, const struct member *m)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != AXIS_ENGINE && axis_rank(f, m->r.spec, (enum axis)axis) < 0)
			return false;
	return seed_matches(f, m->seed);
}

/* Adds a plan line without what the seed decides: see plan_write(). */
static void add_masked(struct buf *out, const char *line, size_t len)
{
	const char *end = line + len, *seed = memmem(line, len, " seed=", 6);

	if (!strncmp(line, "seed ", 5))
		return;
	if (!strncmp(line, "times ", 6)) {
		const char *gate = memchr(line + 6, ' ', len - 6);
		const char *rest = gate ? memchr(gate + 1, ' ', (size_t)(end - gate - 1)) : NULL;

		if (rest)
			buf_add(out, rest, (size_t)(end - rest));
	} else if (!strncmp(line, "spawn ", 6) && seed) {
		const char *rest = memchr(seed + 1, ' ', (size_t)(end - seed - 1));

		buf_add(out, line, (size_t)(seed - line));
		if (rest)
			buf_add(out, rest, (size_t)(end - rest));
	} else {
		buf_add(out, line, len);
	}
	buf_adds(out, "\n");
}

static void mask_plan(const json_t *spec, struct buf *out)
{
	const char *plan = json_string_value(json_object_get(spec, "plan"));
	size_t len;

	for (; plan && *plan; plan += len + (plan[len] == '\n')) {
		len = strcspn(plan, "\n");
		add_masked(out, plan, len);
	}
}

static void arm_key(const json_t *spec, char key[SHA256_HEX])
{
	json_t *copy = json_copy((json_t *)spec);
	cleanup_buf struct buf text = {0};

	json_object_del(copy, "seed");
	json_object_del(copy, "plan");
	json_canonical(copy, &text);
	mask_plan(spec, &text);
	sha256_buf(buf_str(&text), text.len, key);
	json_decref(copy);
}

static int load_member(const char *id, struct member *m, struct err *err)
{
	cleanup_free char *path = store_path(id);
	const char *status;
	struct stat st;
	int ret = store_load(id, &m->r, err);

	if (ret)
		return ret;
	status = json_string_value(json_object_get(m->r.result, "status"));
	memcpy(m->id, id, SHA256_HEX);
	m->seed = (uint64_t)json_integer_value(json_object_get(m->r.spec, "seed"));
	m->status = status_find(status ? status : "");
	m->when = stat(path, &st) ? 0 : st.st_mtime;
	return 0;
}

static void add_member(struct arms *arms, const struct member *m)
{
	char key[SHA256_HEX];
	struct arm *arm;
	size_t i;

	arm_key(m->r.spec, key);
	for (i = 0; i < arms->nr; i++)
		if (!strcmp(arms->arm[i].key, key))
			break;
	if (i == arms->nr) {
		arms->arm = xrealloc(arms->arm, ++arms->nr, sizeof(*arms->arm));
		memset(&arms->arm[i], 0, sizeof(*arms->arm));
		memcpy(arms->arm[i].key, key, SHA256_HEX);
	}
	arm = &arms->arm[i];
	arm->member = xrealloc(arm->member, arm->nr + 1, sizeof(*arm->member));
	arm->member[arm->nr++] = *m;
}

static void take(const struct arms_filter *f, struct member *m, struct arms *out)
{
	bool match = matches(f, m), engine = axis_rank(f, m->r.spec, AXIS_ENGINE) >= 0;

	if (match && engine) {
		add_member(out, m);
		return;
	}
	out->other_engine += match;
	result_release(&m->r);
}

static int by_seed(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static void finish_arm(struct arm *arm)
{
	unsigned int axis;

	qsort(arm->member, arm->nr, sizeof(*arm->member), by_seed);
	for (axis = 0; axis < AXIS_NR; axis++)
		arm->label[axis] = spec_label(arm->member[0].r.spec, (enum axis)axis);
}

void arm_release(struct arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		result_release(&arm->member[i].r);
	free(arm->member);
	arm->nr = 0;
}

static time_t newest(const struct arm *arm)
{
	time_t when = 0;
	size_t i;

	for (i = 0; i < arm->nr; i++)
		if (arm->member[i].when > when)
			when = arm->member[i].when;
	return when;
}

static bool same_labels(const struct arm *a, const struct arm *b)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (strcmp(a->label[axis], b->label[axis]))
			return false;
	return true;
}

/* Drops arm i when another with its labels is newer (of equals, the later in the list stays). */
static bool superseded(const struct arms *arms, size_t i)
{
	size_t k;

	for (k = 0; k < arms->nr; k++) {
		time_t a = newest(&arms->arm[i]), b = newest(&arms->arm[k]);

		if (k != i && same_labels(&arms->arm[i], &arms->arm[k]) &&
		    (b > a || (b == a && k > i)))
			return true;
	}
	return false;
}

static void drop_old(struct arms *arms)
{
	bool *drop = xcalloc(arms->nr, sizeof(*drop));
	size_t i, kept = 0;

	for (i = 0; i < arms->nr; i++)
		drop[i] = superseded(arms, i);
	for (i = 0; i < arms->nr; i++) {
		if (!drop[i]) {
			arms->arm[kept++] = arms->arm[i];
			continue;
		}
		arms->ignored += arms->arm[i].nr;
		arm_release(&arms->arm[i]);
	}
	arms->nr = kept;
	free(drop);
}

static int by_label(const void *a, const void *b, void *filter)
{
	const struct arm *x = a, *y = b;
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++) {
		int rx = axis_rank(filter, x->member[0].r.spec, (enum axis)axis);
		int ry = axis_rank(filter, y->member[0].r.spec, (enum axis)axis);
		int order = axis == AXIS_KERNEL ? kernel_version_cmp(x->label[axis], y->label[axis])
						: strcmp(x->label[axis], y->label[axis]);

		if (rx != ry)
			return rx - ry;
		if (order)
			return order;
	}
	return 0;
}

static const char *newest_version(const struct member *m, size_t nr)
{
	const char *newest = NULL;
	size_t i;

	for (i = 0; i < nr; i++) {
		const char *v = spec_label(m[i].r.spec, AXIS_KERNEL);

		if (!newest || kernel_version_cmp(v, newest) > 0)
			newest = v;
	}
	return newest;
}

static int load_all(struct member **out, size_t *nr, struct err *err)
{
	char **ids;
	size_t i;
	int ret = store_ids(&ids, err);

	*out = NULL;
	*nr = 0;
	for (i = 0; !ret && ids[i]; i++) {
		*out = xrealloc(*out, i + 1, sizeof(**out));
		memset(&(*out)[i], 0, sizeof(**out));
		ret = load_member(ids[i], &(*out)[i], err);
		*nr += !ret;
	}
	store_ids_free(ids);
	return ret;
}

int arms_load(const struct arms_filter *filter, struct arms *out, struct err *err)
{
	struct arms_filter f = *filter;
	struct member *all;
	cleanup_free char *newest = NULL;
	size_t i, nr;
	int ret = load_all(&all, &nr, err);

	memset(out, 0, sizeof(*out));
	if (nr)
		newest = xstrdup(newest_version(all, nr));
	f.newest = newest;
	for (i = 0; i < nr; i++) {
		if (!ret)
			take(&f, &all[i], out);
		else
			result_release(&all[i].r);
	}
	free(all);
	for (i = 0; i < out->nr; i++)
		finish_arm(&out->arm[i]);
	if (ret) {
		arms_release(out);
		return ret;
	}
	if (!filter->old)
		drop_old(out);
	if (out->nr)
		qsort_r(out->arm, out->nr, sizeof(*out->arm), by_label, &f);
	return 0;
}

int arm_of_results(const char *const *id, size_t nr, struct arm *out, struct err *err)
{
	size_t i;
	int ret = nr ? 0 : err_set(err, -ENODATA, "no experiment has a result");

	*out = (struct arm){.member = xcalloc(nr + 1, sizeof(*out->member))};
	for (i = 0; !ret && i < nr; i++) {
		ret = load_member(id[i], &out->member[i], err);
		out->nr += !ret;
	}
	if (ret)
		arm_release(out);
	else
		finish_arm(out);
	return ret;
}

void arms_release(struct arms *arms)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		arm_release(&arms->arm[i]);
	free(arms->arm);
	memset(arms, 0, sizeof(*arms));
}

bool arm_matches(const struct arm *arm, enum axis axis, const char *word)
{
	struct arms_filter none = {0};

	return word_matches(&none, arm->member[0].r.spec, axis, word);
}

bool member_counts(const struct member *m)
{
	return m->status == STATUS_DONE || m->status == STATUS_EXPECTATION_FAILED;
}

const struct member *arm_first(const struct arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		if (member_counts(&arm->member[i]))
			return &arm->member[i];
	return NULL;
}
