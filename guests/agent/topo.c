// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"

#define TIERS_DIR "/sys/devices/virtual/memory_tiering"
#define TIERS_MAX 16

/* The first kernel that makes memory tiers from the HMAT. */
#define HMAT_MAJOR 6
#define HMAT_MINOR 7

struct tier {
	unsigned int nr; /* larger = slower */
	unsigned long nodes;
	char list[64];
};

/* This kernel was let off the check of its tiers. */
static bool excused;

unsigned long topo_nodes(const char *list)
{
	unsigned long mask = 0, first, last;
	char *end;

	while (*list) {
		first = last = strtoul(list, &end, 10);
		if (end != list && *end == '-')
			last = strtoul(end + 1, &end, 10);
		if (end == list || last < first || last >= 8 * sizeof(mask) ||
		    (*end && *end != ','))
			agent_fail(WIRE_AGENT_ERROR, "'%s' is no list of nodes", list);
		for (; first <= last; first++)
			mask |= 1ul << first;
		list = *end ? end + 1 : end;
	}
	return mask;
}

static uint64_t number_after(const char *path, const char *word)
{
	static char text[8192];
	char *at, *end;
	uint64_t value;

	if (sys_read(path, text, sizeof(text)) < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot read %s", path);
	at = strstr(text, word);
	at = at ? at + strlen(word) : text;
	value = strtoull(at, &end, 10);
	if (at == text || end == at)
		agent_fail(WIRE_SETUP_FAILED, "%s has no number behind %s", path, word);
	return value;
}

void topo_range(const char *path, const char *word, uint64_t low, uint64_t high)
{
	uint64_t value = number_after(path, word);

	if (value < low || value > high)
		agent_fail(WIRE_SETUP_FAILED, "%s says %s %llu, not %llu to %llu as asked", path,
			   word, (unsigned long long)value, (unsigned long long)low,
			   (unsigned long long)high);
}

void topo_number(const char *key, const char *path, const char *word)
{
	char value[32] = "absent";

	if (!access(path, F_OK))
		snprintf(value, sizeof(value), "%llu", (unsigned long long)number_after(path, word));
	sample_state_text(key, value);
}

/* Kept in the order of their numbers: folders are in none. */
static unsigned int add_tier(struct tier *tiers, unsigned int n, unsigned int nr)
{
	char path[128];
	unsigned int i;

	for (i = n; i && tiers[i - 1].nr > nr; i--)
		tiers[i] = tiers[i - 1];
	tiers[i].nr = nr;
	snprintf(path, sizeof(path), TIERS_DIR "/memory_tier%u/nodelist", nr);
	if (sys_read(path, tiers[i].list, sizeof(tiers[i].list)) < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot read %s", path);
	tiers[i].nodes = topo_nodes(tiers[i].list);
	return n + 1;
}

static unsigned int read_tiers(struct tier *tiers)
{
	DIR *dir = opendir(TIERS_DIR);
	struct dirent *d;
	unsigned int n = 0, nr;

	while (dir && (d = readdir(dir)))
		if (n < TIERS_MAX && sscanf(d->d_name, "memory_tier%u", &nr) == 1)
			n = add_tier(tiers, n, nr);
	if (dir)
		closedir(dir);
	return n;
}

static unsigned int tier_of(const struct tier *tiers, unsigned int n, unsigned int node)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (tiers[i].nodes >> node & 1)
			return tiers[i].nr;
	agent_fail(WIRE_SETUP_FAILED, "node %u is in no memory tier", node);
}

/* Kernels without tiers, and those whose tiers know nothing of the HMAT. */
static bool without_hmat_tiers(unsigned int nr_tiers)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	if (sscanf(uts.release, "%u.%u", &major, &minor) != 2)
		return false;
	return !nr_tiers || major < HMAT_MAJOR || (major == HMAT_MAJOR && minor < HMAT_MINOR);
}

void topo_tiers(unsigned long fast, unsigned long slow)
{
	struct tier tiers[TIERS_MAX];
	unsigned int n = read_tiers(tiers);
	unsigned int i, j;

	excused = without_hmat_tiers(n);
	for (i = 0; !excused && slow >> i; i++)
		for (j = 0; slow >> i & 1 && fast >> j; j++) {
			if (!(fast >> j & 1) || tier_of(tiers, n, i) > tier_of(tiers, n, j))
				continue;
			agent_fail(WIRE_SETUP_FAILED,
				   "node %u is in memory tier %u, no slower than tier %u of node "
				   "%u, whatever its latency and bandwidth",
				   i, tier_of(tiers, n, i), tier_of(tiers, n, j), j);
		}
}

/* "4:0 35:1" */
void topo_tier_state(const char *key)
{
	struct tier tiers[TIERS_MAX];
	unsigned int i, n = read_tiers(tiers);
	char value[512] = "absent";
	size_t len = 0;

	for (i = 0; i < n && len < sizeof(value); i++)
		len += (size_t)snprintf(value + len, sizeof(value) - len, "%s%u:%s", i ? " " : "",
					tiers[i].nr, tiers[i].list);
	if (n && excused && len < sizeof(value))
		snprintf(value + len, sizeof(value) - len, " (made without the HMAT)");
	sample_state_text(key, value);
}

#define BLOCKS_MAX 4096

/* 0 when the block is of that state afterwards, else -errno; -ENOENT: none of the node's. */
static int set_block(unsigned int node, unsigned int block, const char *state)
{
	char path[96], was[32];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/memory%u/state", node, block);
	if (sys_read(path, was, sizeof(was)) < 0)
		return -ENOENT;
	if (!strcmp(was, state))
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, state, strlen(state)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

const char *topo_online(unsigned int node, const char *state)
{
	unsigned int block, changed = 0;
	int first = -ENODEV;

	for (block = 0; block < BLOCKS_MAX; block++) {
		int ret = set_block(node, block, state);

		changed += !ret;
		if (ret && ret != -ENOENT)
			first = ret;
	}
	return changed ? NULL : strerror(-first);
}
