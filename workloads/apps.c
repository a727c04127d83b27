// SPDX-License-Identifier: GPL-2.0-only
/*
 * App switching, as on a phone: many apps, each a process with anonymous memory and a part of a
 * file, one of them in the foreground.  Whoever comes there first touches all that it needs to be
 * of use, and how long that takes is what its user waits for; then it goes on touching until the
 * next one's turn.  In the background an app sleeps, or touches a little.
 */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "workloads/lib/child.h"
#include "workloads/lib/decide.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { ZIPF, ROBIN };
static const char *const orders[] = {"zipf", "robin", NULL};

#define APPS_MAX 64
/* Who waits for somebody else looks so often whether all is well. */
#define LOOK_NS 20000000ull

struct apps_opts {
	uint64_t apps;
	uint64_t anon;
	char *file;
	uint64_t launch;
	uint64_t stay;
	unsigned int order;
	uint64_t theta;
	uint64_t pause;
	uint64_t background;
	uint64_t write;
	uint64_t jank;
	uint64_t compress;
};

static const struct apps_opts apps_defaults = {
	.apps = 8,
	.anon = 8 << 20,
	.file = (char *)"",
	.launch = 500000,
	.stay = 50000000,
	.order = ZIPF,
	.theta = 800000,
	.pause = 100000,
	.write = 500000,
	.jank = 50000000,
	.compress = 600000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct apps_opts, field), __VA_ARGS__}

static const struct conf_key apps_options[] = {
	KEY(apps, CONF_U64, .help = "how many there are", .min = 2, .max = APPS_MAX),
	KEY(anon, CONF_SIZE, .help = "anonymous memory of each, bytes", .min = 1 << 16,
	    .max = 1ull << 40),
	KEY(file, CONF_STR,
	    .help = "name of a [file] that they map, each a part of its own; none without"),
	KEY(launch, CONF_MILLIONTHS,
	    .help = "share of its memory, and of its part of the file, that an app touches to come "
		    "to the foreground",
	    .min = 1, .max = 1000000),
	{.name = "switch", .type = CONF_TIME, .offset = offsetof(struct apps_opts, stay),
	 .help = "how long it stays there after that", .max = 60000000000},
	KEY(order, CONF_CHOICE, .help = "which app is next", .choices = orders),
	KEY(theta, CONF_MILLIONTHS, .help = "zipf: skew of the apps' popularity", .min = 1,
	    .max = 10000000),
	KEY(pause, CONF_TIME, .help = "rest after each touch in the foreground; 0 for none",
	    .max = 1000000000),
	KEY(background, CONF_TIME,
	    .help = "rest after each touch in the background; 0: none are touched there",
	    .max = 60000000000),
	KEY(write, CONF_MILLIONTHS, .help = "share of the touches of anonymous memory that write",
	    .max = 1000000),
	KEY(jank, CONF_TIME, .help = "a touch that takes longer is counted as jank", .min = 1000,
	    .max = 60000000000),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { STARTED, COLD, HOT, MAJOR, JANK, LAUNCHED, TOUCHED };

/* Shared by all processes; each word is waited on with futex(). */
struct stage {
	uint32_t front[APPS_MAX]; /* 1: this app has the foreground */
	uint32_t done;            /* launches that are over */
};

static struct {
	struct stage *stage;
	struct wl_pages file;
	struct wl_zipf zipf;
	uint64_t started;  /* apps that were started, one after the other */
	uint64_t front;    /* the one in the foreground */
	struct wl_mem mem; /* an app's own */
	uint64_t first;    /* and its part of the file */
	uint64_t file_pages;
} apps;

static void apps_setup(struct wl *wl)
{
	const struct apps_opts *o = wl->opts;

	apps.stage = mmap(NULL, sizeof(*apps.stage), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (apps.stage == MAP_FAILED)
		wl_fail("cannot map shared memory: %m");
	if (*o->file) {
		wl_pages_open(&apps.file, o->file, WL_MAP);
		apps.file_pages = apps.file.pages / o->apps;
	}
	wl_zipf_init(&apps.zipf, o->apps, o->theta);
}

/* ns is below a second. */
static void wait_word(uint32_t *word, uint32_t while_value, uint64_t ns)
{
	struct timespec ts = {.tv_nsec = (long)ns};

	if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == while_value)
		syscall(SYS_futex, word, FUTEX_WAIT, while_value, &ts, NULL, 0);
}

static void set_word(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Pages of an app are numbered through, those of the file last. */
static void touch(struct wl *wl, const struct apps_opts *o, uint64_t page)
{
	uint64_t start = wl_now();

	if (page >= apps.mem.pages) {
		wl_pages_read(&apps.file, apps.first + page - apps.mem.pages);
	} else {
		wl_mem_check(&apps.mem, page);
		if (wl_chance(wl, o->write))
			wl_mem_dirty(&apps.mem, page);
	}
	wl_add(wl, TOUCHED, 1);
	if (wl_now() - start > o->jank)
		wl_add(wl, JANK, 1);
}

static void touch_some(struct wl *wl, const struct apps_opts *o)
{
	touch(wl, o, wl_below(wl, apps.mem.pages + apps.file_pages));
}

static uint64_t major_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)u.ru_majflt;
}

static void touch_share(struct wl *wl, const struct apps_opts *o, uint64_t first, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages * o->launch / 1000000 && !wl_stopping(); i++)
		touch(wl, o, first + i);
	wl_add(wl, LAUNCHED, i);
}

/* The same pages each time.  It is hot when all of them still were in memory. */
static void launch(struct wl *wl, const struct apps_opts *o)
{
	uint64_t major = major_faults(), start = wl_now();

	touch_share(wl, o, 0, apps.mem.pages);
	touch_share(wl, o, apps.mem.pages, apps.file_pages);
	if (wl_stopping())
		return;
	wl_count(wl_now() - start);
	major = major_faults() - major;
	wl_add(wl, MAJOR, major);
	wl_add(wl, major ? COLD : HOT, 1);
}

/* The first launch: an app fills its memory. */
static void begin(struct wl *wl, const struct apps_opts *o, uint64_t nr)
{
	uint64_t i;

	wl_mem_map(&apps.mem, o->anon, 0, wl_mix(wl->seed + nr), o->compress);
	apps.first = nr * apps.file_pages;
	for (i = 0; i < apps.mem.pages && !wl_stopping(); i++)
		wl_mem_write(&apps.mem, i);
	for (i = 0; i < apps.file_pages && !wl_stopping(); i++)
		wl_pages_read(&apps.file, apps.first + i);
	wl_add(wl, STARTED, 1);
}

static void say_done(void)
{
	set_word(&apps.stage->done, apps.stage->done + 1);
}

static void in_background(struct wl *wl, const struct apps_opts *o, uint32_t *front)
{
	uint64_t rest = o->background && o->background < LOOK_NS ? o->background : LOOK_NS;
	uint64_t last = wl_now();

	while (!__atomic_load_n(front, __ATOMIC_ACQUIRE) && !wl_stopping()) {
		wait_word(front, 0, rest);
		if (o->background && wl_now() - last >= o->background) {
			touch_some(wl, o);
			last = wl_now();
		}
	}
}

static void in_foreground(struct wl *wl, const struct apps_opts *o, const uint32_t *front)
{
	while (__atomic_load_n(front, __ATOMIC_ACQUIRE) && !wl_stopping()) {
		touch_some(wl, o);
		if (o->pause)
			wl_nap(o->pause);
	}
}

static void app(struct wl *wl, const struct apps_opts *o, uint64_t nr)
{
	uint32_t *front = &apps.stage->front[nr];

	begin(wl, o, nr);
	say_done();
	while (!wl_stopping()) {
		in_foreground(wl, o, front);
		in_background(wl, o, front);
		if (wl_stopping())
			break;
		launch(wl, o);
		say_done();
	}
	_exit(0);
}

static void look_after_apps(void)
{
	if (wl_reap(false) && !wl_stopping())
		wl_fail("an app ended too early");
}

/* Until the app that was told to has come to the foreground, then as long as it stays. */
static void wait_launch(const struct apps_opts *o, uint32_t done)
{
	uint64_t end;

	while (__atomic_load_n(&apps.stage->done, __ATOMIC_ACQUIRE) == done && !wl_stopping()) {
		wait_word(&apps.stage->done, done, LOOK_NS);
		look_after_apps();
	}
	end = wl_now() + o->stay;
	while (wl_now() < end && !wl_stopping()) {
		uint64_t left = end - wl_now();

		wl_nap(left < LOOK_NS ? left : LOOK_NS);
		look_after_apps();
	}
}

static void apps_op(struct wl *wl)
{
	const struct apps_opts *o = wl->opts;
	uint32_t done = __atomic_load_n(&apps.stage->done, __ATOMIC_ACQUIRE);
	uint64_t next;

	__atomic_store_n(&apps.stage->front[apps.front], 0, __ATOMIC_RELEASE);
	if (apps.started < o->apps) {
		apps.front = apps.started++;
		apps.stage->front[apps.front] = 1;
		if (!wl_fork(wl, apps.front))
			app(wl, o, apps.front);
	} else {
		next = decide_app(wl, o->order == ZIPF ? &apps.zipf : NULL, o->apps, apps.front);
		apps.front = next;
		set_word(&apps.stage->front[next], 1);
	}
	wait_launch(o, done);
}

static const struct wl_metric apps_metrics[] = {
	{"started", "count", WL_NONE, "apps that were started; that is no operation"},
	{"cold", "count", WL_LOWER, "launches with major faults"},
	{"hot", "count", WL_HIGHER, "launches without"},
	{"major", "count", WL_LOWER, "major faults of launches"},
	{"jank", "count", WL_LOWER, "touches that took longer than jank"},
	{"launched", "pages", WL_NONE, "pages touched to launch"},
	{"touched", "pages", WL_HIGHER, "pages read back and checked, launches included"},
};

const struct workload workload_apps = {
	.name = "apps",
	.summary = "app switching as on a phone: many apps, one in the foreground, launch latency",
	.op = "one launch: what an app touches to come to the foreground again",
	WL_TABLE(apps_options),
	.defaults = &apps_defaults,
	.opts_size = sizeof(struct apps_opts),
	.metrics = apps_metrics,
	.nr_metrics = sizeof(apps_metrics) / sizeof(apps_metrics[0]),
	.counts_itself = true,
	.setup = apps_setup,
	.op_run = apps_op,
};
