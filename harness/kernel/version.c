// SPDX-License-Identifier: GPL-2.0-only
/* Debian's order of versions, as deb-version(7) describes it. */
#include "kernel/kernel.h"

#include <ctype.h>
#include <string.h>

struct span {
	const char *at;
	const char *end;
};

static bool at_digit(const struct span *s)
{
	return s->at < s->end && isdigit((unsigned char)*s->at);
}

/* Rank of the next character that is no digit: '~', then the end, then letters, then the rest. */
static int rank(const struct span *s)
{
	unsigned char c;

	if (s->at == s->end || at_digit(s))
		return 0;
	c = (unsigned char)*s->at;
	if (c == '~')
		return -1;
	return isalpha(c) ? c : c + 256;
}

static int cmp_text(struct span *a, struct span *b)
{
	for (;; a->at++, b->at++) {
		int ra = rank(a);
		int rb = rank(b);

		if (ra != rb)
			return ra < rb ? -1 : 1;
		if (!ra)
			return 0;
	}
}

/* Takes a number of any length off the front, without its leading zeros. */
static struct span take_digits(struct span *s)
{
	struct span digits;

	while (at_digit(s) && *s->at == '0')
		s->at++;
	digits.at = s->at;
	while (at_digit(s))
		s->at++;
	digits.end = s->at;
	return digits;
}

static int cmp_number(struct span *a, struct span *b)
{
	struct span da = take_digits(a);
	struct span db = take_digits(b);
	ptrdiff_t la = da.end - da.at;
	ptrdiff_t lb = db.end - db.at;

	if (la != lb)
		return la < lb ? -1 : 1;
	return memcmp(da.at, db.at, (size_t)la);
}

static int cmp_part(struct span a, struct span b)
{
	int ret = 0;

	while (!ret && (a.at < a.end || b.at < b.end)) {
		ret = cmp_text(&a, &b);
		if (!ret)
			ret = cmp_number(&a, &b);
	}
	return ret;
}

struct version {
	struct span epoch;
	struct span upstream;
	struct span revision;
};

static struct version split(const char *s)
{
	const char *end = s + strlen(s);
	const char *colon = strchr(s, ':');
	const char *from = colon ? colon + 1 : s;
	const char *dash = strrchr(from, '-');
	struct version v = {
		.epoch = {s, colon ? colon : s},
		.upstream = {from, dash ? dash : end},
		.revision = {dash ? dash + 1 : end, end},
	};

	return v;
}

int kernel_version_cmp(const char *a, const char *b)
{
	struct version va = split(a);
	struct version vb = split(b);
	int ret = cmp_part(va.epoch, vb.epoch);

	if (!ret)
		ret = cmp_part(va.upstream, vb.upstream);
	if (!ret)
		ret = cmp_part(va.revision, vb.revision);
	return ret;
}
