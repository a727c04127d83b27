// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0: a gauge for each metric and a sample of it for each case, and how each case stands as a state
 * set.  There are no timestamps: what is in a result has no time of the host, and node_exporter's collector of
 * text files takes none.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"
#include "result/metrics.h"

#define PREFIX "wringer_"

struct sample {
	char *family; /* owned: with the unit at its end */
	char *unit;   /* owned, or "" */
	size_t order; /* as they were found */
	const struct export_group *g;
	const struct export_case *c;
	const struct export_value *v;
};

struct samples {
	struct sample *s;
	size_t nr;
};

static void add_escaped(struct buf *out, const char *text)
{
	size_t len;

	for (; *text; text += len + !!text[len]) {
		len = strcspn(text, "\\\"");
		buf_add(out, text, len);
		if (text[len])
			buf_printf(out, "\\%c", text[len]);
	}
}

static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s%s=\"", out->data[out->len - 1] == '{' ? "" : ",", name);
	add_escaped(out, value);
	buf_adds(out, "\"");
}

static void add_name(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, "%c", isalnum((unsigned char)*text) ? tolower((unsigned char)*text) : '_');
}

/* "op/s" is op_per_s, "KiB" kib as names have it; a count is no unit, and _count would mean something else. */
static char *unit_of(const char *unit)
{
	cleanup_buf struct buf out = {0};
	const char *over = strchr(unit, '/');
	cleanup_free char *first = strndup(unit, strcspn(unit, "/"));

	if (!strcmp(unit, "count") || !strcmp(unit, "change"))
		return xstrdup("");
	add_name(&out, first);
	if (over) {
		buf_adds(&out, "_per_");
		add_name(&out, over + 1);
	}
	return xstrdup(buf_str(&out));
}

/*
 * Of "workload kv" and "workload.kv.rate": "workload", a label's name, with "kv" as its value and ".rate", which
 * is left of the name.  NULL for another scope.
 */
static const char *instance_of(const struct export_value *v, const char **value, const char **rest)
{
	size_t i, len;

	for (i = SCOPE_NODE; i < SCOPE_NR; i++) {
		const char *kind = metric_scope_name((enum metric_scope)i);

		len = strlen(kind);
		if (strncmp(v->scope, kind, len) || v->scope[len] != ' ' || strncmp(v->name, kind, len) ||
		    v->name[len] != '.')
			continue;
		*value = v->scope + len + 1;
		*rest = v->name + len + 1 + strlen(*value);
		if (!strncmp(v->name + len + 1, *value, strlen(*value)) && **rest == '.')
			return kind;
	}
	return NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len > n && text[len - n - 1] == '_' && !strcmp(text + len - n, end);
}

static char *family_of(const struct export_value *v, const char *unit)
{
	cleanup_buf struct buf out = {0};
	const char *value, *rest, *kind = instance_of(v, &value, &rest);

	buf_printf(&out, PREFIX "%s", kind ? kind : "");
	add_name(&out, kind ? rest : v->name);
	if (*unit && !ends_with(out.data, unit))
		buf_printf(&out, "_%s", unit);
	return xstrdup(buf_str(&out));
}

static void add_sample(struct samples *all, const struct export_group *g, const struct export_case *c,
		       const struct export_value *v)
{
	char *unit = unit_of(v->unit);

	/* Grows by doubling: sizes are powers of two. */
	if (!(all->nr & (all->nr - 1)))
		all->s = xrealloc(all->s, all->nr ? 2 * all->nr : 1, sizeof(*all->s));
	all->s[all->nr] = (struct sample){family_of(v, unit), unit, all->nr, g, c, v};
	all->nr++;
}

static int by_family(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int diff = strcmp(x->family, y->family);

	return diff ? diff : x->order < y->order ? -1 : x->order > y->order;
}

static void add_place(struct buf *out, const struct export_group *g, const struct export_case *c)
{
	char seed[24];
	size_t i;

	buf_adds(out, "{");
	for (i = 0; i < AXIS_NR; i++)
		add_label(out, axis_name((enum axis)i), g->label[i]);
	if (g->suite) {
		add_label(out, "suite", g->suite);
		add_label(out, "cells", g->cells);
		add_label(out, "case", c->name);
		return;
	}
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)c->seed);
	add_label(out, "seed", seed);
	snprintf(seed, sizeof(seed), "%.12s", c->id);
	add_label(out, "id", seed);
}

/* The metric's own name tells those apart that a family's name does not. */
static void add_value(struct buf *out, const struct sample *s)
{
	const char *instance, *rest, *kind = instance_of(s->v, &instance, &rest);

	buf_adds(out, s->family);
	add_place(out, s->g, s->c);
	if (kind)
		add_label(out, kind, instance);
	add_label(out, "metric", s->v->name);
	buf_adds(out, "} ");
	number_add(out, s->v->value);
	buf_adds(out, "\n");
}

static void add_family(struct buf *out, const struct sample *s, size_t nr)
{
	const char *unit = s->unit;
	size_t i;

	for (i = 1; i < nr; i++)
		if (strcmp(s[i].unit, unit))
			unit = "";
	buf_printf(out, "# TYPE %s gauge\n", s->family);
	if (*unit)
		buf_printf(out, "# UNIT %s %s\n", s->family, unit);
	if (s->v->help) {
		buf_printf(out, "# HELP %s ", s->family);
		add_escaped(out, s->v->help);
		buf_adds(out, "\n");
	}
	for (i = 0; i < nr; i++)
		add_value(out, &s[i]);
}

static void add_status(struct buf *out, const struct export_group *g, const struct export_case *c)
{
	size_t i;

	for (i = 0; i < EXPORT_STATUSES; i++) {
		buf_adds(out, PREFIX "status");
		add_place(out, g, c);
		add_label(out, PREFIX "status", export_status_name((enum export_status)i));
		buf_printf(out, "} %d\n", c->status == i);
	}
}

static void add_statuses(struct buf *out, const struct export *e)
{
	size_t i, k;

	buf_adds(out, "# TYPE " PREFIX "status stateset\n# HELP " PREFIX
		      "status how an experiment ended, or what a comparison came to\n");
	for (i = 0; i < e->nr; i++)
		for (k = 0; k < e->group[i].nr; k++)
			add_status(out, &e->group[i], &e->group[i].c[k]);
}

static void collect(const struct export *e, struct samples *all)
{
	size_t i, k, n;

	for (i = 0; i < e->nr; i++)
		for (k = 0; k < e->group[i].nr; k++)
			for (n = 0; n < e->group[i].c[k].nr; n++)
				add_sample(all, &e->group[i], &e->group[i].c[k], &e->group[i].c[k].value[n]);
	if (all->nr)
		qsort(all->s, all->nr, sizeof(*all->s), by_family);
}

void export_openmetrics(const struct export *e, struct buf *out)
{
	struct samples all = {0};
	size_t i, n;

	collect(e, &all);
	add_statuses(out, e);
	for (i = 0; i < all.nr; i += n) {
		for (n = 1; i + n < all.nr && !strcmp(all.s[i].family, all.s[i + n].family); n++)
			;
		add_family(out, &all.s[i], n);
	}
	buf_adds(out, "# EOF\n");
	for (i = 0; i < all.nr; i++) {
		free(all.s[i].family);
		free(all.s[i].unit);
	}
	free(all.s);
}
