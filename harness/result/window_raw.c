// SPDX-License-Identifier: GPL-2.0-only
/* Every counter that there is, as diagnostics. */
#include <stdio.h>
#include <string.h>

#include "result/window.h"

static json_t *add(struct window *w, const char *name, const char *scope, const char *unit,
		   int64_t value)
{
	json_t *metric = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", name, "scope", scope,
				   "unit", unit, "better", "none", "class", "diagnostic", "value",
				   (json_int_t)value);

	json_array_append_new(w->out, metric);
	return metric;
}

static void measure_source(struct window *w, const char *source, const char *prefix,
			   const char *scope)
{
	struct text open = window_open_text(w, source), close = window_close_text(w, source);
	char key[TEXT_KEY_MAX], name[WINDOW_NAME];
	size_t pos = 0, open_pos = 0;
	uint64_t a, b;

	while (text_next(open, &open_pos, key, &a)) {
		char same[TEXT_KEY_MAX];

		/* The same file twice has its keys in the same order: one pass over both. */
		if (!text_next(close, &pos, same, &b) || strcmp(key, same))
			return;
		snprintf(name, sizeof(name), "%s.%s", prefix, key);
		window_mark(w, add(w, name, scope, "change", (int64_t)(b - a)), key,
			    !strncmp(scope, "cgroup", 6));
	}
}

/* Sources that there is one of for each cgroup, node or BPF object. */
struct family {
	const char *source, *scope, *suffix;
};

static void measure_one(struct window *w, const char *name, void *ctx)
{
	char source[WINDOW_NAME], prefix[WINDOW_NAME], scope[WINDOW_NAME];
	const struct family *f = ctx;

	snprintf(source, sizeof(source), "%s%s", f->source, name);
	snprintf(prefix, sizeof(prefix), "%s.%s%s", f->scope, name, f->suffix);
	snprintf(scope, sizeof(scope), "%s %s", f->scope, name);
	measure_source(w, source, prefix, scope);
}

static void put_device(struct window *w, const char *device, const char *what, const char *unit,
		       uint64_t value)
{
	char name[WINDOW_NAME], scope[WINDOW_NAME];

	snprintf(name, sizeof(name), "device.%s.%s", device, what);
	snprintf(scope, sizeof(scope), "device %s", device);
	add(w, name, scope, unit, (int64_t)value);
}

static void measure_count(struct window *w, const char *name, void *ctx)
{
	char source[WINDOW_NAME], metric[WINDOW_NAME];
	uint64_t a, b;

	(void)ctx;
	snprintf(source, sizeof(source), "count %s", name);
	snprintf(metric, sizeof(metric), "policy.%s", name);
	if (text_number(window_open_text(w, source), &a) &&
	    text_number(window_close_text(w, source), &b))
		add(w, metric, "policy", "change", (int64_t)(b - a));
}

/* Documentation/block/stat.rst: requests, merged, sectors, ms; first of reads, then of writes. */
static void measure_device(struct window *w, const char *device, void *ctx)
{
	static const char *const names[2][3] = {{"reads", "read_kib", "read_mean_ns"},
						{"writes", "write_kib", "write_mean_ns"}};
	char source[WINDOW_NAME];
	uint64_t a[8], b[8];
	int i;

	(void)ctx;
	snprintf(source, sizeof(source), "device %s", device);
	if (!text_numbers(window_open_text(w, source), a, 8) ||
	    !text_numbers(window_close_text(w, source), b, 8))
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
static void measure_zram(struct window *w, const char *device, void *ctx)
{
	char source[WINDOW_NAME];
	uint64_t v[3];

	(void)ctx;
	snprintf(source, sizeof(source), "zram %s", device);
	if (!text_numbers(window_close_text(w, source), v, 3))
		return;
	put_device(w, device, "stored", "bytes", v[0]);
	put_device(w, device, "compressed", "bytes", v[1]);
	put_device(w, device, "memory", "bytes", v[2]);
}

void window_measure_raw(struct window *w)
{
	struct family node = {"node.vmstat ", "node", ""};
	struct family cgroup = {"memory.stat ", "cgroup", ".stat"};
	struct family ext = {"memory.reclaim_ext ", "cgroup", ".reclaim_ext"};
	struct family policy = {"policy ", "policy", ""};

	window_each(w, "device ", measure_device, NULL);
	window_each(w, "zram ", measure_zram, NULL);
	measure_source(w, "vmstat", "vmstat", "system");
	window_each(w, node.source, measure_one, &node);
	window_each(w, cgroup.source, measure_one, &cgroup);
	window_each(w, ext.source, measure_one, &ext);
	window_each(w, policy.source, measure_one, &policy);
	window_each(w, "count ", measure_count, NULL);
}
