// SPDX-License-Identifier: GPL-2.0-only
/* Which counters tell of the same event. */
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/explain.h"

/* By the name without its scope; the first that fits.  Blank-separated globs. */
static const struct {
	const char *family;
	const char *keys;
} families[] = {
	{"OOM kills", "*oom* mark_victim"},
	{"limits of cgroups", "events.* events.local.* swap.events.*"},
	{"throttling", "*throttle* balance_dirty_pages"},
	{"direct reclaim", "allocstall* mm_vmscan_direct_* reclaim.direct.* pg*_direct"},
	{"reclaim at a limit", "mm_vmscan_memcg_* reclaim.memcg.*"},
	{"proactive reclaim", "reclaim.proactive.* pg*_proactive"},
	{"kswapd", "kswapd_* mm_vmscan_kswapd_* mm_vmscan_wakeup_kswapd "
		   "mm_vmscan_balance_pgdat_* reclaim.kswapd.* pg*_kswapd pageoutrun task.kswapd*"},
	{"scan and steal", "pgscan* pgsteal* pgrefill* pgskip* pginodesteal slabs_scanned "
			   "pgrotate* mm_vmscan_lru_* reclaim.other.*"},
	{"refaults", "workingset_*"},
	{"swapping", "pswp* swpin* swpout* nrswp* *[Ss]wap* nr_vmscan_write zswp* zswap* "
		     "nr_zspages stored compressed memory same_pages"},
	{"migration and tiers", "pgdemote* pgpromote* numa_* pgmigrate* migrate_* nr_migrate* "
				"thp_migration*"},
	{"compaction and THP", "compact_* thp_* mm_compaction_* *AnonHuge* *_thp nr_anon_transparent_hugepages "
			       "task.kcompactd* task.khugepaged* *Huge*"},
	{"writeback", "*[Dd]irty* *[Ww]riteback* nr_written"},
	{"faults", "pgfault pgmajfault minflt majflt pglazyfree*"},
	{"free pages", "free nr_free* MemFree MemAvailable cpu.* buddy.* pgfree pgalloc* allocated "
		       "nr_zone_* low high min promo MemUsed protection.*"},
	{"lists and generations", "nr_*active* *[Aa]ctive* lru_gen.* pgactivate pgdeactivate "
				  "min_seq max_seq gen.* nr_isolated* inactive_*"},
	{"pressure", "psi.* some_us full_us"},
	{"workloads", "workload.*"},
	{"I/O", "reads read_* writes write_* in_flight io_ms queue_ms pgpgin pgpgout discard* flush*"},
	{"CPU time", "task.*"},
};

#define REST "memory in use"

/* The words of a list of globs. */
static bool fits(const char *key, const char *globs)
{
	char glob[64];
	size_t len;

	for (; *globs; globs += len + (globs[len] == ' ')) {
		len = strcspn(globs, " ");
		snprintf(glob, sizeof(glob), "%.*s", (int)len, globs);
		if (!fnmatch(glob, key, 0))
			return true;
	}
	return false;
}

/* "cgroup.kv.stat.pgscan" in two: "cgroup kv" and "stat.pgscan". */
static const char *part(const char *name, char *scope, size_t size)
{
	static const char *const scoped[] = {"node.", "cgroup.", "workload.", "device.", "zram.",
					     "zone.", "buddy.", "task.", "lru_gen."};
	const char *at = !strncmp(name, "trace.", 6) ? name + 6 : name, *dot;
	size_t i, len;

	snprintf(scope, size, "system");
	for (i = 0; i < ARRAY_SIZE(scoped); i++) {
		len = strlen(scoped[i]);
		dot = strncmp(at, scoped[i], len) ? NULL : strchr(at + len, '.');
		if (!dot)
			continue;
		snprintf(scope, size, "%.*s %.*s", (int)len - 1, scoped[i], (int)(dot - at - (long)len),
			 at + len);
		return dot + 1;
	}
	return strncmp(at, "vmstat.", 7) && strncmp(at, "meminfo.", 8) ? at : strchr(at, '.') + 1;
}

/* Zones and free lists are of nodes, generations of cgroups. */
void explain_scope(const char *name, char *out, size_t size)
{
	char scope[96];
	const char *word;

	part(name, scope, sizeof(scope));
	word = strchr(scope, ' ');
	if (!strncmp(scope, "zone ", 5) || !strncmp(scope, "buddy ", 6))
		snprintf(out, size, "node%s", word);
	else if (!strncmp(scope, "lru_gen ", 8))
		snprintf(out, size, "cgroup%s", word);
	else
		snprintf(out, size, "%s", scope);
}

static const char *family_of(const char *name)
{
	char scope[96];
	const char *key = part(name, scope, sizeof(scope)), *last;
	size_t i;

	if (!strncmp(key, "numa.", 5) && strchr(key + 5, '.'))
		key = strchr(key + 5, '.') + 1;
	else if (!strncmp(key, "stat.", 5) || !strncmp(key, "meminfo.", 8))
		key = strchr(key, '.') + 1;
	last = strrchr(key, '.');
	for (i = 0; i < ARRAY_SIZE(families); i++)
		if (fits(key, families[i].keys) || fits(name, families[i].keys) ||
		    (last && !strncmp(name, "zone.", 5) && fits(last + 1, families[i].keys)))
			return families[i].family;
	return REST;
}

static void add_to(struct explain_group *g, const struct explain_finding *f)
{
	if (!(g->nr & (g->nr - 1)))
		g->finding = xrealloc(g->finding, g->nr ? 2 * g->nr : 1,
				      sizeof(struct explain_finding *));
	g->finding[g->nr++] = f;
}

/*
 * Findings come by time.  One that is looked at rarely is found late, but if it agreed last before the
 * group's moment it can be of it.
 */
static struct explain_group *group_for(struct explain_groups *all, const struct explain_finding *f,
				       const char *family, double lo)
{
	size_t i;

	for (i = 0; i < all->nr; i++) {
		struct explain_group *g = &all->group[i];

		if (g->family == family && g->phase == f->series->phase && g->start == f->start &&
		    (f->start || lo < g->hi))
			return g;
	}
	return NULL;
}

static double largest(const struct explain_group *g)
{
	return fabs(g->finding[0]->distance);
}

static int by_distance(const void *a, const void *b)
{
	const struct explain_finding *x = *(const struct explain_finding *const *)a;
	const struct explain_finding *y = *(const struct explain_finding *const *)b;
	double dx = fabs(x->distance), dy = fabs(y->distance);

	return dx != dy ? (dx < dy ? 1 : -1) : strcmp(x->series->name, y->series->name);
}

static int by_time(const void *a, const void *b)
{
	const struct explain_group *x = a, *y = b;
	double dx = largest(x), dy = largest(y);

	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->start != y->start)
		return x->start ? -1 : 1;
	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	return dx != dy ? (dx < dy ? 1 : -1) : strcmp(x->family, y->family);
}

static void add_group(struct explain_groups *out, const struct explain_finding *f,
		      const char *family)
{
	struct explain_group g = {.family = family, .phase = f->series->phase, .start = f->start};

	explain_interval(f, &g.lo, &g.hi);
	add_to(&g, f);
	out->group = xrealloc(out->group, out->nr + 1, sizeof(*out->group));
	out->group[out->nr++] = g;
}

void explain_group(const struct explain *e, struct explain_groups *out)
{
	size_t i;

	*out = (struct explain_groups){0};
	for (i = 0; i < e->nr; i++) {
		const struct explain_finding *f = &e->finding[i];
		const char *family = family_of(f->series->name);
		struct explain_group *g;
		double lo, hi;

		explain_interval(f, &lo, &hi);
		g = group_for(out, f, family, lo);
		if (g)
			add_to(g, f);
		else
			add_group(out, f, family);
	}
	for (i = 0; i < out->nr; i++)
		qsort(out->group[i].finding, out->group[i].nr, sizeof(struct explain_finding *),
		      by_distance);
	if (out->nr)
		qsort(out->group, out->nr, sizeof(*out->group), by_time);
}

void explain_groups_release(struct explain_groups *groups)
{
	size_t i;

	for (i = 0; i < groups->nr; i++)
		free(groups->group[i].finding);
	free(groups->group);
	*groups = (struct explain_groups){0};
}
