// SPDX-License-Identifier: GPL-2.0-only
#include "workloads/lib/pattern.h"
#include "workloads/lib/touch.h"

const char *const touch_patterns[] = {
	"uniform", "zipf",  "hotcold", "sequential", "backward", "stride",
	"walk",    "gauss", "phases",  "mix",	     NULL,
};

void touch_init(struct touch *t, const struct touch_opts *opts, uint64_t pages)
{
	*t = (struct touch){.opts = opts, .pages = pages};
	if (opts->pattern == TOUCH_ZIPF || opts->pattern == TOUCH_MIX)
		wl_zipf_init(&t->zipf, pages, opts->theta);
}

/* At least one page. */
static uint64_t share(const struct touch *t, uint64_t millionths)
{
	uint64_t n = t->pages * millionths / 1000000;

	return n ? n : 1;
}

static uint64_t zipf(struct touch *t, struct wl *wl)
{
	return wl_scatter(wl_zipf_next(&t->zipf, wl), t->pages, wl->seed);
}

static uint64_t hotcold(const struct touch *t, struct wl *wl, uint64_t now)
{
	uint64_t hot = t->pages * t->opts->hot / 1000000;
	uint64_t base = t->opts->shift ? now / t->opts->shift * hot : 0;

	if (!hot)
		hot = 1;
	if (wl_chance(wl, t->opts->hot_share))
		return (base + wl_below(wl, hot)) % t->pages;
	return wl_below(wl, t->pages);
}

static uint64_t sequential(struct touch *t)
{
	uint64_t at = t->at;

	t->at = (at + 1) % t->pages;
	return at;
}

/* Each round starts a page further on, until as many rounds as a stride has pages touched all. */
static uint64_t stride(struct touch *t)
{
	uint64_t step = t->opts->stride / WL_PAGE_SIZE, at = t->at;

	t->at += step;
	if (t->at < t->pages)
		return at;
	t->round = (t->round + 1) % (step < t->pages ? step : t->pages);
	t->at = t->round;
	return at;
}

static uint64_t walk(struct touch *t, struct wl *wl)
{
	uint64_t step = share(t, t->opts->spread);

	t->at = (t->at + t->pages - step + wl_below(wl, 2 * step + 1)) % t->pages;
	return t->at;
}

/* Where the set or the spot of this time is. */
static uint64_t place(const struct touch *t, const struct wl *wl, uint64_t now)
{
	uint64_t phase = t->opts->phase ? now / t->opts->phase : 0;

	return (uint64_t)((unsigned __int128)wl_mix(wl->seed ^ wl_mix(phase)) * t->pages >> 64);
}

/*
 * The sum of twelve uniform numbers is nearly normal, with a variance of a twelfth each, so 1; each
 * here has 16 bits, and four come from one draw.
 */
static uint64_t gauss(struct touch *t, struct wl *wl, uint64_t now)
{
	int64_t sum = -6 * 65536, sd = (int64_t)share(t, t->opts->spread), off;
	unsigned int i, k;

	for (i = 0; i < 3; i++) {
		uint64_t draw = wl_random(wl);

		for (k = 0; k < 4; k++)
			sum += (int64_t)(draw >> (16 * k) & 0xffff);
	}
	off = (int64_t)(((__int128)sum * sd) >> 16) % (int64_t)t->pages;
	return (place(t, wl, now) + t->pages + (uint64_t)off) % t->pages;
}

static uint64_t phases(const struct touch *t, struct wl *wl, uint64_t now)
{
	return (place(t, wl, now) + wl_below(wl, share(t, t->opts->set))) % t->pages;
}

uint64_t touch_page(struct touch *t, struct wl *wl, uint64_t now)
{
	switch (t->opts->pattern) {
	case TOUCH_ZIPF:
		return zipf(t, wl);
	case TOUCH_HOTCOLD:
		return hotcold(t, wl, now);
	case TOUCH_SEQUENTIAL:
		return sequential(t);
	case TOUCH_BACKWARD:
		return t->pages - 1 - sequential(t);
	case TOUCH_STRIDE:
		return stride(t);
	case TOUCH_WALK:
		return walk(t, wl);
	case TOUCH_GAUSS:
		return gauss(t, wl, now);
	case TOUCH_PHASES:
		return phases(t, wl, now);
	case TOUCH_MIX:
		return wl_chance(wl, t->opts->scan_share) ? sequential(t) : zipf(t, wl);
	default:
		return wl_below(wl, t->pages);
	}
}

uint64_t touch_next(struct touch *t, struct wl *wl)
{
	bool timed = t->opts->pattern == TOUCH_GAUSS || t->opts->pattern == TOUCH_PHASES ||
		     (t->opts->pattern == TOUCH_HOTCOLD && t->opts->shift);

	return touch_page(t, wl, timed ? wl_now() : 0);
}

void touch_rest(struct touch *t)
{
	if (!t->opts->pause || ++t->since < t->opts->pause_every)
		return;
	t->since = 0;
	wl_rest(t->opts->pause);
}
