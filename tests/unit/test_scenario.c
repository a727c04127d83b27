// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/experiment's files: guests, policies, scenarios, and the plan made of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "experiment/guest.h"
#include "experiment/objects.h"
#include "experiment/plan.h"
#include "experiment/plan_policy.h"
#include "experiment/policy.h"
#include "experiment/scenario.h"
#include "experiment/topology.h"

#define MIB (1ull << 20)

static char tmp[] = "/tmp/wringer-test-scenario-XXXXXX";

/* Puts the text into a file and goes there, so that messages say "t.conf:LINE". */
static const char *file_of(const char *text)
{
	assert_int_equal(file_write("t.conf", text, strlen(text), NULL), 0);
	return "t.conf";
}

static int load_guest(struct guest *g, const char *text, struct err *err)
{
	return guest_load(g, file_of(text), err);
}

static int load_policy(struct policy *p, const char *text, struct err *err)
{
	return policy_load(p, file_of(text), err);
}

static int load_scenario(struct scenario *s, const char *text, struct err *err)
{
	return scenario_load(s, file_of(text), NULL, err);
}

/*
 * ---- Guests ----
 */

#define HMAT(latency, bandwidth) "latency = " latency "\nbandwidth = " bandwidth "\n"
#define GUEST_HEAD "[guest]\ntitle = a guest\n[node 0]\nmemory = 64M\ncpus = 1\n"

static void test_guest(void **unused)
{
	static const char text[] = "# two nodes\n[guest]\ntitle = a guest\nrecords = 4M\n\n"
				   "[node 1]\nmemory = 32M\ncpus = 0\n"
				   "[node 0]\nmemory = 64M\ncpus = 2\n"
				   "[distance]\n0 1 = 30\n[swap]\nmodel = zram\nsize = 16M\n"
				   "[data]\nmodel = ssd\nsize = 24M\nlatency = 1ms\n";
	struct guest g;
	struct err err;

	(void)unused;
	assert_int_equal(load_guest(&g, text, &err), 0);
	assert_string_equal(g.name, "t");
	assert_string_equal(g.title, "a guest");
	assert_int_equal(g.machine.nr_nodes, 2);
	assert_int_equal(g.machine.node[0].memory, 64 * MIB);
	assert_int_equal(g.machine.node[0].cpus, 2);
	assert_int_equal(g.machine.node[1].memory, 32 * MIB);
	assert_int_equal(g.machine.node[1].cpus, 0);
	assert_int_equal(g.machine.distance[0][1], 30);
	assert_int_equal(g.machine.distance[1][0], 30);
	assert_int_equal(g.machine.records, 4 * MIB);
	assert_int_equal(g.storage.nr_swaps, 1);
	assert_int_equal(g.storage.swap[0].driver, STORAGE_ZRAM);
	assert_int_equal(g.storage.swap[0].size, 16 * MIB);
	assert_int_equal(g.storage.data.driver, STORAGE_NULL_BLK);
	assert_int_equal(g.storage.data.latency_ns, 1000000);
	guest_release(&g);
}

/* A node of CPUs only, a far one, distances that differ by direction; the nearest CPUs initiate. */
static void test_guest_topology(void **unused)
{
	static const char text[] = GUEST_HEAD HMAT("100ns", "20G")
		"[node 1]\nmemory = 0\ncpus = 2\n[node 2]\nmemory = 128M\ncpus = 0\n"
		"movable = yes\n" HMAT("250ns", "8G")
		"[distance]\n0 1 = 30\n2 > 1 = 17\n1>2 = 18\n0 2 = 40\n";
	struct guest g;
	struct err err;

	(void)unused;
	if (load_guest(&g, text, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(g.machine.nr_nodes, 3);
	assert_int_equal(g.machine.node[0].latency_ns, 100);
	assert_int_equal(g.machine.node[0].initiator, 0);
	assert_false(g.machine.node[0].movable);
	assert_int_equal(g.machine.node[1].memory, 0);
	assert_int_equal(g.machine.node[1].cpus, 2);
	assert_true(g.machine.node[2].movable);
	assert_int_equal(g.machine.node[2].bandwidth, 8192 * MIB);
	assert_int_equal(g.machine.node[2].initiator, 1);
	assert_int_equal(g.machine.distance[1][0], 30);
	assert_int_equal(g.machine.distance[2][1], 17);
	assert_int_equal(g.machine.distance[1][2], 18);
	guest_release(&g);
}

static void test_guest_defaults(void **unused)
{
	struct guest g;
	struct err err;

	(void)unused;
	assert_int_equal(load_guest(&g, GUEST_HEAD, &err), 0);
	assert_int_equal(g.machine.records, 16 * MIB);
	assert_int_equal(g.storage.nr_swaps, 0);
	assert_int_equal(g.storage.data.driver, STORAGE_NONE);
	guest_release(&g);
	assert_int_equal(guest_load(&g, "none.conf", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "none.conf"));
}

struct bad {
	const char *text;
	const char *msg; /* begins like this */
};

static void assert_begins(const char *msg, const char *want)
{
	if (strncmp(msg, want, strlen(want)))
		fail_msg("'%s' should begin with '%s'", msg, want);
}

static const struct bad bad_guests[] = {
	{"[node 0]\nmemory = 64M\ncpus = 1\n", "t.conf: there is no [guest] section"},
	{"[guest]\n", "t.conf:1: [guest] needs the key 'title'"},
	{"[guest]\ntitle = a\n", "t.conf: there is no [node 0]"},
	{"[guest]\ntitle = a\ncolour = red\n[node 0]\nmemory = 64M\ncpus = 1\n",
	 "t.conf:3: unknown key 'colour' in [guest]"},
	{GUEST_HEAD "[extra]\n", "t.conf:6: unknown section [extra]"},
	{GUEST_HEAD "[node 2]\nmemory = 64M\ncpus = 1\n",
	 "t.conf:6: unknown section [node 2]"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\n", "t.conf:6: [node] needs the key 'cpus'"},
	{GUEST_HEAD "[node 1]\nmemory = 1537K\ncpus = 0\n",
	 "t.conf:6: memory must be a mul"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\ncpus = 17\n",
	 "t.conf:8: cpus = 17: out of range"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\ncpus = 16\n", "t.conf: more than 16 CPUs"},
	{"[guest]\ntitle = a\n[node 0]\nmemory = 64M\ncpus = 0\n",
	 "t.conf:5: [node 0] needs a CPU: the first one boots there"},
	{"[guest]\ntitle = a\n[node 0]\nmemory = 0\ncpus = 1\n",
	 "t.conf:4: [node 0] needs memory that is not movable"},
	{"[guest]\ntitle = a\n[node 0]\nmemory = 128M\ncpus = 1\nmovable = yes\n",
	 "t.conf:6: [node 0] needs memory that is not movable"},
	{GUEST_HEAD "[node 1]\nmemory = 0\ncpus = 0\n",
	 "t.conf:7: [node 1] has neither memory nor CPUs"},
	{GUEST_HEAD "[node 1]\nmemory = 96M\ncpus = 0\nmovable = yes\n",
	 "t.conf:7: [node 1] is movable: its memory must be a multiple of 128M"},
	{GUEST_HEAD "[node 1]\nmemory = 0\ncpus = 1\nmovable = yes\n",
	 "t.conf:7: [node 1] is movable: its memory must be a multiple of 128M"},
	{GUEST_HEAD "[node 1]\nmemory = 128M\ncpus = 0\nmovable = yes\n"
		    "[node 2]\nmemory = 32M\ncpus = 0\n",
	 "t.conf:9: [node 1] is movable and has no CPUs: it must be the last node"},
	{GUEST_HEAD "latency = 100ns\n",
	 "t.conf:6: [node 0] needs both latency and bandwidth"},
	{GUEST_HEAD "bandwidth = 1G\n",
	 "t.conf:6: [node 0] needs both latency and bandwidth"},
	{GUEST_HEAD "latency = 3us\n", "t.conf:6: latency = 3us: out of range"},
	{GUEST_HEAD "latency = 1ns\nbandwidth = 1025K\n",
	 "t.conf:3: bandwidth must be a multiple of 1M"},
	{GUEST_HEAD "initiator = 0\n",
	 "t.conf:6: [node 0] has an initiator, but no latency and bandwidth"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 32M\ncpus = 0\n",
	 "t.conf:9: [node 1] needs latency and bandwidth, as another node has them"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 0\ncpus = 1\n" HMAT("100ns", "2G"),
	 "t.conf:11: [node 1] has no memory that a latency could be of"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 32M\ncpus = 1\n" HMAT("90ns", "2G"),
	 "t.conf:11: [node 1] has CPUs, so its latency and bandwidth must be node 0's"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 32M\ncpus = 1\n" HMAT("100ns", "2G")
		    "initiator = 0\n",
	 "t.conf:13: [node 1] has CPUs, so it is its own initiator"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 32M\ncpus = 0\n" HMAT("200ns", "1G")
		    "initiator = 1\n",
	 "t.conf:13: [node 1] needs an initiator that has CPUs"},
	{GUEST_HEAD HMAT("100ns", "2G") "[node 1]\nmemory = 32M\ncpus = 0\n" HMAT("200ns", "1G")
		    "initiator = 8\n", "t.conf:13: initiator = 8: out of range"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\ncpus = 0\n[distance]\n0 < 1 = 20\n",
	 "t.conf:10: '0 < 1': a distance is between two"},
	{GUEST_HEAD "[distance]\n0 1 = 20\n", "t.conf:7: '0 1': a distance is between two"},
	{GUEST_HEAD "[distance]\n0 0 = 20\n", "t.conf:7: '0 0': a distance is between two"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\ncpus = 0\n[distance]\n0 1 = 10\n",
	 "t.conf:10: a distance is 11 to 254"},
	{GUEST_HEAD "[node 1]\nmemory = 64M\ncpus = 0\n[distance]\n0 1x = 20\n",
	 "t.conf:10: '0 1x': a distance"},
	{GUEST_HEAD "[swap]\nmodel = ssd\n", "t.conf:6: [swap] needs a size"},
	{GUEST_HEAD "[data]\nmodel = ssd\n", "t.conf:6: [data] needs a size"},
	{"[guest]\ntitle = a\nrecords = 3M\n[node 0]\nmemory = 64M\ncpus = 1\n",
	 "t.conf: records must be a power of two"},
	{"[guest]\ntitle = a\nrecords = 2G\n[node 0]\nmemory = 64M\ncpus = 1\n",
	 "t.conf:3: records = 2G: out of range"},
};

static void test_guest_bad(void **unused)
{
	struct guest g;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad_guests); i++) {
		if (!load_guest(&g, bad_guests[i].text, &err))
			fail_msg("no complaint where '%s' should be", bad_guests[i].msg);
		assert_begins(err.msg, bad_guests[i].msg);
		assert_null(g.name);
	}
}

/* Stores of SSDs are shared out evenly, rounded up; zram's is the experiment's own memory. */
static void test_machine(void **unused)
{
	struct guest g = {.machine = {.node = {{.memory = 64 * MIB, .cpus = 1},
					       {.memory = 32 * MIB},
					       {.memory = 16 * MIB}},
				      .nr_nodes = 3}};
	struct storage_set none = {0}, zram = {.nr_swaps = 1}, ssds = {.nr_swaps = 1};
	struct machine m;

	(void)unused;
	zram.swap[0] = (struct storage){.driver = STORAGE_ZRAM, .size = 100 * MIB};
	ssds.swap[0] = (struct storage){.driver = STORAGE_SCSI_DEBUG, .size = 100 * MIB};
	ssds.data = none.data = (struct storage){.driver = STORAGE_NULL_BLK, .size = 33 * MIB};
	m = guest_machine(&g, &ssds);
	assert_int_equal(m.node[0].memory, (64 + 45) * MIB);
	assert_int_equal(m.node[1].memory, (32 + 45) * MIB);
	assert_int_equal(m.node[2].memory, (16 + 45) * MIB);
	assert_int_equal(m.node[0].cpus, 1);
	m = guest_machine(&g, &none);
	assert_int_equal(m.node[0].memory, (64 + 11) * MIB);
	m = guest_machine(&g, &zram);
	assert_memory_equal(&m, &g.machine, sizeof(m));
	/* Neither on a node without memory nor on one that the kernel must be able to empty. */
	g.machine.node[1].memory = 0;
	g.machine.node[2].movable = true;
	m = guest_machine(&g, &ssds);
	assert_int_equal(m.node[0].memory, (64 + 133) * MIB);
	assert_int_equal(m.node[1].memory, 0);
	assert_int_equal(m.node[2].memory, 16 * MIB);
}

/*
 * ---- Policies ----
 */

static void test_policy(void **unused)
{
	static const char text[] = "[policy]\ntitle = a policy\n"
				   "[set]\n/proc/sys/vm/swappiness = 1\n"
				   "/sys/kernel/mm/lru_gen/enabled = y\n[expect]\n"
				   "/sys/kernel/mm/lru_gen/enabled = 0x0007\n";
	struct policy p;
	struct err err;

	(void)unused;
	assert_int_equal(load_policy(&p, text, &err), 0);
	assert_string_equal(p.name, "t");
	assert_string_equal(p.title, "a policy");
	assert_string_equal(conf_get(conf_section(&p.conf, "expect", ""),
				     "/sys/kernel/mm/lru_gen/enabled"), "0x0007");
	policy_release(&p);
	assert_int_equal(load_policy(&p, "[policy]\ntitle = nothing to set\n", &err), 0);
	policy_release(&p);
}

static void test_policy_bad(void **unused)
{
	static const struct bad cases[] = {
		{"[set]\n/sys/a = 1\n", "t.conf: there is no [policy] section"},
		{"[policy]\n", "t.conf:1: [policy] needs the key 'title'"},
		{"[policy]\ntitle = a\nx = 1\n", "t.conf:3: unknown key 'x' in [policy]"},
		{"[policy]\ntitle = a\n[sets]\n/sys/a = 1\n", "t.conf:3: unknown section [sets]"},
		{"[policy]\ntitle = a\n[set]\n/etc/passwd = 1\n",
		 "t.conf:4: '/etc/passwd': knobs are"},
		{"[policy]\ntitle = a\n[set]\nsys/a = 1\n", "t.conf:4: 'sys/a': knobs are"},
		{"[policy]\ntitle = a\n[expect]\n/proc/self/mem = 1\n",
		 "t.conf:4: '/proc/self/mem': kn"},
		{"[policy]\ntitle = a\n[set]\n/sys/a b = 1\n",
		 "t.conf:4: a knob is written PATH = TEXT"},
		{"[policy]\ntitle = a\n[count]\nA = /sys/a\n", "t.conf:4: a count is written NAME"},
		{"[policy]\ntitle = a\n[count]\na = /etc/a\n", "t.conf:4: '/etc/a': counts are"},
		{"[policy]\ntitle = a\n[count]\na = /sys/a b\n", "t.conf:4: '/sys/a b': counts"},
		{"[policy]\ntitle = a\n[bpf]\n", "t.conf:3: an object is written [bpf NAME]"},
		{"[policy]\ntitle = a\n[bpf x]\nobject = a/b\n", "t.conf:3: an object is written"},
		{"[policy]\ntitle = a\n[bpf x]\nvar.a = \n", "t.conf:4: a variable is written"},
		{"[policy]\ntitle = a\n[bpf x]\nspeed = 2\n", "t.conf:4: unknown key 'speed' in [bpf x]"},
		{"[policy]\ntitle = a\n[set]\n/sys/a =\n",
		 "t.conf:4: a knob is written PATH = TEXT"},
	};
	struct policy p;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(load_policy(&p, cases[i].text, &err), -EINVAL);
		assert_begins(err.msg, cases[i].msg);
		assert_null(p.name);
	}
}

#define BPF_POLICY "[policy]\ntitle = a policy\n[bpf one]\n"

static void test_policy_objects(void **unused)
{
	struct policy p;
	struct err err;

	(void)unused;
	assert_int_equal(load_policy(&p, BPF_POLICY, &err), -ENOENT);
	assert_string_equal(err.msg, "t.conf: there is no one.bpf.o; 'clang -O2 -g -target bpf -c' makes it "
				     "from one.bpf.c");
	assert_int_equal(file_write("one.bpf.o", "12345", 5, NULL), 0);
	assert_int_equal(load_policy(&p, BPF_POLICY "cgroup = a\nvar.x = 3\nvar.y = @b/c\n"
				     "[bpf two]\nobject = one\n", &err), 0);
	assert_string_equal(p.name, "bpf:t");
	assert_int_equal(p.nr_objects, 2);
	assert_string_equal(p.object[0].cgroup, "a");
	assert_string_equal(buf_str(&p.object[0].vars), " x=3 y=@b/c");
	assert_string_equal(p.object[1].object, "one");
	assert_string_equal(p.object[1].cgroup, "");
	assert_int_equal(p.object[1].data.len, 5);
	policy_release(&p);
}

/* What several sections name the guest gets once, and the same bytes have the same name. */
static void test_objects_kept(void **unused)
{
	cleanup_free char *path = NULL, *again = NULL;
	cleanup_buf struct buf all = {0};
	char id[SHA256_HEX];
	struct policy p;
	struct err err;

	(void)unused;
	assert_int_equal(setenv("WRINGER_CACHE", tmp, 1), 0);
	assert_int_equal(file_write("one.bpf.o", "12345", 5, NULL), 0);
	assert_int_equal(file_write("a.bpf.o", "\0b", 2, NULL), 0);
	assert_int_equal(load_policy(&p, BPF_POLICY "[bpf two]\nobject = one\n[bpf a]\n", &err), 0);
	assert_int_equal(objects_keep(&p, id, &path, &err), 0);
	assert_int_equal(file_read(path, &all, &err), 0);
	assert_int_equal(all.len, 17);
	assert_memory_equal(all.data, "a 2\n\0bone 5\n12345", 17);
	assert_int_equal(objects_open(id, &again, &err), 0);
	assert_string_equal(path, again);
	assert_int_equal(file_write(path, "x", 1, NULL), 0);
	free(again);
	assert_int_equal(objects_open(id, &again, &err), -ENOENT);
	policy_release(&p);
}

static void check_planned(const char *policy, const char *cgroups, int ret, const char *want)
{
	cleanup_free char *text = xasprintf("[scenario]\ntitle = a\nwindow = 1s\n%s"
					    "[workload w]\ntype = anon\nsize = 1M\n", cgroups);
	cleanup_buf struct buf out = {0};
	struct scenario s;
	struct policy p;
	struct err err;

	assert_int_equal(load_policy(&p, policy, &err), 0);
	assert_int_equal(load_scenario(&s, text, &err), 0);
	assert_int_equal(plan_policy_check(&p, &s, &err), ret);
	if (!ret)
		plan_policy(&p, &s, &out);
	assert_string_equal(ret ? err.msg : buf_str(&out), want);
	scenario_release(&s);
	policy_release(&p);
}

static void test_policy_instances(void **unused)
{
	(void)unused;
	assert_int_equal(file_write("one.bpf.o", "12345", 5, NULL), 0);
	check_planned(BPF_POLICY, "", 0, "bpf one one /\n");
	check_planned(BPF_POLICY "cgroup = *\nvar.x = 1\n", "[cgroup a]\n[cgroup b/c]\n", 0,
		      "bpf one@a one a x=1\nbpf one@b/c one b/c x=1\n");
	check_planned(BPF_POLICY "cgroup = b/c\n", "[cgroup a]\n[cgroup b/c]\n", 0, "bpf one one b/c\n");
	check_planned("[policy]\ntitle = a\n[count]\nx = /sys/a\ny = /proc/sys/vm/b\n", "", 0,
		      "source /sys/a 5 count x\nsource /proc/sys/vm/b 5 count y\n");
	check_planned(BPF_POLICY "cgroup = b\n", "[cgroup a]\n[cgroup b/c]\n", -EINVAL,
		      "policy bpf:t: [bpf one] is for cgroup b, and scenario t has no such cgroup");
	check_planned(BPF_POLICY "cgroup = *\n", "", -EINVAL,
		      "policy bpf:t: [bpf one] is for cgroup *, and scenario t has no cgroup");
}

/*
 * ---- Scenarios ----
 */

#define SCENARIO_HEAD "[scenario]\ntitle = a scenario\nwindow = 1s\n"
#define SCENARIO_BODY "[file blob]\nsize = 8M\n[cgroup a/b]\nmemory.max = 12M\n" \
		      "[workload one]\ntype = anon\ncgroup = a/b\nsize = 16M\npattern = zipf\n" \
		      "[workload two]\ntype = scan\nfile = blob\n"

static void test_scenario(void **unused)
{
	struct scenario s;
	struct err err;

	(void)unused;
	assert_int_equal(load_scenario(&s, SCENARIO_HEAD "primary = workload.one.rate\noom = yes\n"
					   "warmup = 0\nsample = 20ms\n[swap]\nmodel = none\n"
					   "[set]\n/proc/sys/vm/swappiness = 5\n" SCENARIO_BODY,
				       &err), 0);
	assert_string_equal(s.name, "t");
	assert_string_equal(s.primary, "workload.one.rate");
	assert_true(s.oom_allowed);
	assert_int_equal(s.warmup_ns, 0);
	assert_int_equal(s.window_ns, 1000000000);
	assert_int_equal(s.sample_ns, 20000000);
	assert_int_equal(s.hang_ns, 10000000000);
	assert_true(s.storage.has_swap);
	assert_false(s.storage.has_data);
	assert_int_equal(s.nr_files, 1);
	assert_string_equal(s.file[0].name, "blob");
	assert_int_equal(s.file[0].size, 8 * MIB);
	assert_int_equal(s.nr_works, 2);
	assert_string_equal(s.work[0].name, "one");
	assert_string_equal(s.work[0].cgroup, "a/b");
	assert_string_equal(s.work[1].type->name, "scan");
	assert_string_equal(s.work[1].cgroup, "/");
	scenario_release(&s);
}

#define W "[workload w]\ntype = anon\n"

static const struct bad bad_scenarios[] = {
	{W, "t.conf: there is no [scenario] section"},
	{"[scenario]\ntitle = a\n" W, "t.conf:1: [scenario] needs the key 'window'"},
	{SCENARIO_HEAD, "t.conf: there is no [workload NAME]"},
	{SCENARIO_HEAD "windows = 1s\n" W, "t.conf:4: unknown key 'windows' in [scenario]"},
	{SCENARIO_HEAD W "[cgroups a]\n", "t.conf:6: unknown section [cgroups a]"},
	{SCENARIO_HEAD "hang = 1us\n" W, "t.conf:4: hang = 1us: out of range"},
	{SCENARIO_HEAD "oom = perhaps\n" W, "t.conf:4: oom = perhaps: not a valid value"},
	{SCENARIO_HEAD "[workload w]\ntype = anonymous\n",
	 "t.conf:4: there is no workload type 'anonymous'"},
	{SCENARIO_HEAD "[workload w]\nsize = 1M\n", "t.conf:4: [workload w] needs a type"},
	{SCENARIO_HEAD W "cgroup = a\n", "t.conf:4: there is no [cgroup a]"},
	{SCENARIO_HEAD "[workload w]\ntype = scan\nfile = f\n",
	 "t.conf:4: there is no [file f]"},
	{SCENARIO_HEAD "[workload w]\ntype = scan\n",
	 "t.conf:4: [workload] needs the key 'file'"},
	{SCENARIO_HEAD W "sizes = 1M\n", "t.conf:6: unknown key 'sizes' in [workload w]"},
	{SCENARIO_HEAD W "chunk = 4K\n", "t.conf:6: unknown key 'chunk' in [workload w]"},
	{SCENARIO_HEAD "[file f]\nsize = 1M\n" W "file = f\n",
	 "t.conf:8: unknown key 'file' in [workload w]"},
	{SCENARIO_HEAD W "size = 4K\n", "t.conf:6: size = 4K: out of range"},
	{SCENARIO_HEAD W "pattern = random\n",
	 "t.conf:6: pattern = random: not a valid value"},
	{SCENARIO_HEAD W "theta = 0.0000001\n", "t.conf:6: theta = 0.0000001: not a valid"},
	{SCENARIO_HEAD "[workload W]\ntype = anon\n",
	 "t.conf:4: [workload NAME] needs a name"},
	{SCENARIO_HEAD "[workload]\ntype = anon\n",
	 "t.conf:4: [workload NAME] needs a name"},
	{SCENARIO_HEAD "[workload a/b]\ntype = anon\n",
	 "t.conf:4: [workload NAME] needs a name"},
	{SCENARIO_HEAD "[workload a b]\ntype = anon\n",
	 "t.conf:4: [workload NAME] needs a name"},
	{SCENARIO_HEAD W "[cgroup ../x]\n", "t.conf:6: [cgroup NAME] needs a name"},
	{SCENARIO_HEAD W "[cgroup /x]\n", "t.conf:6: [cgroup NAME] needs a name"},
	{SCENARIO_HEAD W "[cgroup x]\ncgroup.procs = 1\n",
	 "t.conf:7: 'cgroup.procs' cannot be"},
	{SCENARIO_HEAD W "[cgroup x]\n../memory.max = 1\n",
	 "t.conf:7: '../memory.max' cannot"},
	{SCENARIO_HEAD W "[cgroup x]\nMAX = 1\n",
	 "t.conf:7: 'MAX' is no cgroup interface file"},
	{SCENARIO_HEAD W "[file f]\nsize = 5000\n",
	 "t.conf:6: the size of a file must be a mul"},
	{SCENARIO_HEAD W "[file f]\n", "t.conf:6: [file] needs the key 'size'"},
	{SCENARIO_HEAD W "[set]\n/etc/x = 1\n", "t.conf:7: '/etc/x': knobs are below"},
	{SCENARIO_HEAD W "[swap]\nmodel = ssd\n", "t.conf:6: [swap] needs a size"},
};

static void test_scenario_bad(void **unused)
{
	struct scenario s;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad_scenarios); i++) {
		if (!load_scenario(&s, bad_scenarios[i].text, &err))
			fail_msg("no complaint where '%s' should be", bad_scenarios[i].msg);
		assert_begins(err.msg, bad_scenarios[i].msg);
		assert_null(s.name);
	}
	assert_int_equal(scenario_load(&s, "none.conf", NULL, &err), -ENOENT);
}

/*
 * ---- Plans ----
 */

#define PLAN_GUEST "[guest]\ntitle = g\n[node 0]\nmemory = 64M\ncpus = 1\n" \
		   "[node 1]\nmemory = 64M\ncpus = 0\n" \
		   "[swap]\nmodel = ssd\nsize = 32M\nlatency = 50us\n" \
		   "[data]\nmodel = ssd\nsize = 16M\nlatency = 90us\n"
#define PLAN_POLICY "[policy]\ntitle = p\n[set]\n/sys/kernel/mm/lru_gen/enabled = y\n[expect]\n" \
		    "/sys/kernel/mm/lru_gen/enabled = 0x0007\n"
#define PLAN_SCENARIO SCENARIO_HEAD "warmup = 500ms\nsample = 0\n[set]\n" \
		      "/proc/sys/vm/swappiness = 5\n" SCENARIO_BODY

struct trio {
	struct guest guest;
	struct policy policy;
	struct scenario scenario;
};

static void load_trio(struct trio *t, const char *guest, const char *scenario)
{
	struct err err;

	assert_int_equal(load_guest(&t->guest, guest, &err), 0);
	assert_int_equal(load_policy(&t->policy, PLAN_POLICY, &err), 0);
	assert_int_equal(load_scenario(&t->scenario, scenario, &err), 0);
}

static void release_trio(struct trio *t)
{
	guest_release(&t->guest);
	policy_release(&t->policy);
	scenario_release(&t->scenario);
}

static void test_needs(void **unused)
{
	struct plan_needs needs;
	struct trio t;
	struct err err;

	(void)unused;
	load_trio(&t, PLAN_GUEST, PLAN_SCENARIO);
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), 0);
	assert_string_equal(needs.module[0], "sd_mod");
	assert_string_equal(needs.module[1], "scsi_debug");
	assert_string_equal(needs.module[2], "null_blk");
	assert_string_equal(needs.module[3], "ext4");
	assert_null(needs.module[4]);
	assert_int_equal(needs.fs_size, 16 * MIB);
	assert_int_equal(machine_memory(&needs.machine), (128 + 48) * MIB);
	release_trio(&t);
}

/* The scenario's own devices take the place of the guest's. */
static void test_needs_override(void **unused)
{
	struct plan_needs needs;
	struct trio t;
	struct err err;

	(void)unused;
	load_trio(&t, PLAN_GUEST,
		  SCENARIO_HEAD "[swap]\nmodel = zram\nsize = 8M\n[data]\nmodel = none\n" W);
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), 0);
	assert_string_equal(needs.module[0], "lz4");
	assert_string_equal(needs.module[1], "zram");
	assert_null(needs.module[2]);
	assert_int_equal(needs.fs_size, 0);
	assert_int_equal(machine_memory(&needs.machine), 128 * MIB);
	release_trio(&t);
}

static void test_needs_do_not_fit(void **unused)
{
	struct plan_needs needs;
	struct trio t;
	struct err err;

	(void)unused;
	load_trio(&t, PLAN_GUEST, SCENARIO_HEAD W "[file a]\nsize = 8M\n[file b]\nsize = 8M\n");
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -EINVAL);
	assert_string_equal(err.msg, "scenario t has 16 MiB of files; they do not fit on the data "
				     "device of guest t (16 MiB)");
	release_trio(&t);
	load_trio(&t, GUEST_HEAD, PLAN_SCENARIO);
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -EINVAL);
	assert_string_equal(err.msg, "scenario t has files, but guest t has no data device");
	release_trio(&t);
}

#define NODES "/sys/devices/system/node"
#define NULLB "/sys/kernel/config/nullb/nullb0"
#define CG    "/sys/fs/cgroup"

/* What is the same for every seed and policy. */
static const char plan_devices[] =
	"# wringer setup 1\n"
	"expect " NODES "/online 0-1\n"
	"expect /sys/devices/system/cpu/online 0\n"
	"expect " NODES "/has_cpu 0\n"
	"expect " NODES "/has_memory 0-1\n"
	"expect " NODES "/has_normal_memory 0-1\n"
	"expect " NODES "/node0/cpulist 0\n"
	"expect " NODES "/node0/distance 10 20\n"
	"range " NODES "/node0/meminfo MemTotal: 1 90112\n"
	"expect " NODES "/node1/cpulist \n"
	"expect " NODES "/node1/distance 20 10\n"
	"range " NODES "/node1/meminfo MemTotal: 80384 90112\n"
	"interleave 0-1\n"
	"insmod sd_mod \n"
	"insmod scsi_debug dev_size_mb=32 ndelay=38000 random=1 max_queue=32 sector_size=4096\n"
	"insmod null_blk nr_devices=0\n"
	"insmod mbcache \n"
	"mount configfs configfs /sys/kernel/config \n"
	"wait /dev/sda\n"
	"swapon /dev/sda 33554432 0\n"
	"mkdir " NULLB "\n"
	"write " NULLB "/size 16\n"
	"write " NULLB "/memory_backed 1\n"
	"write " NULLB "/blocksize 4096\n"
	"write " NULLB "/irqmode 2\n"
	"write " NULLB "/completion_nsec 84500\n"
	"write " NULLB "/max_sectors 2560\n"
	"write " NULLB "/hw_queue_depth 64\n"
	"write " NULLB "/power 1\n"
	"wait /dev/nullb0\n"
	"fs /data.fs /dev/nullb0 16777216\n"
	"mount ext4 /dev/nullb0 /data noatime\n"
	"interleave off\n"
	"# wringer plan 4\n"
	"fill /data/blob 8388608 14227913129359132874 64\n"
	"clean /data\n";

/* The seed is the SHA-256 of "wringer seed 7". */
static const char plan_knobs[] =
	"limit 305500000000\n"
	"seed 5eb0cdb6d2088a9140ff2121c11e817402f976717f82ba96ae9d6928894f4559\n"
	"write " CG "/cgroup.subtree_control +memory\n"
	"mkdir " CG "/a\n"
	"write " CG "/a/cgroup.subtree_control +memory\n"
	"mkdir " CG "/a/b\n"
	"write " CG "/a/b/memory.max 12M\n"
	"tune /proc/sys/kernel/numa_balancing 0\n"
	"write /proc/sys/vm/swappiness 5\n"
	"write /sys/kernel/mm/lru_gen/enabled y\n"
	"expect /sys/kernel/mm/lru_gen/enabled 0x0007\n";

static const char plan_states[] =
	"state thp.enabled /sys/kernel/mm/transparent_hugepage/enabled\n"
	"state thp.defrag /sys/kernel/mm/transparent_hugepage/defrag\n"
	"state thp.shmem /sys/kernel/mm/transparent_hugepage/shmem_enabled\n"
	"state thp.size.16k /sys/kernel/mm/transparent_hugepage/hugepages-16kB/enabled\n"
	"state thp.size.64k /sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled\n"
	"state thp.size.2m /sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled\n"
	"state thp.khugepaged.defrag /sys/kernel/mm/transparent_hugepage/khugepaged/defrag\n"
	"state ksm.run /sys/kernel/mm/ksm/run\n"
	"state lru_gen.enabled /sys/kernel/mm/lru_gen/enabled\n"
	"state lru_gen.min_ttl_ms /sys/kernel/mm/lru_gen/min_ttl_ms\n"
	"state numa.balancing /proc/sys/kernel/numa_balancing\n"
	"state numa.demotion /sys/kernel/mm/numa/demotion_enabled\n"
	"state vm.swappiness /proc/sys/vm/swappiness\n"
	"state vm.page-cluster /proc/sys/vm/page-cluster\n"
	"state vm.min_free_kbytes /proc/sys/vm/min_free_kbytes\n"
	"state vm.watermark_scale_factor /proc/sys/vm/watermark_scale_factor\n"
	"state vm.watermark_boost_factor /proc/sys/vm/watermark_boost_factor\n"
	"state vm.vfs_cache_pressure /proc/sys/vm/vfs_cache_pressure\n"
	"state vm.dirty_ratio /proc/sys/vm/dirty_ratio\n"
	"state vm.dirty_background_ratio /proc/sys/vm/dirty_background_ratio\n"
	"state vm.dirty_bytes /proc/sys/vm/dirty_bytes\n"
	"state vm.dirty_background_bytes /proc/sys/vm/dirty_background_bytes\n"
	"state vm.dirty_expire_centisecs /proc/sys/vm/dirty_expire_centisecs\n"
	"state vm.dirty_writeback_centisecs /proc/sys/vm/dirty_writeback_centisecs\n"
	"state vm.compaction_proactiveness /proc/sys/vm/compaction_proactiveness\n"
	"state vm.extfrag_threshold /proc/sys/vm/extfrag_threshold\n"
	"state vm.lowmem_reserve_ratio /proc/sys/vm/lowmem_reserve_ratio\n"
	"state vm.percpu_pagelist_high_fraction /proc/sys/vm/percpu_pagelist_high_fraction\n"
	"state vm.min_slab_ratio /proc/sys/vm/min_slab_ratio\n"
	"state vm.min_unmapped_ratio /proc/sys/vm/min_unmapped_ratio\n"
	"state vm.stat_interval /proc/sys/vm/stat_interval\n"
	"state vm.defrag_mode /proc/sys/vm/defrag_mode\n"
	"state vm.overcommit_memory /proc/sys/vm/overcommit_memory\n"
	"state vm.zone_reclaim_mode /proc/sys/vm/zone_reclaim_mode\n"
	"state zswap.enabled /sys/module/zswap/parameters/enabled\n"
	"state zram.comp_algorithm /sys/block/zram0/comp_algorithm\n"
	"state swap.rotational /sys/block/sda/queue/rotational\n"
	"state swaps /proc/swaps\n"
	"state cpus.online /sys/devices/system/cpu/online\n"
	"state nodes.online " NODES "/online\n"
	"state nodes.memory " NODES "/has_memory\n"
	"state nodes.normal_memory " NODES "/has_normal_memory\n"
	"state nodes.cpu " NODES "/has_cpu\n"
	"state cmdline /proc/cmdline\n"
	"state node.0.cpus " NODES "/node0/cpulist\n"
	"state node.0.distance " NODES "/node0/distance\n"
	"number node.0.memory_kib " NODES "/node0/meminfo MemTotal:\n"
	"state node.1.cpus " NODES "/node1/cpulist\n"
	"state node.1.distance " NODES "/node1/distance\n"
	"number node.1.memory_kib " NODES "/node1/meminfo MemTotal:\n"
	"tierstate memory.tiers\n"
	"state device.swap.scheduler /sys/block/sda/queue/scheduler\n"
	"state device.swap.read_ahead_kb /sys/block/sda/queue/read_ahead_kb\n"
	"state device.swap.nr_requests /sys/block/sda/queue/nr_requests\n"
	"state device.swap.rotational /sys/block/sda/queue/rotational\n"
	"state device.swap.write_cache /sys/block/sda/queue/write_cache\n"
	"state device.data.scheduler /sys/block/nullb0/queue/scheduler\n"
	"state device.data.read_ahead_kb /sys/block/nullb0/queue/read_ahead_kb\n"
	"state device.data.nr_requests /sys/block/nullb0/queue/nr_requests\n"
	"state device.data.rotational /sys/block/nullb0/queue/rotational\n"
	"state device.data.write_cache /sys/block/nullb0/queue/write_cache\n"
	"state cgroup.a/b.memory.min " CG "/a/b/memory.min\n"
	"state cgroup.a/b.memory.low " CG "/a/b/memory.low\n"
	"state cgroup.a/b.memory.high " CG "/a/b/memory.high\n"
	"state cgroup.a/b.memory.max " CG "/a/b/memory.max\n"
	"state cgroup.a/b.memory.swap.max " CG "/a/b/memory.swap.max\n"
	"trace reclaim\n"
	"threads " CG "/a/b/cgroup.threads a/b\n";

/* The seeds are splitmix64 of 7 * 1024 + i, the jitter that of ~7 modulo 4 ms. */
static const char plan_works[] =
	"spawn one anon a/b seed=5683635360995970092 size=16777216 pattern=1 theta=990000"
	" hot=200000 hot_share=900000 shift=0 stride=65536 spread=50000 set=250000"
	" phase=500000000 scan_share=200000 pause=0 pause_every=1 write=500000"
	" compress=750000 thp=0 populate=0\n"
	"spawn two scan / seed=18066403306503105674 file=blob access=0 chunk=65536"
	" order=0 repeat=1 share=1000000 advice=0 pause=0\n";

#define NODE "source /sys/devices/system/node/node"
#define OF(n) "source " CG "/a/b/" n

static const char plan_sources_[] =
	"source /proc/vmstat 1 vmstat\n"
	"source /proc/pressure/memory 1 psi.memory\n"
	"source /proc/pressure/io 1 psi.io\n"
	"source /proc/pressure/cpu 1 psi.cpu\n"
	"source /proc/meminfo 5 meminfo\n"
	"source /proc/zoneinfo 5 zoneinfo\n"
	"source /proc/buddyinfo 5 buddyinfo\n"
	"source /sys/kernel/debug/lru_gen 2 lru_gen\n"
	NODE "0/vmstat 5 node.vmstat 0\n" NODE "1/vmstat 5 node.vmstat 1\n"
	NODE "0/meminfo 10 node.meminfo 0\n" NODE "1/meminfo 10 node.meminfo 1\n"
	"source /sys/block/sda/stat 1 device swap\n"
	"source /sys/block/nullb0/stat 1 device data\n"
	OF("memory.current 1 memory.current a/b\n")
	OF("memory.swap.current 1 memory.swap.current a/b\n")
	OF("memory.events 1 memory.events a/b\n")
	OF("memory.events.local 5 memory.events.local a/b\n")
	OF("memory.swap.events 5 memory.swap.events a/b\n")
	OF("memory.pressure 1 memory.pressure a/b\n")
	OF("io.pressure 1 io.pressure a/b\n")
	OF("cpu.pressure 1 cpu.pressure a/b\n")
	OF("memory.stat 2 memory.stat a/b\n")
	OF("memory.numa_stat 10 memory.numa_stat a/b\n")
	"source /proc/@one/schedstat 1 task one\nsource /proc/@two/schedstat 1 task two\n"
	"source /proc/@one/stat 2 task.stat one\nsource /proc/@two/stat 2 task.stat two\n"
	"source /proc/%kswapd0/schedstat 1 task kswapd0\n"
	"source /proc/%kswapd1/schedstat 1 task kswapd1\n"
	"source /proc/%kswapd0/stat 5 task.stat kswapd0\n"
	"source /proc/%kswapd1/stat 5 task.stat kswapd1\n"
	"source /proc/%kcompactd0/schedstat 1 task kcompactd0\n"
	"source /proc/%kcompactd1/schedstat 1 task kcompactd1\n"
	"source /proc/%kcompactd0/stat 5 task.stat kcompactd0\n"
	"source /proc/%kcompactd1/stat 5 task.stat kcompactd1\n"
	"source /proc/%khugepaged/schedstat 1 task khugepaged\n"
	"source /proc/%khugepaged/stat 5 task.stat khugepaged\n"
	"source /proc/%ksmd/schedstat 1 task ksmd\n"
	"source /proc/%ksmd/stat 5 task.stat ksmd\n"
	"source /proc/1/schedstat 1 task init\n"
	"times 4000000000 3297810 500000000 1000000000 0 10000000000\n";

static const struct plan_kernel numa_kernel = {.numa = true};

static void write_plan(const struct trio *t, uint64_t seed, struct buf *out)
{
	static const char *const modules[] = {"sd_mod", "scsi_debug", "null_blk", "mbcache", NULL};

	plan_setup(&t->guest, &t->scenario, (char *const *)modules, &numa_kernel, out);
	plan_write(&t->guest, &t->policy, &t->scenario, true, seed, out);
}

static void test_plan(void **unused)
{
	cleanup_buf struct buf plan = {0}, want = {0};
	struct trio t;

	(void)unused;
	load_trio(&t, PLAN_GUEST, PLAN_SCENARIO);
	write_plan(&t, 7, &plan);
	buf_printf(&want, "%s%s%s%s%s", plan_devices, plan_knobs, plan_states, plan_works,
		   plan_sources_);
	assert_string_equal(buf_str(&plan), buf_str(&want));
	release_trio(&t);
}

/* What is built in is told on the kernel's command line what a module would be told by insmod. */
static void test_plan_params(void **unused)
{
	static const char *const all[] = {"sd_mod", "scsi_debug", "null_blk", "mbcache", NULL};
	static const char *const none[] = {NULL};
	cleanup_buf struct buf params = {0};
	struct plan_needs needs;
	struct trio t;

	(void)unused;
	load_trio(&t, PLAN_GUEST, PLAN_SCENARIO);
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, NULL), 0);
	plan_params(&t.guest, &t.scenario, &needs, (char *const *)all, &params);
	assert_string_equal(buf_str(&params), "");
	plan_params(&t.guest, &t.scenario, &needs, (char *const *)none, &params);
	assert_string_equal(buf_str(&params),
			    "scsi_debug.dev_size_mb=32 scsi_debug.ndelay=38000 scsi_debug.random=1 "
			    "scsi_debug.max_queue=32 scsi_debug.sector_size=4096 scsi_debug.fake_rw=0 "
			    "scsi_debug.add_host=1 null_blk.nr_devices=0");
	release_trio(&t);
}

/* Lines that differ must be seed, spawn or times; returns how many there are. */
static unsigned int compare_plans(char *a, char *b)
{
	char *la, *lb;
	unsigned int n = 0;

	while ((la = strsep(&a, "\n"))) {
		lb = strsep(&b, "\n");
		assert_non_null(lb);
		if (!strcmp(la, lb))
			continue;
		n++;
		assert_int_equal(strcspn(la, " "), strcspn(lb, " "));
		if (strncmp(la, "seed ", 5) && strncmp(la, "spawn ", 6) && strncmp(la, "times ", 6))
			fail_msg("the seed changes the line '%s'", la);
	}
	assert_null(b);
	return n;
}

static void test_plan_seeds(void **unused)
{
	cleanup_buf struct buf a = {0}, same = {0}, b = {0};
	struct trio t;

	(void)unused;
	load_trio(&t, PLAN_GUEST, PLAN_SCENARIO);
	write_plan(&t, 1, &a);
	write_plan(&t, 1, &same);
	assert_string_equal(buf_str(&a), buf_str(&same));
	write_plan(&t, 2, &b);
	/* the kernel's seed, both workloads' seeds, the jitter */
	assert_int_equal(compare_plans(a.data, b.data), 4);
	release_trio(&t);
}

/* Movable memory is switched on first; then all that the HMAT should have led to is looked for. */
static void test_plan_topology(void **unused)
{
	static const char text[] = GUEST_HEAD HMAT("100ns", "2G")
		"[node 1]\nmemory = 0\ncpus = 2\n[node 2]\nmemory = 256M\ncpus = 0\n"
		"movable = yes\n" HMAT("250ns", "1G") "[distance]\n1 > 2 = 12\n";
	static const char first[] =
		"# wringer setup 1\n"
		"expect /sys/devices/system/memory/block_size_bytes 8000000\n"
		"write /sys/devices/system/memory/memory32/state online_movable\n"
		"write /sys/devices/system/memory/memory33/state online_movable\n"
		"expect " NODES "/online 0-2\n"
		"expect /sys/devices/system/cpu/online 0-2\n"
		"expect " NODES "/has_cpu 0-1\n"
		"expect " NODES "/has_memory 0,2\n"
		"expect " NODES "/has_normal_memory 0\n";
	static const char second[] =
		"\nexpect " NODES "/node1/cpulist 1-2\n"
		"expect " NODES "/node1/distance 20 10 12\n"
		"range " NODES "/node1/meminfo MemTotal: 0 0\n"
		"expect " NODES "/node2/cpulist \n"
		"expect " NODES "/node2/distance 20 20 10\n"
		"range " NODES "/node2/meminfo MemTotal: 262144 262144\n";
	static const char third[] =
		"\nexpect " NODES "/node2/access0/initiators/node1/cpulist 1-2\n"
		"expect " NODES "/node2/access0/initiators/read_latency 250\n"
		"expect " NODES "/node2/access0/initiators/read_bandwidth 1024\n"
		"expect " NODES "/node2/access0/initiators/write_latency 250\n"
		"expect " NODES "/node2/access0/initiators/write_bandwidth 1024\n"
		"tiers 0 2\ninterleave 0\n";
	static const char *const modules[] = {NULL};
	cleanup_buf struct buf plan = {0};
	struct trio t;

	(void)unused;
	load_trio(&t, text, SCENARIO_HEAD W);
	plan_setup(&t.guest, &t.scenario, (char *const *)modules, &numa_kernel, &plan);
	plan_write(&t.guest, &t.policy, &t.scenario, true, 1, &plan);
	assert_begins(plan.data, first);
	assert_non_null(strstr(plan.data, second));
	assert_non_null(strstr(plan.data, third));
	release_trio(&t);
}

/* KASAN's shadow is a part of the memory that is asked for, and no mistake. */
static void test_plan_kasan(void **state)
{
	const struct plan_kernel kasan = {.numa = true, .kasan = true};
	static const char *const modules[] = {NULL};
	unsigned long long least[2] = {0}, most[2] = {0};
	struct buf plan[2] = {{0}, {0}};
	struct trio t;
	size_t i;

	(void)state;
	load_trio(&t, GUEST_HEAD "[node 1]\nmemory = 256M\ncpus = 0\n", SCENARIO_HEAD W);
	plan_setup(&t.guest, &t.scenario, (char *const *)modules, &numa_kernel, &plan[0]);
	plan_setup(&t.guest, &t.scenario, (char *const *)modules, &kasan, &plan[1]);
	for (i = 0; i < 2; i++) {
		const char *at = strstr(buf_str(&plan[i]), "/node1/meminfo MemTotal: ");

		assert_non_null(at);
		assert_int_equal(sscanf(at, "/node1/meminfo MemTotal: %llu %llu", &least[i], &most[i]), 2);
		buf_release(&plan[i]);
	}
	assert_true(least[1] < least[0]);
	assert_int_equal(most[1], most[0]);
	release_trio(&t);
}

/* A kernel without huge pages has none: that is not asked of it, and nothing else is let go. */
static void test_plan_without_thp(void **unused)
{
#define THP_ "/sys/kernel/mm/transparent_hugepage/"
	static const char *const kept[] = {"write " THP_ "shmem_enabled advise\n",
					   "write /proc/sys/vm/never never\n"};
	cleanup_buf struct buf with = {0}, without = {0};
	struct trio t;
	size_t i;

	(void)unused;
	load_trio(&t, PLAN_GUEST,
		  SCENARIO_HEAD "[set]\n" THP_ "enabled = never\n" THP_ "shmem_enabled = advise\n"
				"/proc/sys/vm/never = never\n" W);
	plan_write(&t.guest, &t.policy, &t.scenario, true, 1, &with);
	plan_write(&t.guest, &t.policy, &t.scenario, false, 1, &without);
	assert_non_null(strstr(buf_str(&with), "write " THP_ "enabled never\n"));
	assert_null(strstr(buf_str(&without), "write " THP_ "enabled never\n"));
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		assert_non_null(strstr(buf_str(&without), kept[i]));
	release_trio(&t);
}

/* A kernel thread's name is taken, and so many cgroups cannot be recorded. */
static void test_needs_sources(void **unused)
{
	static const char *const threads[] = {"kswapd0", "kcompactd12", "ksmd", "init"};
	struct plan_needs needs;
	cleanup_buf struct buf many = {0};
	struct trio t;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		cleanup_free char *text = xasprintf(SCENARIO_HEAD "[workload %s]\ntype = anon\n",
						    threads[i]);

		load_trio(&t, PLAN_GUEST, text);
		assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -EINVAL);
		assert_non_null(strstr(err.msg, threads[i]));
		release_trio(&t);
	}
	load_trio(&t, PLAN_GUEST, SCENARIO_HEAD "[workload kswapd]\ntype = anon\n"
						"[workload kswap0]\ntype = anon\n");
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -EINVAL);
	release_trio(&t);
	load_trio(&t, PLAN_GUEST, SCENARIO_HEAD "[workload kswap0]\ntype = anon\n");
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), 0);
	release_trio(&t);
	buf_adds(&many, SCENARIO_HEAD W);
	for (i = 0; i < 60; i++)
		buf_printf(&many, "[cgroup c%zu]\n", i);
	load_trio(&t, PLAN_GUEST, buf_str(&many));
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "512 are possible"));
	release_trio(&t);
}

/* With eight nodes, what costs eight times as much has its turn four times as late. */
static void test_plan_cadence(void **unused)
{
	cleanup_buf struct buf guest = {0}, plan = {0};
	struct trio t;
	int i;

	(void)unused;
	buf_adds(&guest, PLAN_GUEST);
	for (i = 2; i < 8; i++)
		buf_printf(&guest, "[node %d]\nmemory = 64M\ncpus = 0\n", i);
	load_trio(&t, buf_str(&guest), PLAN_SCENARIO);
	write_plan(&t, 1, &plan);
	assert_non_null(strstr(plan.data, "source /proc/zoneinfo 20 zoneinfo\n"));
	assert_non_null(strstr(plan.data, "/node7/vmstat 20 node.vmstat 7\n"));
	assert_non_null(strstr(plan.data, "source /proc/vmstat 1 vmstat\n"));
	assert_non_null(strstr(plan.data, "/memory.stat 2 memory.stat a/b\n"));
	release_trio(&t);
}

/* Stores count too: what the machine boots with must end below what is plugged in. */
static void test_needs_movable(void **unused)
{
	struct plan_needs needs;
	struct trio t;
	struct err err;

	(void)unused;
	load_trio(&t, "[guest]\ntitle = g\n[node 0]\nmemory = 3G\ncpus = 1\n"
		      "[node 1]\nmemory = 128M\ncpus = 0\nmovable = yes\n"
		      "[swap]\nmodel = ssd\nsize = 1M\n", SCENARIO_HEAD W);
	assert_int_equal(plan_needs(&t.guest, &t.scenario, &needs, &err), -EINVAL);
	assert_string_equal(err.msg, "guest t has movable nodes, so its others can have 3072 MiB "
				     "with the stores of devices; they have 3073 MiB");
	release_trio(&t);
}

static void test_lists(void **unused)
{
	static const struct {
		unsigned int nodes;
		const char *text;
	} lists[] = {{0, ""}, {1, "0"}, {3, "0-1"}, {0xff, "0-7"}, {0xb5, "0,2,4-5,7"}};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		cleanup_buf struct buf out = {0};

		topology_list(lists[i].nodes, &out);
		assert_string_equal(buf_str(&out), lists[i].text);
	}
}

static void test_plan_zram(void **unused)
{
	static const char want[] =
		"wait /sys/block/zram0/disksize\nwrite /sys/block/zram0/comp_algorithm lz4\n"
		"write /sys/block/zram0/disksize 8388608\nwait /dev/zram0\n"
		"swapon /dev/zram0 8388608 0\ninterleave off\n";
	static const char *const modules[] = {"lz4", "zram", NULL};
	cleanup_buf struct buf plan = {0};
	struct trio t;

	(void)unused;
	load_trio(&t, GUEST_HEAD "[swap]\nmodel = zram\nsize = 8M\n", SCENARIO_HEAD W);
	plan_setup(&t.guest, &t.scenario, (char *const *)modules, &numa_kernel, &plan);
	assert_non_null(strstr(plan.data, "\ninsmod lz4 \ninsmod zram num_devices=1\n"));
	assert_non_null(strstr(plan.data, want));
	assert_non_null(strstr(plan.data, "\nexpect /sys/devices/system/node/online 0\n"));
	assert_non_null(strstr(plan.data, "\ninterleave 0\n"));
	assert_null(strstr(plan.data, "nullb"));
	assert_null(strstr(plan.data, "/data"));
	release_trio(&t);
}

/*
 * ---- What is shipped ----
 */

static char *top; /* the repository */

static unsigned int each_file(const char *pattern, void (*check)(const char *path))
{
	cleanup_free char *full = xasprintf("%s/%s", top, pattern);
	glob_t g;
	size_t i;
	unsigned int n;

	assert_int_equal(glob(full, 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++)
		check(g.gl_pathv[i]);
	n = (unsigned int)g.gl_pathc;
	globfree(&g);
	return n;
}

static void check_guest(const char *path)
{
	struct guest g;
	struct err err;

	if (guest_load(&g, path, &err))
		fail_msg("%s", err.msg);
	assert_true(*g.title);
	guest_release(&g);
}

static void check_policy(const char *path)
{
	struct policy p;
	struct err err;

	if (policy_load(&p, path, &err))
		fail_msg("%s", err.msg);
	policy_release(&p);
}

/* A plan of it can be made for the standard guest. */
static void check_scenario(const char *path)
{
	cleanup_free char *guest = xasprintf("%s/guests/one.conf", top);
	cleanup_free char *policy = xasprintf("%s/policies/lru.conf", top);
	struct plan_needs needs;
	struct buf plan = {0};
	struct trio t;
	struct err err;

	assert_int_equal(guest_load(&t.guest, guest, &err), 0);
	assert_int_equal(policy_load(&t.policy, policy, &err), 0);
	if (scenario_load(&t.scenario, path, NULL, &err) ||
	    plan_needs(&t.guest, &t.scenario, &needs, &err))
		fail_msg("%s", err.msg);
	write_plan(&t, 1, &plan);
	assert_null(strstr(plan.data, "(null)"));
	buf_release(&plan);
	release_trio(&t);
}

static void test_shipped(void **unused)
{
	(void)unused;
	assert_true(each_file("guests/*.conf", check_guest) >= 5);
	assert_true(each_file("policies/*.conf", check_policy) >= 2);
	assert_true(each_file("workloads/scenarios/*.conf", check_scenario) >= 7);
}

static int set_up(void **unused)
{
	(void)unused;
	top = getcwd(NULL, 0);
	return top && mkdtemp(tmp) && !chdir(tmp) ? 0 : -1;
}

static int tear_down(void **unused)
{
	int ret = chdir(top);

	(void)unused;
	free(top);
	return ret ? -1 : dir_remove(tmp, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_guest_defaults),
		cmocka_unit_test(test_guest_topology),
		cmocka_unit_test(test_guest_bad),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_policy_bad),
		cmocka_unit_test(test_policy_objects),
		cmocka_unit_test(test_objects_kept),
		cmocka_unit_test(test_policy_instances),
		cmocka_unit_test(test_scenario),
		cmocka_unit_test(test_scenario_bad),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_needs_override),
		cmocka_unit_test(test_needs_do_not_fit),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_plan_params),
		cmocka_unit_test(test_plan_seeds),
		cmocka_unit_test(test_plan_cadence),
		cmocka_unit_test(test_plan_without_thp),
		cmocka_unit_test(test_needs_sources),
		cmocka_unit_test(test_plan_zram),
		cmocka_unit_test(test_plan_topology),
		cmocka_unit_test(test_plan_kasan),
		cmocka_unit_test(test_needs_movable),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
