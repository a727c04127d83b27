// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "workloads/lib/data.h"
#include "workloads/lib/pattern.h"

#define CG "/sys/fs/cgroup"

/* When the gate opens: well after the slowest kernel of the ladder has booted and set up. */
#define GATE_NS 4000000000ull
/*
 * The seed moves the gate by up to a tick of a 250 Hz kernel, so that nothing phase-locks with it.
 */
#define JITTER_NS 4000000ull

/* What a file system of some size leaves for data, at the least: bitmaps, inodes, extent blocks. */
#define FS_USABLE(size) ((size) / 64 * 63 - (1u << 20))

struct plan {
	const struct guest *guest;
	const struct policy *policy;
	const struct scenario *scenario;
	const struct storage *swap;
	const struct storage *data;
	uint64_t seed;
	struct buf *out;
};

static const struct storage *swap_of(const struct guest *g, const struct scenario *s)
{
	return s->has_swap ? &s->swap : &g->swap;
}

static const struct storage *data_of(const struct guest *g, const struct scenario *s)
{
	return s->has_data ? &s->data : &g->data;
}

static int check_files(const struct guest *g, const struct scenario *s, const struct storage *data,
		       struct err *err)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->nr_files; i++)
		sum += s->file[i].size;
	if (!sum || (data->model != STORAGE_NONE && sum <= FS_USABLE(data->size)))
		return 0;
	if (data->model == STORAGE_NONE)
		return err_set(err, -EINVAL,
			       "scenario %s has files, but guest %s has no data device", s->name,
			       g->name);
	return err_set(err, -EINVAL,
		       "scenario %s has %llu MiB of files; they do not fit on the data device of "
		       "guest %s (%llu MiB)",
		       s->name, (unsigned long long)sum >> 20, g->name,
		       (unsigned long long)data->size >> 20);
}

static void need(struct plan_needs *needs, const char *module)
{
	size_t i;

	for (i = 0; needs->module[i]; i++)
		;
	if (i < PLAN_MODULES_MAX)
		needs->module[i] = module;
}

int plan_needs(const struct guest *guest, const struct scenario *scenario, struct plan_needs *needs,
	       struct err *err)
{
	const struct storage *swap = swap_of(guest, scenario);
	const struct storage *data = data_of(guest, scenario);

	*needs = (struct plan_needs){.machine = guest_machine(guest, swap, data)};
	if (swap->model == STORAGE_SSD) {
		need(needs, "sd_mod");
		need(needs, "scsi_debug");
	} else if (swap->model == STORAGE_ZRAM) {
		/* One compressor that every kernel has, named, since defaults differ; 6.1 has it as
		 * a module. */
		need(needs, "lz4");
		need(needs, "zram");
	}
	if (data->model == STORAGE_SSD) {
		needs->fs_size = data->size;
		need(needs, "null_blk");
		need(needs, "ext4");
	}
	return check_files(guest, scenario, data, err);
}

static void write_insmod(struct plan *p, const char *name)
{
	/*
	 * 4096-byte sectors: since 6.10 or so the driver copies sector by sector in softirq
	 * context; at 512 bytes that is eight times the work a page, and starves even real-time
	 * tasks for 100 ms. Its store is allocated once, before any pressure.
	 */
	if (!strcmp(name, "scsi_debug"))
		buf_printf(p->out,
			   "insmod scsi_debug dev_size_mb=%llu ndelay=%llu random=1 max_queue=32 "
			   "sector_size=4096\n",
			   (unsigned long long)p->swap->size >> 20,
			   (unsigned long long)p->swap->latency_ns);
	else if (!strcmp(name, "null_blk"))
		buf_printf(p->out, "insmod null_blk nr_devices=0\n");
	else if (!strcmp(name, "zram"))
		buf_printf(p->out, "insmod zram num_devices=1\n");
	else
		buf_printf(p->out, "insmod %s \n", name);
}

static void write_swap(struct plan *p)
{
	unsigned long long size = p->swap->size;

	if (p->swap->model == STORAGE_SSD)
		buf_printf(p->out, "wait /dev/sda\nswapon /dev/sda %llu 0\n", size);
	if (p->swap->model == STORAGE_ZRAM)
		buf_printf(p->out,
			   "wait /sys/block/zram0/disksize\nwrite /sys/block/zram0/comp_algorithm "
			   "lz4\nwrite /sys/block/zram0/disksize %llu\n"
			   "wait /dev/zram0\nswapon /dev/zram0 %llu 0\n",
			   size, size);
}

static void write_data(struct plan *p)
{
	static const char dir[] = "/sys/kernel/config/nullb/nullb0";
	size_t i;

	if (p->data->model == STORAGE_NONE)
		return;
	buf_printf(p->out, "mount configfs configfs /sys/kernel/config \nmkdir %s\n", dir);
	buf_printf(p->out,
		   "write %s/size %llu\nwrite %s/memory_backed 1\nwrite %s/blocksize 4096\n", dir,
		   (unsigned long long)p->data->size >> 20, dir, dir);
	buf_printf(p->out, "write %s/irqmode 2\nwrite %s/completion_nsec %llu\n", dir, dir,
		   (unsigned long long)p->data->latency_ns);
	buf_printf(p->out, "write %s/power 1\nwait /dev/nullb0\nfs /data.fs /dev/nullb0 %llu\n",
		   dir, (unsigned long long)p->data->size);
	buf_printf(p->out, "mount ext4 /dev/nullb0 " WL_DATA_DIR " noatime\n");
	for (i = 0; i < p->scenario->nr_files; i++)
		buf_printf(p->out, "fill " WL_DATA_DIR "/%s %llu %llu\n", p->scenario->file[i].name,
			   (unsigned long long)p->scenario->file[i].size,
			   (unsigned long long)wl_data_seed(p->scenario->file[i].name));
}

/* What the kernel must have made of the machine; anything else ends the experiment here. */
static void write_topology(struct plan *p)
{
	const struct machine *m = &p->guest->machine;
	unsigned int cpus = machine_cpus(m);

	buf_printf(p->out,
		   m->nr_nodes > 1 ? "expect /sys/devices/system/node/online 0-%u\n"
				   : "expect /sys/devices/system/node/online %u\n",
		   m->nr_nodes - 1);
	buf_printf(p->out, cpus > 1 ? "expect /sys/devices/system/cpu/online 0-%u\n" :
				      "expect /sys/devices/system/cpu/online %u\n", cpus - 1);
}

static void write_knobs(struct plan *p, const struct conf *conf, const char *section,
			const char *verb)
{
	struct conf_section *sec = conf_section((struct conf *)conf, section, "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++)
		buf_printf(p->out, "%s %s %s\n", verb, sec->entry[i].key, sec->entry[i].value);
}

static void write_seed(struct plan *p)
{
	char text[64], hex[SHA256_HEX];

	snprintf(text, sizeof(text), "wringer seed %llu", (unsigned long long)p->seed);
	sha256_buf(text, strlen(text), hex);
	buf_printf(p->out, "seed %s\n", hex);
}

/* Each folder on the way, with the memory controller handed down to what is below it. */
static void write_cgroup(struct plan *p, const struct conf_section *sec)
{
	const char *slash = sec->arg;
	size_t i;

	while ((slash = strchr(slash, '/'))) {
		int len = (int)(slash - sec->arg);

		buf_printf(p->out,
			   "mkdir " CG "/%.*s\nwrite " CG "/%.*s/cgroup.subtree_control +memory\n",
			   len, sec->arg, len, sec->arg);
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
	size_t i;

	buf_printf(p->out, "write " CG "/cgroup.subtree_control +memory\n");
	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			write_cgroup(p, &conf->section[i]);
}

static void write_cgroup_sources(struct plan *p, const char *name)
{
	static const char *const files[] = {"memory.stat", "memory.events", "memory.current",
					    "memory.swap.current", "memory.pressure"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		buf_printf(p->out, "source " CG "/%s/%s %s %s\n", name, files[i], files[i], name);
}

static void write_sources(struct plan *p)
{
	const struct conf *conf = &p->scenario->conf;
	unsigned int node;
	size_t i;

	buf_adds(p->out, "source /proc/vmstat vmstat\nsource /proc/pressure/memory psi.memory\n"
			 "source /proc/pressure/io psi.io\nsource /proc/pressure/cpu psi.cpu\n");
	for (node = 0; node < p->guest->machine.nr_nodes; node++)
		buf_printf(p->out,
			   "source /sys/devices/system/node/node%u/vmstat node.vmstat %u\n"
			   "source /sys/devices/system/node/node%u/meminfo node.meminfo %u\n",
			   node, node, node, node);
	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			write_cgroup_sources(p, conf->section[i].arg);
}

/* What two arms must agree on to be comparable, beyond their specs. */
static void write_states(struct plan *p)
{
	static const char *const states[][2] = {
		{"thp.enabled", "/sys/kernel/mm/transparent_hugepage/enabled"},
		{"thp.defrag", "/sys/kernel/mm/transparent_hugepage/defrag"},
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
		{"vm.overcommit_memory", "/proc/sys/vm/overcommit_memory"},
		{"vm.zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode"},
		{"zswap.enabled", "/sys/module/zswap/parameters/enabled"},
		{"zram.comp_algorithm", "/sys/block/zram0/comp_algorithm"},
		{"swap.rotational", "/sys/block/sda/queue/rotational"},
		{"swaps", "/proc/swaps"},
		{"nodes.memory", "/sys/devices/system/node/has_memory"},
		{"nodes.cpu", "/sys/devices/system/node/has_cpu"},
		{"cmdline", "/proc/cmdline"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		buf_printf(p->out, "state %s %s\n", states[i][0], states[i][1]);
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

static void write_work(struct plan *p, size_t i)
{
	const struct scenario_work *w = &p->scenario->work[i];
	size_t k;

	buf_printf(p->out, "spawn %s %s %s seed=%llu", w->name, w->type->name, w->cgroup,
		   (unsigned long long)wl_mix(p->seed * 1024 + i));
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
}

void plan_write(const struct guest *guest, const struct policy *policy,
		const struct scenario *scenario, uint64_t seed, char *const *modules,
		struct buf *out)
{
	struct plan p = {
		guest, policy, scenario, swap_of(guest, scenario), data_of(guest, scenario),
		seed,  out};
	size_t i;

	buf_adds(out, "# wringer plan 1\n");
	write_topology(&p);
	/*
	 * The devices' stores are memory: every node gives its share, as guest_machine() added it.
	 */
	buf_printf(out, "interleave %u\n", guest->machine.nr_nodes);
	for (i = 0; modules[i]; i++)
		write_insmod(&p, modules[i]);
	write_swap(&p);
	write_data(&p);
	buf_adds(out, "interleave 0\n");
	/* From here on seed and policy matter; all above is the same for every seed and policy. */
	write_limits(&p);
	write_seed(&p);
	write_own_modules(&p);
	write_cgroups(&p);
	/* Its scans depend on when they start, which no seed is meant to decide; a scenario may
	 * want it. */
	buf_adds(out, "tune /proc/sys/kernel/numa_balancing 0\n");
	write_knobs(&p, &scenario->conf, "set", "write");
	/* Last, so that what is expected of a policy is what the workloads meet. */
	write_knobs(&p, &policy->conf, "set", "write");
	write_knobs(&p, &policy->conf, "expect", "expect");
	write_sources(&p);
	write_states(&p);
	for (i = 0; i < scenario->nr_works; i++)
		write_work(&p, i);
	write_times(&p);
}
