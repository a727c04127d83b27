// SPDX-License-Identifier: GPL-2.0-only
#include "result/measure.h"

#include <string.h>

#include "result/metrics.h"
#include "workloads/lib/workload.h"

#define NAME_SIZE 256

/* One window: two sets of the same records. */
struct window {
	const struct records *rec;
	const struct records_set *open;
	const struct records_set *close;
	json_t *out;
};

/* Names that came from a guest go into JSON only when they are plain ASCII. */
static bool plain(struct text t)
{
	size_t i;

	for (i = 0; i < t.len; i++)
		if (t.p[i] < 0x21 || t.p[i] > 0x7e)
			return false;
	return t.p && t.len && t.len < 64;
}

static json_t *new_metric(const char *name, const char *unit, const char *better, const char *class)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "name", name, "unit", unit, "better", better,
			 "class", class);
}

static json_t *row_metric(const struct metric *m, const char *name)
{
	return new_metric(name, m->unit, metric_better_name(m->better),
			  metric_class_name(m->class));
}

static void put(struct window *w, json_t *metric, int64_t value)
{
	json_object_set_new(metric, "value", json_integer(value));
	json_array_append_new(w->out, metric);
}

static void put_absent(struct window *w, json_t *metric, const char *why)
{
	json_object_set_new(metric, "absent", json_string(why));
	json_array_append_new(w->out, metric);
}

/* Sum of the changes of blank-separated keys; false when not one of them is there. */
static bool delta(struct text open, struct text close, const char *keys, int64_t *sum)
{
	char copy[256], *rest = copy, *key;
	uint64_t total = 0;
	bool any = false;

	*sum = 0;
	if (strlen(keys) >= sizeof(copy))
		return false;
	strcpy(copy, keys);
	while ((key = strsep(&rest, " "))) {
		uint64_t a, b;

		if (!text_get(open, key, &a) || !text_get(close, key, &b))
			continue;
		total += b - a;
		any = true;
	}
	*sum = (int64_t)total;
	return any;
}

static struct text open_text(const struct window *w, const char *source)
{
	return records_text(w->rec, w->open, source);
}

static struct text close_text(const struct window *w, const char *source)
{
	return records_text(w->rec, w->close, source);
}

static void put_delta(struct window *w, const struct metric *m, const char *name,
		      const char *source)
{
	json_t *metric = row_metric(m, name);
	char why[NAME_SIZE];
	int64_t value;

	if (delta(open_text(w, source), close_text(w, source), m->key, &value)) {
		put(w, metric, value);
		return;
	}
	snprintf(why, sizeof(why), "this kernel's %.60s has no %.100s", source, m->key);
	put_absent(w, metric, why);
}

/* Operations of all workloads in the window. */
static uint64_t all_ops(const struct window *w)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < w->rec->nr_works; i++)
		if (w->open->work[i].present && w->close->work[i].present)
			sum += w->close->work[i].work.ops - w->open->work[i].work.ops;
	return sum;
}

static void put_per_mop(struct window *w, const struct metric *m)
{
	json_t *metric = row_metric(m, m->name);
	uint64_t ops = all_ops(w);
	int64_t sum;

	if (!ops)
		put_absent(w, metric, "no workload finished an operation");
	else if (!delta(open_text(w, "vmstat"), close_text(w, "vmstat"), m->key, &sum))
		put_absent(w, metric, "this kernel's vmstat has no such counter");
	else
		put(w, metric, (int64_t)((__int128)sum * 1000000 / ops));
}

static void put_psi(struct window *w, const struct metric *m, const char *name, const char *source,
		    const char *kind)
{
	json_t *metric = row_metric(m, name);
	uint64_t a, b;

	if (text_psi(open_text(w, source), kind, &a) && text_psi(close_text(w, source), kind, &b))
		put(w, metric, (int64_t)(b - a));
	else
		put_absent(w, metric, "this kernel has no such pressure file");
}

/*
 * pgscan_* and pgsteal_* of vmstat count reclaim for a cgroup's limit only since they became node
 * counters; a kernel that has them per node says so by that.
 */
static void mark_meaning(struct window *w, const struct metric *m)
{
	json_t *last = json_array_get(w->out, json_array_size(w->out) - 1);
	uint64_t v;

	if (strncmp(m->key, "pgscan", 6) && strncmp(m->key, "pgsteal", 7))
		return;
	json_object_set_new(
		last, "meaning",
		json_string(text_get(close_text(w, "node.vmstat 0"), "pgscan_kswapd", &v)
				    ? "with-cgroup-limits"
				    : "without-cgroup-limits"));
}

static void measure_system(struct window *w)
{
	size_t i;

	for (i = 0; i < nr_metrics; i++) {
		const struct metric *m = &metrics[i];
		char source[32];
		const char *kind = strchr(m->key, ' ');

		if (m->source == METRIC_VMSTAT) {
			put_delta(w, m, m->name, "vmstat");
			mark_meaning(w, m);
		} else if (m->source == METRIC_PER_MOP) {
			put_per_mop(w, m);
		} else if (m->source == METRIC_PSI) {
			snprintf(source, sizeof(source), "%.*s", (int)(kind - m->key), m->key);
			put_psi(w, m, m->name, source, kind + 1);
		}
	}
}

static void cgroup_metric(struct window *w, const struct metric *m, const char *cgroup)
{
	char name[NAME_SIZE], source[NAME_SIZE];
	uint64_t v;

	snprintf(name, sizeof(name), "cgroup.%s.%s", cgroup, m->name);
	switch (m->source) {
	case METRIC_CGROUP_STAT:
		snprintf(source, sizeof(source), "memory.stat %s", cgroup);
		put_delta(w, m, name, source);
		break;
	case METRIC_CGROUP_EVENTS:
		snprintf(source, sizeof(source), "memory.events %s", cgroup);
		put_delta(w, m, name, source);
		break;
	case METRIC_CGROUP_PSI:
		snprintf(source, sizeof(source), "memory.pressure %s", cgroup);
		put_psi(w, m, name, source, m->key);
		break;
	case METRIC_CGROUP_LAST:
		snprintf(source, sizeof(source), "%s %s", m->key, cgroup);
		if (text_number(close_text(w, source), &v))
			put(w, row_metric(m, name), (int64_t)v);
		else
			put_absent(w, row_metric(m, name),
				   "this kernel's cgroups have no such file");
		break;
	default:
		break;
	}
}

/* Every counter of a source, as diagnostics. */
static void measure_raw(struct window *w, const char *source, const char *prefix)
{
	struct text open = open_text(w, source), close = close_text(w, source);
	char key[TEXT_KEY_MAX], name[NAME_SIZE];
	size_t pos = 0, open_pos = 0;
	uint64_t a, b;

	while (text_next(open, &open_pos, key, &a)) {
		char same[TEXT_KEY_MAX];

		/* The same file twice has its keys in the same order: one pass over both. */
		if (!text_next(close, &pos, same, &b) || strcmp(key, same))
			return;
		snprintf(name, sizeof(name), "%s.%s", prefix, key);
		put(w, new_metric(name, "change", "none", "diagnostic"), (int64_t)(b - a));
	}
}

/* "memory.stat NAME" and "node.vmstat N" name the cgroups and nodes there are. */
static void each_scoped(struct window *w, const char *kind,
			void (*fn)(struct window *w, const char *scope))
{
	size_t klen = strlen(kind);
	unsigned int i;

	for (i = 0; i < w->rec->nr_sources; i++) {
		struct text s = w->rec->source[i];
		struct text scope;
		char copy[64];

		if (!s.p || s.len <= klen || memcmp(s.p, kind, klen))
			continue;
		scope = (struct text){s.p + klen, s.len - klen};
		if (!plain(scope))
			continue;
		memcpy(copy, scope.p, scope.len);
		copy[scope.len] = '\0';
		fn(w, copy);
	}
}

static void measure_cgroup(struct window *w, const char *cgroup)
{
	char source[NAME_SIZE], prefix[NAME_SIZE];
	size_t i;

	for (i = 0; i < nr_metrics; i++)
		cgroup_metric(w, &metrics[i], cgroup);
	snprintf(source, sizeof(source), "memory.stat %s", cgroup);
	snprintf(prefix, sizeof(prefix), "cgroup.%s.stat", cgroup);
	measure_raw(w, source, prefix);
}

static void measure_node(struct window *w, const char *node)
{
	char source[NAME_SIZE], prefix[NAME_SIZE];

	snprintf(source, sizeof(source), "node.vmstat %s", node);
	snprintf(prefix, sizeof(prefix), "node.%s", node);
	measure_raw(w, source, prefix);
}

static void put_device(struct window *w, const char *device, const char *what, const char *unit,
		       uint64_t value)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "device.%s.%s", device, what);
	put(w, new_metric(name, unit, "none", "diagnostic"), (int64_t)value);
}

/* Documentation/block/stat.rst: requests, merged, sectors, ms; first of reads, then of writes. */
static void measure_device(struct window *w, const char *device)
{
	static const char *const names[2][3] = {{"reads", "read_kib", "read_mean_ns"},
						{"writes", "write_kib", "write_mean_ns"}};
	char source[NAME_SIZE];
	uint64_t a[8], b[8];
	int i;

	snprintf(source, sizeof(source), "device %s", device);
	if (!text_numbers(open_text(w, source), a, 8) || !text_numbers(close_text(w, source), b, 8))
		return;
	for (i = 0; i < 2; i++) {
		uint64_t n = b[4 * i] - a[4 * i], ms = b[4 * i + 3] - a[4 * i + 3];

		put_device(w, device, names[i][0], "count", n);
		put_device(w, device, names[i][1], "KiB", (b[4 * i + 2] - a[4 * i + 2]) / 2);
		put_device(w, device, names[i][2], "ns",
			   n ? (uint64_t)((unsigned __int128)ms * 1000000 / n) : 0);
	}
}

/* mm_stat of zram: bytes stored, bytes they take compressed, bytes of memory in use; at the close. */
static void measure_zram(struct window *w, const char *device)
{
	char source[NAME_SIZE];
	uint64_t v[3];

	snprintf(source, sizeof(source), "zram %s", device);
	if (!text_numbers(close_text(w, source), v, 3))
		return;
	put_device(w, device, "stored", "bytes", v[0]);
	put_device(w, device, "compressed", "bytes", v[1]);
	put_device(w, device, "memory", "bytes", v[2]);
}

static size_t load_buckets(const struct records_work *open, const struct records_work *close,
			   struct stats_bucket *out)
{
	size_t i, n = 0;

	for (i = 0; i < WIRE_BUCKETS; i++) {
		uint64_t a, b;

		memcpy(&a, open->bucket + i * sizeof(a), sizeof(a));
		memcpy(&b, close->bucket + i * sizeof(b), sizeof(b));
		if (b > a)
			out[n++] = (struct stats_bucket){wire_bucket_max((unsigned int)i), b - a};
	}
	return n;
}

static int64_t work_value(const struct metric *m, const struct window *w,
			  const struct records_work *a, const struct records_work *b,
			  const struct stats_bucket *bucket, size_t nr)
{
	uint64_t ops = b->work.ops - a->work.ops;
	uint64_t ns = w->close->time_ns - w->open->time_ns;

	if (!strcmp(m->key, "ops"))
		return (int64_t)ops;
	if (!strcmp(m->key, "rate"))
		return ns ? (int64_t)((unsigned __int128)ops * 1000000000u / ns) : 0;
	if (!strcmp(m->key, "mean"))
		return ops ? (int64_t)((b->work.latency_sum_ns - a->work.latency_sum_ns) / ops) : 0;
	if (!strcmp(m->key, "max"))
		return nr ? (int64_t)bucket[nr - 1].upper : 0;
	return (int64_t)stats_hist_quantile(bucket, nr, (double)strtoul(m->key, NULL, 10) / 1e6);
}

static void work_metric(struct window *w, const struct metric *m, const char *work, unsigned int id)
{
	const struct records_work *a = &w->open->work[id], *b = &w->close->work[id];
	struct stats_bucket bucket[WIRE_BUCKETS];
	bool needs_buckets = !strcmp(m->key, "max") || (m->key[0] >= '0' && m->key[0] <= '9');
	char name[NAME_SIZE];
	size_t nr = 0;

	snprintf(name, sizeof(name), "workload.%s.%s", work, m->name);
	if (needs_buckets && (!a->has_buckets || !b->has_buckets)) {
		put_absent(w, row_metric(m, name), "the run ended before the window closed");
		return;
	}
	if (needs_buckets)
		nr = load_buckets(a, b, bucket);
	put(w, row_metric(m, name), work_value(m, w, a, b, bucket, nr));
}

static void own_metrics(struct window *w, const char *work, unsigned int id)
{
	static const char *const better[] = {
		[WL_NONE] = "none", [WL_LOWER] = "lower", [WL_HIGHER] = "higher"};
	struct text t = w->rec->work_type[id];
	char type[64], name[NAME_SIZE];
	const struct workload *wl;
	size_t i;

	if (!plain(t))
		return;
	snprintf(type, sizeof(type), "%.*s", (int)t.len, t.p);
	wl = workload_find(type);
	for (i = 0; wl && i < wl->nr_metrics; i++) {
		const struct wl_metric *m = &wl->metrics[i];

		snprintf(name, sizeof(name), "workload.%s.%s", work, m->name);
		put(w, new_metric(name, m->unit, better[m->better], "secondary"),
		    (int64_t)(w->close->work[id].work.metric[i] -
			      w->open->work[id].work.metric[i]));
	}
}

static void measure_work(struct window *w, unsigned int id)
{
	struct text t = w->rec->work_name[id];
	char work[64];
	size_t i;

	if (!plain(t) || !w->open->work[id].present || !w->close->work[id].present)
		return;
	snprintf(work, sizeof(work), "%.*s", (int)t.len, t.p);
	for (i = 0; i < nr_metrics; i++)
		if (metrics[i].source == METRIC_WORKLOAD)
			work_metric(w, &metrics[i], work, id);
	own_metrics(w, work, id);
}

json_t *measure_metrics(const struct records *rec)
{
	struct window w = {rec, records_open_set(rec), records_last_set(rec), json_array()};
	unsigned int i;

	if (!w.open || w.open == w.close)
		return w.out;
	for (i = 0; i < rec->nr_works; i++)
		measure_work(&w, i);
	measure_system(&w);
	each_scoped(&w, "device ", measure_device);
	each_scoped(&w, "zram ", measure_zram);
	each_scoped(&w, "memory.stat ", measure_cgroup);
	measure_raw(&w, "vmstat", "vmstat");
	each_scoped(&w, "node.vmstat ", measure_node);
	return w.out;
}
