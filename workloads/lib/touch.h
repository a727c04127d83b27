/* SPDX-License-Identifier: GPL-2.0-only */
/* Which page is touched next: one table of patterns for all workloads that touch pages. */
#ifndef WORKLOADS_LIB_TOUCH_H
#define WORKLOADS_LIB_TOUCH_H

#include "workloads/lib/workload.h"

enum touch_pattern {
	TOUCH_UNIFORM,
	TOUCH_ZIPF,
	TOUCH_HOTCOLD,
	TOUCH_SEQUENTIAL,
	TOUCH_BACKWARD,
	TOUCH_STRIDE,
	TOUCH_WALK,
	TOUCH_GAUSS,
	TOUCH_PHASES,
	TOUCH_MIX,
};

extern const char *const touch_patterns[];

struct touch_opts {
	unsigned int pattern;
	uint64_t theta;
	uint64_t hot;
	uint64_t hot_share;
	uint64_t shift;
	uint64_t stride;
	uint64_t spread;
	uint64_t set;
	uint64_t phase;
	uint64_t scan_share;
	uint64_t pause;
	uint64_t pause_every;
};

#define TOUCH_DEFAULTS                                                                              \
	{.pattern = TOUCH_UNIFORM,                                                                 \
	 .theta = 990000,                                                                          \
	 .hot = 200000,                                                                            \
	 .hot_share = 900000,                                                                      \
	 .stride = 64 << 10,                                                                       \
	 .spread = 50000,                                                                          \
	 .set = 250000,                                                                            \
	 .phase = 500000000,                                                                       \
	 .scan_share = 200000,                                                                     \
	 .pause_every = 1}

#define TOUCH_KEY(opts_t, member, field, kind, ...)                                                   \
	{.name = #field, .type = kind, .offset = offsetof(opts_t, member.field), __VA_ARGS__}

/* Rows of a workload's option table. */
#define TOUCH_KEYS(opts_t, m)                                                                         \
	TOUCH_KEY(opts_t, m, pattern, CONF_CHOICE, .choices = touch_patterns,                        \
		  .help = "which page is next: uniform; zipf, popular pages scattered; hotcold, a " \
			  "hot set; sequential and backward, over and over; stride, every so many "  \
			  "bytes; walk, near the last one; gauss, near a spot; phases, in a set that " \
			  "jumps; mix, zipf with a scan in between"),                               \
	TOUCH_KEY(opts_t, m, theta, CONF_MILLIONTHS, .help = "zipf, mix: the skew", .min = 1,        \
		  .max = 10000000),                                                                \
	TOUCH_KEY(opts_t, m, hot, CONF_MILLIONTHS, .min = 1, .max = 1000000,                         \
		  .help = "hotcold: share of the pages that is hot"),                              \
	TOUCH_KEY(opts_t, m, hot_share, CONF_MILLIONTHS, .max = 1000000,                             \
		  .help = "hotcold: share of the touches that go there"),                          \
	TOUCH_KEY(opts_t, m, shift, CONF_TIME,                                                       \
		  .help = "hotcold: the hot set moves on by its own size so often; 0 = never"),    \
	TOUCH_KEY(opts_t, m, stride, CONF_SIZE, .min = 4096, .max = 1ull << 40,                      \
		  .help = "stride: bytes from one touch to the next, whole pages; each round "     \
			  "starts a page later"),                                                   \
	TOUCH_KEY(opts_t, m, spread, CONF_MILLIONTHS, .min = 1, .max = 500000,                       \
		  .help = "walk: the longest step, gauss: the standard deviation, as a share of "  \
			  "the pages"),                                                             \
	TOUCH_KEY(opts_t, m, set, CONF_MILLIONTHS, .min = 1, .max = 1000000,                         \
		  .help = "phases: share of the pages that is the working set"),                   \
	TOUCH_KEY(opts_t, m, phase, CONF_TIME,                                                       \
		  .help = "phases, gauss: the set or the spot jumps so often; 0 = never"),         \
	TOUCH_KEY(opts_t, m, scan_share, CONF_MILLIONTHS, .max = 1000000,                            \
		  .help = "mix: share of the touches that go on with the scan"),                   \
	TOUCH_KEY(opts_t, m, pause, CONF_TIME, .max = 60000000000,                                   \
		  .help = "rest that limits the rate, not counted as latency; 0 = none"),          \
	TOUCH_KEY(opts_t, m, pause_every, CONF_U64, .min = 1, .max = 1ull << 40,                     \
		  .help = "operations between two rests")

struct touch {
	const struct touch_opts *opts;
	uint64_t pages;
	uint64_t at; /* where the last touch, the scan or the walk is */
	uint64_t round;
	uint64_t since; /* operations since the last rest */
	struct wl_zipf zipf;
};

void touch_init(struct touch *t, const struct touch_opts *opts, uint64_t pages);
/* The next page; now is the virtual time, ns. */
uint64_t touch_page(struct touch *t, struct wl *wl, uint64_t now);
/* The same at the time it is. */
uint64_t touch_next(struct touch *t, struct wl *wl);
/* At the end of an operation. */
void touch_rest(struct touch *t);

#endif
