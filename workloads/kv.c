// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key-value store: 4 KiB records of a file, with the mixes of operations and the popularity of
 * YCSB's workloads (B. Cooper et al., "Benchmarking cloud serving systems with YCSB", SoCC 2010), and
 * on request a second thread that scans the same file from start to end, as a SCAN or a backup does.
 * The question is whether the scan evicts the popular records.
 *
 * The file is a ring of records: an insert takes the next place and, where the file is full, that of
 * the oldest record.  Updates and inserts are buffered writes of the whole record.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"
#include "workloads/lib/ycsb.h"

enum { READ, MMAP };
static const char *const accesses[] = {"read", "mmap", NULL};

struct kv_opts {
	char *file;
	unsigned int access;
	unsigned int mix;
	uint64_t theta;
	uint64_t load;
	uint64_t scan_length;
	bool scan;
	uint64_t scan_burst;
	uint64_t scan_pause;
};

static const struct kv_opts kv_defaults = {
	.file = (char *)"",
	.access = READ,
	.mix = YCSB_C,
	.theta = 990000,
	.load = 1000000,
	.scan_length = 100,
	.scan_burst = 128 << 10,
	.scan_pause = 1000000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct kv_opts, field), __VA_ARGS__}

static const struct conf_key kv_options[] = {
	KEY(file, CONF_STR, .help = "name of a [file] of the scenario", .required = true),
	KEY(access, CONF_CHOICE, .choices = accesses,
	    .help = "records are read by read() or through a shared mapping; written by write()"),
	KEY(mix, CONF_CHOICE, .choices = ycsb_mixes,
	    .help = "as YCSB: a half updates; b 5 % updates; c reads only; d 5 % inserts, the "
		    "latest are read; e scans and 5 % inserts; f half read-modify-write. All but c "
		    "keep a locked byte a record"),
	KEY(theta, CONF_MILLIONTHS, .help = "skew of the keys' popularity", .min = 1,
	    .max = 10000000),
	KEY(load, CONF_MILLIONTHS, .min = 1, .max = 1000000,
	    .help = "d, e: share of the file's records that exist at the start; inserts add the "
		    "rest, then replace the oldest"),
	KEY(scan_length, CONF_U64, .help = "e: records of the longest scan; lengths are uniform",
	    .min = 1, .max = 1 << 20),
	KEY(scan, CONF_BOOL, .help = "a second thread scans the file meanwhile"),
	KEY(scan_burst, CONF_SIZE, .help = "bytes the scan reads at a time", .min = 4096,
	    .max = 1 << 30),
	KEY(scan_pause, CONF_TIME, .help = "how long the scan rests between", .max = 60000000000),
};

enum { SCANNED, READS, UPDATES, INSERTS, SCANS, FETCHED };

static struct {
	struct wl_pages file;
	struct wl_pages scan_file; /* the same, opened again: readahead has its own state */
	struct wl_zipf zipf;
	uint64_t loaded; /* records that there were at the start */
	uint64_t head;   /* the next insert's place, counted on and on */
	pthread_t scanner;
	bool scanning;
} kv;

/* Under a name of its own, so that who looks on can tell who it is. */
static void *scanner(void *arg)
{
	struct wl *wl = arg;
	const struct kv_opts *o = wl->opts;
	struct timespec pause = {.tv_sec = (time_t)(o->scan_pause / 1000000000),
				 .tv_nsec = (long)(o->scan_pause % 1000000000)};
	uint64_t page = 0, n;

	prctl(PR_SET_NAME, "scan");
	while (!wl_stopping()) {
		for (n = o->scan_burst / 4096; n && !wl_stopping(); n--) {
			wl_pages_read(&kv.scan_file, page);
			page = (page + 1) % kv.scan_file.pages;
			wl->metric[SCANNED]++;
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void kv_setup(struct wl *wl)
{
	const struct kv_opts *o = wl->opts;
	unsigned int how = o->access == MMAP ? WL_MAP : 0;

	wl_pages_open(&kv.file, o->file, how | (ycsb_writes(o->mix) ? WL_WRITE : 0));
	/* Its pages are checked for what they are only: their versions change meanwhile. */
	wl_pages_open(&kv.scan_file, o->file, how);
	kv.loaded = kv.file.pages;
	if (ycsb_inserts(o->mix))
		kv.loaded = kv.file.pages * o->load / 1000000;
	if (!kv.loaded)
		kv.loaded = 1;
	kv.head = kv.loaded;
	wl_zipf_init(&kv.zipf, kv.loaded, o->theta);
}

/* Not in setup: the scan must wait at the gate too. */
static void start_scanner(struct wl *wl)
{
	kv.scanning = true;
	if (pthread_create(&kv.scanner, NULL, scanner, wl))
		wl_fail("cannot start the scanning thread");
}

/* A record by its popularity: in mix d the latest are popular, otherwise any. */
static uint64_t pick(struct wl *wl)
{
	const struct kv_opts *o = wl->opts;
	uint64_t rank = wl_zipf_next(&kv.zipf, wl);

	if (o->mix == YCSB_D)
		return (kv.head - 1 - rank) % kv.file.pages;
	return wl_scatter(rank, kv.loaded, wl->seed);
}

static void insert(struct wl *wl)
{
	wl_pages_write(&kv.file, kv.head++ % kv.file.pages);
	wl->metric[INSERTS]++;
}

/* What this thread itself waited for, a scan's reads are not in it.  One call for a few records. */
static void count_fetched(struct wl *wl)
{
	struct rusage usage;

	if (wl->metric[READS] % 16 || getrusage(RUSAGE_THREAD, &usage))
		return;
	wl->metric[FETCHED] = (uint64_t)usage.ru_inblock / (WL_PAGE_SIZE / 512);
}

static void read_record(struct wl *wl, uint64_t record)
{
	wl_pages_read(&kv.file, record);
	wl->metric[READS]++;
	count_fetched(wl);
}

static void update(struct wl *wl, uint64_t record)
{
	wl_pages_write(&kv.file, record);
	wl->metric[UPDATES]++;
}

static void modify(struct wl *wl, uint64_t record)
{
	read_record(wl, record);
	update(wl, record);
}

static void scan_records(struct wl *wl, uint64_t from)
{
	const struct kv_opts *o = wl->opts;
	uint64_t n = 1 + wl_below(wl, o->scan_length), i;

	for (i = 0; i < n && !wl_stopping(); i++)
		wl_pages_read(&kv.file, (from + i) % kv.file.pages);
	wl->metric[SCANNED] += i;
	wl->metric[SCANS]++;
}

static void kv_op(struct wl *wl)
{
	const struct kv_opts *o = wl->opts;

	if (o->scan && !kv.scanning)
		start_scanner(wl);
	switch (ycsb_next(o->mix, wl)) {
	case YCSB_UPDATE:
		update(wl, pick(wl));
		break;
	case YCSB_INSERT:
		insert(wl);
		break;
	case YCSB_SCAN:
		scan_records(wl, pick(wl));
		break;
	case YCSB_MODIFY:
		modify(wl, pick(wl));
		break;
	default:
		read_record(wl, pick(wl));
		break;
	}
}

static const struct wl_metric kv_metrics[] = {
	[SCANNED] = {"scanned", "pages", WL_HIGHER, "records that scans read and checked"},
	[READS] = {"reads", "pages", WL_HIGHER, "records read by themselves and checked"},
	[UPDATES] = {"updates", "pages", WL_HIGHER, "records written over"},
	[INSERTS] = {"inserts", "pages", WL_HIGHER, "records inserted"},
	[SCANS] = {"scans", "count", WL_HIGHER, "scans of mix e"},
	[FETCHED] = {"fetched", "pages", WL_NONE,
		     "pages read from a device by the thread of the operations, scans by another are not in it; "
		     "0 where the kernel keeps no account of tasks' I/O"},
};

const struct workload workload_kv = {
	.name = "kv",
	.summary = "a key-value store's reads, updates, inserts and scans of a file, YCSB's mixes",
	.op = "one record read, updated, inserted or modified, or one scan",
	WL_TABLE(kv_options),
	.defaults = &kv_defaults,
	.opts_size = sizeof(struct kv_opts),
	.metrics = kv_metrics,
	.nr_metrics = sizeof(kv_metrics) / sizeof(kv_metrics[0]),
	.setup = kv_setup,
	.op_run = kv_op,
};
