// SPDX-License-Identifier: GPL-2.0-only
/*
 * A proactive reclaimer led by pressure, after the idea of facebookincubator/senpai: a cgroup is
 * asked for a little more memory as long as its tasks hardly stall for want of it.  The formula is
 * in workloads/lib/decide.h; senpai's own defaults are an interval of 6 s, 10 ms of stalls in it
 * and 1 % of the memory at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/lib/child.h"
#include "workloads/lib/decide.h"
#include "workloads/lib/workload.h"

#define CGROUPS "/sys/fs/cgroup"

struct senpai_opts {
	char *target;
	uint64_t interval;
	uint64_t pressure;
	uint64_t probe;
	uint64_t steps;
	char *swappiness;
};

static const struct senpai_opts senpai_defaults = {
	.target = (char *)"",
	.interval = 100000000,
	.pressure = 1667,
	.probe = 10000,
	.steps = 10,
	.swappiness = (char *)"",
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct senpai_opts, field), __VA_ARGS__}

static const struct conf_key senpai_options[] = {
	KEY(target, CONF_STR, .help = "name of the [cgroup] that is reclaimed from",
	    .required = true),
	KEY(interval, CONF_TIME, .help = "between two looks at its pressure", .min = 1000000,
	    .max = 60000000000),
	KEY(pressure, CONF_MILLIONTHS,
	    .help = "share of the time that some of its tasks may be stalled", .min = 1,
	    .max = 1000000),
	KEY(probe, CONF_MILLIONTHS, .help = "largest share of its memory that is asked for at once",
	    .min = 1, .max = 1000000),
	KEY(steps, CONF_U64, .help = "calm intervals in which that is reached from nothing",
	    .min = 1, .max = 1000),
	KEY(swappiness, CONF_STR,
	    .help = "a number, or max: what memory.reclaim is to go by; a kernel that does not "
		    "take it fails the run"),
};

enum { ASKED, GOT, PAUSES, SHORT, STALLED };

static struct {
	char reclaim[128];
	char current[128];
	char pressure[128];
	uint64_t step;
	uint64_t stalled; /* ns, so far */
} senpai;

static void read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (n < 0)
		wl_fail("cannot read %s: %m", path);
	close(fd);
	out[n] = '\0';
}

static uint64_t stalled_ns(void)
{
	char text[256];
	const char *at;

	read_text(senpai.pressure, text, sizeof(text));
	at = strstr(text, "total=");
	if (!at)
		wl_fail("%s has no total", senpai.pressure);
	return strtoull(at + strlen("total="), NULL, 10) * 1000;
}

static uint64_t current_bytes(void)
{
	char text[64];

	read_text(senpai.current, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static void senpai_setup(struct wl *wl)
{
	const struct senpai_opts *o = wl->opts;

	snprintf(senpai.reclaim, sizeof(senpai.reclaim), CGROUPS "/%.60s/memory.reclaim",
		 o->target);
	snprintf(senpai.current, sizeof(senpai.current), CGROUPS "/%.60s/memory.current",
		 o->target);
	snprintf(senpai.pressure, sizeof(senpai.pressure), CGROUPS "/%.60s/memory.pressure",
		 o->target);
	if (access(senpai.reclaim, W_OK))
		wl_fail("cannot write to %s: %m", senpai.reclaim);
	current_bytes();
	stalled_ns();
}

static void reclaim(struct wl *wl, const struct senpai_opts *o, uint64_t bytes)
{
	int fd = open(senpai.reclaim, O_WRONLY | O_CLOEXEC), len;
	char text[96];

	len = snprintf(text, sizeof(text), "%llu%s%.16s", (unsigned long long)bytes,
		       *o->swappiness ? " swappiness=" : "", o->swappiness);
	if (fd < 0)
		wl_fail("cannot open %s: %m", senpai.reclaim);
	if (write(fd, text, (size_t)len) < 0) {
		/* EAGAIN: less than that was to be had, and what was is gone. */
		if (errno != EAGAIN && errno != EINTR)
			wl_fail("cannot write '%s' to %s: %m", text, senpai.reclaim);
		wl->metric[SHORT]++;
	}
	close(fd);
}

static void probe(struct wl *wl, const struct senpai_opts *o, uint64_t bytes)
{
	uint64_t before = current_bytes(), after;

	reclaim(wl, o, bytes);
	after = current_bytes();
	wl->metric[ASKED] += bytes / 1024;
	wl->metric[GOT] += before > after ? (before - after) / 1024 : 0;
}

static void senpai_op(struct wl *wl)
{
	const struct senpai_opts *o = wl->opts;
	struct decide_senpai d = {o->interval, o->pressure, o->probe, o->steps};
	uint64_t start, stalled, before = senpai.stalled, bytes;

	if (!before)
		before = stalled_ns();
	wl_nap(o->interval);
	start = wl_now();
	senpai.stalled = stalled_ns();
	stalled = senpai.stalled - before;
	wl->metric[STALLED] += stalled / 1000;
	bytes = decide_senpai(&d, stalled, current_bytes(), &senpai.step);
	if (bytes)
		probe(wl, o, bytes);
	else
		wl->metric[PAUSES]++;
	wl_count(wl_now() - start);
}

static const struct wl_metric senpai_metrics[] = {
	{"asked", "KiB", WL_NONE, "memory asked for"},
	{"got", "KiB", WL_HIGHER, "by how much the cgroup was smaller afterwards, added up"},
	{"pauses", "count", WL_LOWER, "intervals in which nothing was asked for"},
	{"short", "count", WL_LOWER, "requests that did not get all they asked for"},
	{"stalled", "us", WL_LOWER, "time that some task of the cgroup was stalled"},
};

const struct workload workload_senpai = {
	.name = "senpai",
	.summary = "proactive reclaim from a cgroup, led by its pressure",
	.op = "one interval; its latency is that of looking and reclaiming",
	WL_TABLE(senpai_options),
	.defaults = &senpai_defaults,
	.opts_size = sizeof(struct senpai_opts),
	.metrics = senpai_metrics,
	.nr_metrics = sizeof(senpai_metrics) / sizeof(senpai_metrics[0]),
	.counts_itself = true,
	.setup = senpai_setup,
	.op_run = senpai_op,
};
