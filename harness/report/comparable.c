// SPDX-License-Identifier: GPL-2.0-only
/* Whether two arms may be compared, and if not, what stands in the way. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "report/json_diff.h"

/* Of the differences the first is told with its values, so many more by name. */
#define NAMED_MAX 6

/* Finding the differences between two arms that are not allowed. */
struct diff {
	char *const *allow; /* NULL-terminated, or NULL */
	enum axis axis;
	const char *plan;   /* of one arm: says which file a state key is */
	const json_t *policy[2];
	json_t *found;      /* {path: what it is} */
	json_t *also;       /* {path: true}: what comes with another kernel */
};

static bool covers(const char *key, const char *path)
{
	size_t len = strlen(key);

	return !strncmp(key, path, len) && (!path[len] || path[len] == '.' || path[len] == '[');
}

/*
 * What a difference along the axis brings with it: another kernel needs other modules, another
 * guest another command line and other stores.
 */
static bool follows_from(enum axis axis, const char *path)
{
	static const char *const keys[AXIS_NR][7] = {
		/*
		 * Computed by the kernel from the memory that it leaves free, that memory, what it
		 * makes of the HMAT and of the devices, and the events that it has.
		 */
		[AXIS_KERNEL] = {"kernel", "image", "state.vm.min_free_kbytes", "state.node",
				 "state.memory.tiers", "state.device", "state.trace"},
		[AXIS_GUEST] = {"guest", "engine.args", "image", "state"},
		[AXIS_POLICY] = {"policy"},
		[AXIS_SCENARIO] = {"scenario", "image", "engine.args", "state.cgroup",
				   "state.device", "state.thp.anon"},
		[AXIS_ENGINE] = {"engine.name", "engine.args", "programs.plugin", "state.cmdline"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys[axis]) && keys[axis][i]; i++)
		if (covers(keys[axis][i], path))
			return true;
	return false;
}

static bool section_has(const json_t *policy, const char *section, const char *file, size_t len)
{
	json_t *set = json_object_get(json_object_get(policy, "conf"), section), *value;
	const char *key;

	json_object_foreach(set, key, value)
		if (strlen(key) == len && !memcmp(key, file, len))
			return true;
	return false;
}

static bool policy_sets(const json_t *policy, const char *file, size_t len)
{
	return section_has(policy, "set", file, len) || section_has(policy, "tune", file, len);
}

/* A knob that one of two compared policies sets may differ: the plan says which file a key is. */
static bool set_by_policy(const struct diff *d, const char *path)
{
	cleanup_free char *line = NULL;
	const char *at;
	size_t len;

	if (d->axis != AXIS_POLICY || strncmp(path, "state.", 6))
		return false;
	line = xasprintf("\nstate %s ", path + 6);
	at = strstr(d->plan, line);
	if (!at)
		return false;
	at += strlen(line);
	len = strcspn(at, "\n");
	return policy_sets(d->policy[0], at, len) || policy_sets(d->policy[1], at, len);
}

static bool is_watermark(const char *path)
{
	return !strncmp(path, "state.node.", 11) && strstr(path, ".zone.");
}

/* A policy that sets what the kernel computes the watermarks from has its own. */
static bool watermark_of_policy(const struct diff *d, const char *path)
{
	return is_watermark(path) && (set_by_policy(d, "state.vm.min_free_kbytes") ||
				      set_by_policy(d, "state.vm.watermark_scale_factor"));
}

/* Computed again by the kernel at other moments, watermarks differ by a page or two. */
static bool about_equal(const json_t *a, const json_t *b, const char *path)
{
	double x, y;

	if (!is_watermark(path) || !json_is_string(a) || !json_is_string(b))
		return false;
	x = strtod(json_string_value(a), NULL);
	y = strtod(json_string_value(b), NULL);
	return fabs(x - y) <= 2 + x / 64;
}

static bool is_absent(const json_t *v)
{
	return json_is_string(v) && !strcmp(json_string_value(v), "absent");
}

/* A knob that only one of two compared kernels has is part of what is compared. */
static bool only_one_has(const struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	return d->axis == AXIS_KERNEL && !strncmp(path, "state.", 6) &&
	       (is_absent(a) || is_absent(b));
}

static bool allowed(const struct diff *d, const char *path)
{
	size_t i;

	for (i = 0; d->allow && d->allow[i]; i++)
		if (covers(d->allow[i], path))
			return true;
	return follows_from(d->axis, path) || set_by_policy(d, path) ||
	       watermark_of_policy(d, path);
}

/* In words, where the key alone says little. */
static const char *meaning_of(const char *path)
{
	return strcmp(path, "state.thp.anon") ? "" :
	       " huge pages under anonymous memory, whatever thp.enabled says";
}

/* Watermarks and the like follow from how much memory the kernel leaves free. */
static void note_also(const struct diff *d, const char *path)
{
	if (d->axis == AXIS_KERNEL &&
	    (covers("kernel.config", path) ||
	     (covers("state", path) && !covers("state.node", path) && !covers("state.trace", path))))
		json_object_set_new(d->also, path, json_true());
}

/*
 * How the warm-up of one seed ended is an outcome, and members of one arm differ in it: it is counted
 * (arm_unsteady()), not refused.
 */
static bool is_outcome(const char *path)
{
	return covers("state.warmup", path);
}

static int differs(void *ctx, const char *path, const json_t *a, const json_t *b)
{
	const struct diff *d = ctx;
	char *x, *y;

	if (is_outcome(path))
		return 0;
	note_also(d, path);
	if (allowed(d, path) || only_one_has(d, a, b, path) || about_equal(a, b, path) ||
	    json_object_get(d->found, path))
		return 0;
	x = a ? json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	y = b ? json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	json_object_set_new(d->found, path,
			    json_sprintf("%.200s against %.200s", x ? x : "nothing",
					 y ? y : "nothing"));
	free(x);
	free(y);
	return 0;
}

/* What explains the others comes first: other huge pages are other watermarks too. */
static const char *most_telling(const json_t *found)
{
	static const char thp[] = "state.thp.anon";

	return json_object_get(found, thp) ? thp :
	       json_object_iter_key(json_object_iter((json_t *)found));
}

/* ": and in A, B and 5 more" */
static void name_others(const json_t *found, const char *first, struct buf *out)
{
	size_t n = 0, all = json_object_size(found) - 1;
	const char *key;
	json_t *what;

	json_object_foreach((json_t *)found, key, what) {
		if (!strcmp(key, first) || n == NAMED_MAX)
			continue;
		buf_printf(out, "%s%s", n ? ", " : "; and in ", key);
		n++;
	}
	if (all > n)
		buf_printf(out, " and %zu more", all - n);
}

static int complain(const json_t *found, struct err *err)
{
	cleanup_buf struct buf others = {0};
	const char *first = most_telling(found);

	name_others(found, first, &others);
	return err_set(err, -EXDEV,
		       "not comparable: the arms differ in %s too: %s%s (--allow %s accepts it)%s",
		       first, json_string_value(json_object_get(found, first)), meaning_of(first),
		       first, buf_str(&others));
}

static void check_specs(struct diff *d, const struct arm *base, const struct arm *other)
{
	json_t *a = json_copy(base->member[0].r.spec), *b = json_copy(other->member[0].r.spec);

	json_object_del(a, "seed");
	json_object_del(a, "setup");
	json_object_del(a, "plan");
	json_object_del(b, "seed");
	json_object_del(b, "setup");
	json_object_del(b, "plan");
	json_diff(a, b, "", differs, d);
	json_decref(a);
	json_decref(b);
}

static void check_states(struct diff *d, const struct member *first, const struct arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		if (member_counts(&arm->member[i]))
			json_diff(json_object_get(first->r.result, "state"),
				  json_object_get(arm->member[i].r.result, "state"), "state",
				  differs, d);
}

static void tell_also(const json_t *also, char out[COMPARE_ALSO])
{
	const char *key;
	json_t *v;

	out[0] = '\0';
	json_object_foreach((json_t *)also, key, v) {
		size_t len = strlen(out);

		if (len + strlen(key) + 8 > COMPARE_ALSO) {
			strcpy(out + len, ", ...");
			return;
		}
		sprintf(out + len, "%s%s", len ? ", " : "", key);
	}
}

int comparable_check(const struct arm *base, const struct arm *other, enum axis axis,
		     char *const *allow, char also[COMPARE_ALSO], struct err *err)
{
	const struct member *first = arm_first(base);
	struct diff d = {
		.allow = allow, .axis = axis,
		.plan = json_string_value(json_object_get(base->member[0].r.spec, "plan")),
		.policy = {json_object_get(base->member[0].r.spec, "policy"),
			   json_object_get(other->member[0].r.spec, "policy")},
	};
	int ret = 0;

	if (!first || !arm_first(other))
		return err_set(err, -ENODATA, "no experiment of arm %s is done",
			       (first ? other : base)->label[axis]);
	if (!d.plan)
		return err_set(err, -EBADMSG, "%s/spec.json has no plan", base->member[0].id);
	d.found = json_object();
	d.also = json_object();
	check_specs(&d, base, other);
	check_states(&d, first, base);
	check_states(&d, first, other);
	if (json_object_size(d.found))
		ret = complain(d.found, err);
	tell_also(d.also, also);
	json_decref(d.also);
	json_decref(d.found);
	return ret;
}

