// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "result/measure.h"

/* Kernels have some 200; a guest gone wrong must not fill the disk with columns. */
#define VMSTAT_MAX 1024

/* The columns are those of the first set; what a later set lacks stays empty. */
static void head(const struct records *rec, const struct records_set *set, struct buf *csv)
{
	char key[TEXT_KEY_MAX];
	unsigned int i;
	uint64_t v;

	buf_adds(csv, "time_ns");
	for (i = 0; i < rec->nr_works; i++)
		buf_printf(csv, ",workload.%.*s.ops", (int)rec->work_name[i].len,
			   rec->work_name[i].p ? rec->work_name[i].p : "");
	for (i = 0; i < rec->nr_sources; i++) {
		struct text name = rec->source[i];
		size_t pos = 0, n = 0;

		if (text_is(name, "vmstat"))
			while (n++ < VMSTAT_MAX && text_next(set->text[i], &pos, key, &v))
				buf_printf(csv, ",vmstat.%s", key);
		else if (text_psi(set->text[i], "some", &v))
			buf_printf(csv, ",%.*s.some_us,%.*s.full_us", (int)name.len, name.p,
				   (int)name.len, name.p);
		else if (text_number(set->text[i], &v))
			buf_printf(csv, ",%.*s", (int)name.len, name.p);
	}
	buf_adds(csv, "\n");
}

static void cell(struct buf *csv, bool present, uint64_t v)
{
	if (present)
		buf_printf(csv, ",%" PRIu64, v);
	else
		buf_adds(csv, ",");
}

static void vmstat_cells(struct text first, struct text now, struct buf *csv)
{
	char key[TEXT_KEY_MAX], same[TEXT_KEY_MAX];
	size_t pos = 0, now_pos = 0, n = 0;
	bool aligned = true;
	uint64_t v;

	while (n++ < VMSTAT_MAX && text_next(first, &pos, key, &v)) {
		aligned = aligned && text_next(now, &now_pos, same, &v) && !strcmp(key, same);
		cell(csv, aligned, v);
	}
}

static void row(const struct records *rec, const struct records_set *first,
		const struct records_set *set, struct buf *csv)
{
	unsigned int i;
	uint64_t v = 0;
	bool ok;

	buf_printf(csv, "%" PRIu64, set->time_ns);
	for (i = 0; i < rec->nr_works; i++)
		cell(csv, set->work[i].present, set->work[i].work.ops);
	for (i = 0; i < rec->nr_sources; i++) {
		if (text_is(rec->source[i], "vmstat")) {
			vmstat_cells(first->text[i], set->text[i], csv);
		} else if (text_psi(first->text[i], "some", &v)) {
			ok = text_psi(set->text[i], "some", &v);
			cell(csv, ok, v);
			ok = text_psi(set->text[i], "full", &v);
			cell(csv, ok, v);
		} else if (text_number(first->text[i], &v)) {
			ok = text_number(set->text[i], &v);
			cell(csv, ok, v);
		}
	}
	buf_adds(csv, "\n");
}

void measure_series(const struct records *rec, struct buf *csv)
{
	size_t i;

	if (!rec->nr_sets)
		return;
	head(rec, &rec->set[0], csv);
	for (i = 0; i < rec->nr_sets; i++)
		row(rec, &rec->set[0], &rec->set[i], csv);
}
