// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "experiment/plan_policy.h"
#include "experiment/plan_sources.h"
#include "experiment/plan_storage.h"
#include "experiment/program.h"
#include "experiment/topology.h"
#include "image/image.h"
#include "workloads/lib/pattern.h"

#define CG "/sys/fs/cgroup"

/* When the gate opens: well after the slowest kernel of the ladder has booted and set up. */
#define GATE_NS 4000000000ull
/*
 * The seed moves the gate by up to a tick of a 250 Hz kernel, so that nothing phase-locks with it.
 */
#define JITTER_NS 4000000ull

struct plan {
	const struct guest *guest;
	const struct policy *policy;
	const struct scenario *scenario;
	struct storage_set storage;
	uint64_t seed;
	bool thp; /* the kernel can have huge pages */
	struct buf *out;
};

/* What a file system of some size leaves for data, at the least: bitmaps, inodes, extent blocks. */
static uint64_t fs_usable(const struct storage *s)
{
	uint64_t usable = s->size / 64 * 63 - (1u << 20);

	if (!storage_is_block(s))
		return s->size;
	return s->fs == STORAGE_XFS ? usable - FS_XFS_LOG : usable;
}

static uint64_t size_of_files(const struct storage_set *storage, const struct scenario *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->nr_files; i++)
		sum += s->file[i].size;
	for (i = 0; i < storage->nr_swaps; i++)
		if (storage->swap[i].driver == STORAGE_FILE)
			sum += storage->swap[i].size;
	return sum;
}

static int check_files(const struct guest *g, const struct scenario *s,
		       const struct storage_set *storage, struct err *err)
{
	const struct storage *data = &storage->data;
	uint64_t sum = size_of_files(storage, s);

	if (!sum || (data->driver != STORAGE_NONE && sum <= fs_usable(data)))
		return 0;
	if (data->driver == STORAGE_NONE)
		return err_set(err, -EINVAL,
			       "scenario %s has files, but guest %s has no data device", s->name,
			       g->name);
	return err_set(err, -EINVAL,
		       "scenario %s has %llu MiB of files; they do not fit on the data device of "
		       "guest %s (%llu MiB)",
		       s->name, (unsigned long long)sum >> 20, g->name,
		       (unsigned long long)data->size >> 20);
}

/* Where movable memory is looked for is fixed; what the machine boots with must end below. */
static int check_movable(const struct guest *g, const struct machine *m, struct err *err)
{
	uint64_t boot = machine_boot_memory(m);

	if (!machine_has_movable(m) || boot <= MACHINE_BELOW_MOVABLE)
		return 0;
	return err_set(err, -EINVAL,
		       "guest %s has movable nodes, so its others can have %llu MiB with the "
		       "stores of devices; they have %llu MiB",
		       g->name, MACHINE_BELOW_MOVABLE >> 20, (unsigned long long)boot >> 20);
}

static void need(struct plan_needs *needs, const char *module)
{
	size_t i;

	for (i = 0; needs->module[i]; i++)
		if (!strcmp(needs->module[i], module))
			return;
	if (i < PLAN_MODULES_MAX)
		needs->module[i] = module;
}

static void need_driver(struct plan_needs *needs, const struct storage *s)
{
	const char *const *module = storage_modules(s);

	/* Named, since the default differs between kernels; 6.1 has each as a module. */
	if (s->driver == STORAGE_ZRAM)
		need(needs, storage_algorithms[s->algorithm]);
	for (; *module; module++)
		need(needs, *module);
}

int plan_needs(const struct guest *guest, const struct scenario *scenario, struct plan_needs *needs,
	       struct err *err)
{
	struct storage_set storage = storage_merge(&guest->storage, &scenario->storage);
	unsigned int i;
	int ret = storage_check(&storage, err);

	*needs = (struct plan_needs){.machine = guest_machine(guest, &storage)};
	if (ret)
		return err_prefix(err, ret, "scenario %s on guest %s", scenario->name, guest->name);
	for (i = 0; i < storage.nr_swaps; i++)
		need_driver(needs, &storage.swap[i]);
	need_driver(needs, &storage.data);
	if (storage_is_block(&storage.data)) {
		needs->fs = storage_file_systems[storage.data.fs];
		needs->fs_size = storage.data.size;
		need(needs, needs->fs);
	}
	if (storage.data.driver == STORAGE_FUSE)
		needs->module_if_any = "fuse";
	if (check_movable(guest, &needs->machine, err))
		return -EINVAL;
	ret = plan_sources_check(guest, &storage, scenario, err);
	return ret ? ret : check_files(guest, scenario, &storage, err);
}

/* What the kernel must have made of the machine; anything else ends the experiment here. */
static void write_topology(struct plan *p, const struct plan_kernel *kernel)
{
	struct machine m = guest_machine(p->guest, &p->storage);

	/* What is persistent is no memory to the kernel. */
	m.node[machine_pmem_node(&m)].memory -= m.pmem;
	if (kernel->numa)
		topology_plan(&m, kernel->kasan, p->out);
	else
		topology_plan_flat(&m, kernel->kasan, p->out);
}

/*
 * The devices' stores are memory: every node gives its share, as guest_machine() added it.
 */
static void write_interleave(struct plan *p)
{
	buf_adds(p->out, "interleave ");
	topology_list(machine_kernel_nodes(&p->guest->machine), p->out);
	buf_adds(p->out, "\n");
}

/* What a kernel without huge pages does anyway. */
static bool holds_without_thp(const struct conf_entry *e)
{
	static const char dir[] = "/sys/kernel/mm/transparent_hugepage/";

	return !strncmp(e->key, dir, sizeof(dir) - 1) && !strcmp(e->value, "never");
}

static void write_knobs(struct plan *p, const struct conf *conf, const char *section,
			const char *verb)
{
	struct conf_section *sec = conf_section((struct conf *)conf, section, "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++)
		if (p->thp || !holds_without_thp(&sec->entry[i]))
			buf_printf(p->out, "%s %s %s\n", verb, sec->entry[i].key,
				   sec->entry[i].value);
}

static void write_seed(struct plan *p)
{
	char text[64], hex[SHA256_HEX];

	snprintf(text, sizeof(text), "wringer seed %llu", (unsigned long long)p->seed);
	sha256_buf(text, strlen(text), hex);
	buf_printf(p->out, "seed %s\n", hex);
}

/* The controllers whose files a scenario's cgroups use, memory always: "+memory +io". */
static void list_controllers(const struct conf *conf, struct buf *out)
{
	static const char *const names[] = {"cpu", "cpuset", "io", "pids", "hugetlb", "misc"};
	size_t n, i, k;

	buf_adds(out, "+memory");
	for (n = 0; n < ARRAY_SIZE(names); n++) {
		size_t len = strlen(names[n]);
		bool used = false;

		for (i = 0; i < conf->nr_sections; i++)
			for (k = 0; !strcmp(conf->section[i].name, "cgroup") &&
				    k < conf->section[i].nr_entries; k++)
				used |= !strncmp(conf->section[i].entry[k].key, names[n], len) &&
					conf->section[i].entry[k].key[len] == '.';
		if (used)
			buf_printf(out, " +%s", names[n]);
	}
}

/*
 * Each folder on the way, with the controllers handed down to what is below it.  Of one that has a
 * section of its own nothing else is set here, so that sections may be in any order.
 */
static void write_cgroup(struct plan *p, const struct conf_section *sec, const char *controllers)
{
	const char *slash = sec->arg;
	size_t i;

	while ((slash = strchr(slash, '/'))) {
		int len = (int)(slash - sec->arg);

		buf_printf(p->out,
			   "mkdir " CG "/%.*s\nwrite " CG "/%.*s/cgroup.subtree_control %s\n",
			   len, sec->arg, len, sec->arg, controllers);
		slash++;
	}
	buf_printf(p->out, "mkdir " CG "/%s\n", sec->arg);
	for (i = 0; i < sec->nr_entries; i++)
		buf_printf(p->out, "write " CG "/%s/%s %s\n", sec->arg, sec->entry[i].key,
			   sec->entry[i].value);
}

static void write_cgroups(struct plan *p)
{
	const struct conf *conf = &p->scenario->conf;
	cleanup_buf struct buf controllers = {0};
	size_t i;

	list_controllers(conf, &controllers);
	buf_printf(p->out, "write " CG "/cgroup.subtree_control %s\n", buf_str(&controllers));
	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			write_cgroup(p, &conf->section[i], buf_str(&controllers));
}

/* As the kernel took them: it rounds, and a later write may have gone wrong. */
static void write_cgroup_states(struct plan *p, const char *name)
{
	static const char *const files[] = {"memory.min", "memory.low", "memory.high", "memory.max",
					    "memory.swap.max"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		buf_printf(p->out, "state cgroup.%s.%s " CG "/%s/%s\n", name, files[i], name,
			   files[i]);
}

/* What two arms must agree on to be comparable, beyond their specs. */
static void write_states(struct plan *p)
{
	static const char *const states[][2] = {
		{"thp.enabled", "/sys/kernel/mm/transparent_hugepage/enabled"},
		{"thp.defrag", "/sys/kernel/mm/transparent_hugepage/defrag"},
		{"thp.shmem", "/sys/kernel/mm/transparent_hugepage/shmem_enabled"},
		{"thp.size.16k", "/sys/kernel/mm/transparent_hugepage/hugepages-16kB/enabled"},
		{"thp.size.64k", "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"},
		{"thp.size.2m", "/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled"},
		{"thp.khugepaged.defrag",
		 "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag"},
		{"ksm.run", "/sys/kernel/mm/ksm/run"},
		{"lru_gen.enabled", "/sys/kernel/mm/lru_gen/enabled"},
		{"lru_gen.min_ttl_ms", "/sys/kernel/mm/lru_gen/min_ttl_ms"},
		{"numa.balancing", "/proc/sys/kernel/numa_balancing"},
		{"numa.demotion", "/sys/kernel/mm/numa/demotion_enabled"},
		{"vm.swappiness", "/proc/sys/vm/swappiness"},
		{"vm.page-cluster", "/proc/sys/vm/page-cluster"},
		{"vm.min_free_kbytes", "/proc/sys/vm/min_free_kbytes"},
		{"vm.watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor"},
		{"vm.watermark_boost_factor", "/proc/sys/vm/watermark_boost_factor"},
		{"vm.vfs_cache_pressure", "/proc/sys/vm/vfs_cache_pressure"},
		{"vm.dirty_ratio", "/proc/sys/vm/dirty_ratio"},
		{"vm.dirty_background_ratio", "/proc/sys/vm/dirty_background_ratio"},
		{"vm.dirty_bytes", "/proc/sys/vm/dirty_bytes"},
		{"vm.dirty_background_bytes", "/proc/sys/vm/dirty_background_bytes"},
		{"vm.dirty_expire_centisecs", "/proc/sys/vm/dirty_expire_centisecs"},
		{"vm.dirty_writeback_centisecs", "/proc/sys/vm/dirty_writeback_centisecs"},
		{"vm.compaction_proactiveness", "/proc/sys/vm/compaction_proactiveness"},
		{"vm.extfrag_threshold", "/proc/sys/vm/extfrag_threshold"},
		{"vm.lowmem_reserve_ratio", "/proc/sys/vm/lowmem_reserve_ratio"},
		{"vm.percpu_pagelist_high_fraction",
		 "/proc/sys/vm/percpu_pagelist_high_fraction"},
		{"vm.min_slab_ratio", "/proc/sys/vm/min_slab_ratio"},
		{"vm.min_unmapped_ratio", "/proc/sys/vm/min_unmapped_ratio"},
		{"vm.stat_interval", "/proc/sys/vm/stat_interval"},
		{"vm.defrag_mode", "/proc/sys/vm/defrag_mode"},
		{"vm.overcommit_memory", "/proc/sys/vm/overcommit_memory"},
		{"vm.zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode"},
		{"zswap.enabled", "/sys/module/zswap/parameters/enabled"},
		{"zram.comp_algorithm", "/sys/block/zram0/comp_algorithm"},
		{"swap.rotational", "/sys/block/sda/queue/rotational"},
		{"swaps", "/proc/swaps"},
		{"cpus.online", "/sys/devices/system/cpu/online"},
		{"nodes.online", "/sys/devices/system/node/online"},
		{"nodes.memory", "/sys/devices/system/node/has_memory"},
		{"nodes.normal_memory", "/sys/devices/system/node/has_normal_memory"},
		{"nodes.cpu", "/sys/devices/system/node/has_cpu"},
		{"cmdline", "/proc/cmdline"},
	};
	const struct conf *conf = &p->scenario->conf;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		buf_printf(p->out, "state %s %s\n", states[i][0], states[i][1]);
	topology_states(&p->guest->machine, p->out);
	plan_storage_states(&p->storage, p->out);
	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			write_cgroup_states(p, conf->section[i].arg);
}

/* Every option, defaults too, as the plain numbers that the workload program takes. */
static void write_option(struct buf *out, const struct conf_key *key, const void *opts)
{
	const char *field = (const char *)opts + key->offset;

	buf_printf(out, " %s=", key->name);
	switch (key->type) {
	case CONF_STR:
		buf_adds(out, *(char *const *)field);
		break;
	case CONF_BOOL:
		buf_printf(out, "%d", *(const bool *)field);
		break;
	case CONF_CHOICE:
		buf_printf(out, "%u", *(const unsigned int *)field);
		break;
	default:
		buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
		break;
	}
}

/* What a task has beside its cgroup; nothing is written where all is as usual. */
static void write_task(struct plan *p, const struct scenario_work *w)
{
	if (*w->cpus)
		buf_printf(p->out, "cpus %s\n", w->cpus);
	if (w->mempolicy)
		buf_printf(p->out, "mempolicy %s %s\n", scenario_mempolicies[w->mempolicy],
			   w->nodes);
	if (w->nice)
		buf_printf(p->out, "nice %llu\n", (unsigned long long)w->nice);
	if (w->held)
		buf_adds(p->out, "hold\n");
}

static void write_work(struct plan *p, size_t i)
{
	const struct scenario_work *w = &p->scenario->work[i];
	size_t k;

	write_task(p, w);
	if (is_program(w)) {
		program_plan(w, wl_mix(p->seed * 1024 + i), p->out);
		return;
	}
	buf_printf(p->out, "spawn %s %s %s seed=%llu", w->name, w->type->name, w->cgroup,
		   (unsigned long long)wl_mix(p->seed * 1024 + i));
	if (w->ops)
		buf_printf(p->out, " ops=%llu", (unsigned long long)w->ops);
	for (k = 0; k < w->type->nr_options; k++)
		write_option(p->out, &w->type->options[k], w->opts);
	buf_adds(p->out, "\n");
}

/* What a run that goes on too long, or loses a workload, is to be taken for. */
static void write_limits(struct plan *p)
{
	const struct scenario *s = p->scenario;

	buf_printf(p->out, "limit %llu\n", (unsigned long long)(GATE_NS + s->limit_ns));
	if (s->oom_allowed)
		buf_adds(p->out, "allow oom\n");
}

/* The user's own; in the order of the file. */
static void write_own_modules(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->scenario->nr_modules; i++)
		buf_printf(p->out, "insmod %s %s\n", p->scenario->module[i].name,
			   p->scenario->module[i].params);
}

static void write_times(struct plan *p)
{
	const struct scenario *s = p->scenario;

	buf_printf(p->out, "times %llu %llu %llu %llu %llu %llu\n", GATE_NS,
		   (unsigned long long)(wl_mix(~p->seed) % JITTER_NS),
		   (unsigned long long)s->warmup_ns, (unsigned long long)s->window_ns,
		   (unsigned long long)s->sample_ns, (unsigned long long)s->hang_ns);
	if (*s->warmup_ops)
		buf_printf(p->out, "warmup_ops %s\n", s->warmup_ops);
	if (s->steady)
		buf_printf(p->out, "steady %llu %llu\n", (unsigned long long)s->steady,
			   (unsigned long long)s->steady_period_ns);
	if (*s->warmup_ops || s->steady)
		buf_printf(p->out, "warmup_max %llu\n", (unsigned long long)s->warmup_max_ns);
	if (*s->window_ops)
		buf_printf(p->out, "window_ops %s\n", s->window_ops);
	if (*s->until)
		buf_printf(p->out, "until %s\n", s->until);
}

/* Events, and who is in which cgroup, which is what tells whose they are. */
static void write_trace(struct plan *p)
{
	const struct conf *conf = &p->scenario->conf;
	size_t i;

	buf_printf(p->out, "trace %s\n", scenario_traces[p->scenario->trace]);
	for (i = 0; p->scenario->trace != TRACE_NONE && i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			buf_printf(p->out, "threads " CG "/%s/cgroup.threads %s\n",
				   conf->section[i].arg, conf->section[i].arg);
}

static struct plan new_plan(const struct guest *guest, const struct scenario *scenario,
			    struct buf *out)
{
	return (struct plan){.guest = guest, .scenario = scenario, .out = out,
			     .storage = storage_merge(&guest->storage, &scenario->storage)};
}

void plan_setup(const struct guest *guest, const struct scenario *scenario, char *const *modules,
		const struct plan_kernel *kernel, struct buf *out)
{
	struct plan p = new_plan(guest, scenario, out);

	buf_adds(out, "# wringer setup 1\n");
	write_topology(&p, kernel);
	if (kernel->numa)
		write_interleave(&p);
	plan_storage(&p.storage, modules, out);
	if (kernel->numa)
		buf_adds(out, "interleave off\n");
}

void plan_params(const struct guest *guest, const struct scenario *scenario,
		 const struct plan_needs *needs, char *const *modules, struct buf *out)
{
	struct storage_set storage = storage_merge(&guest->storage, &scenario->storage);

	plan_storage_params(&storage, needs->module, modules, out);
}

void plan_write(const struct guest *guest, const struct policy *policy,
		const struct scenario *scenario, bool thp, uint64_t seed, struct buf *out)
{
	struct plan p = new_plan(guest, scenario, out);
	size_t i;

	p.policy = policy;
	p.thp = thp;
	p.seed = seed;
	buf_adds(out, "# wringer plan 4\n");
	plan_files(&p.storage, scenario, out);
	/* From here on seed and policy matter; all before is the same for every seed and policy. */
	write_limits(&p);
	write_seed(&p);
	write_own_modules(&p);
	write_cgroups(&p);
	/* Its scans depend on when they start, which no seed is meant to decide; a scenario may
	 * want it. */
	buf_adds(out, "tune /proc/sys/kernel/numa_balancing 0\n");
	write_knobs(&p, &scenario->conf, "set", "write");
	/* Last, so that what is expected of a policy is what the workloads meet. */
	write_knobs(&p, &policy->conf, "tune", "tune");
	write_knobs(&p, &policy->conf, "set", "write");
	write_knobs(&p, &policy->conf, "expect", "expect");
	plan_policy(policy, scenario, out);
	write_states(&p);
	write_trace(&p);
	for (i = 0; i < scenario->nr_works; i++)
		write_work(&p, i);
	plan_sources(guest, &p.storage, scenario, policy->nr_objects, out);
	buf_adds(out, buf_str(&scenario->steps));
	write_times(&p);
}
