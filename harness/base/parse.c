// SPDX-License-Identifier: GPL-2.0-only
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static int parse_prefix(const char *s, int base, uint64_t *out, char **end)
{
	unsigned long long v;

	if (!isxdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, end, base);
	if (errno)
		return -errno;
	*out = v;
	return 0;
}

int parse_u64(const char *s, uint64_t *out)
{
	int base = s[0] == '0' && s[1] == 'x' ? 16 : 10;
	char *end;
	int ret = parse_prefix(s, base, out, &end);

	return ret ? ret : (*end ? -EINVAL : 0);
}

int parse_size(const char *s, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	unsigned int shift = 0;
	char *end;
	int ret = parse_prefix(s, 10, out, &end);

	if (ret)
		return ret;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (*out > UINT64_MAX >> shift)
		return -ERANGE;
	*out <<= shift;
	return 0;
}

/* Reads "12.5" as 12.5 * scale, exactly: digits beyond the scale's are an error. */
static int parse_scaled(const char *s, uint64_t scale, uint64_t *out, char **end)
{
	int ret = parse_prefix(s, 10, out, end);

	if (ret)
		return ret;
	if (__builtin_mul_overflow(*out, scale, out))
		return -ERANGE;
	if (**end != '.')
		return 0;
	while (isdigit((unsigned char)*++*end)) {
		if (scale % 10)
			return -EINVAL;
		scale /= 10;
		if (__builtin_add_overflow(*out, (uint64_t)(**end - '0') * scale, out))
			return -ERANGE;
	}
	return 0;
}

int parse_time(const char *s, uint64_t *out)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000},
		{"h", 3600000000000}, {"d", 86400000000000}};
	const char *unit = s + strspn(s, "0123456789.");
	char *end;
	size_t i;

	if (!strcmp(s, "0")) {
		*out = 0;
		return 0;
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int ret;

		if (strcmp(unit, units[i].name))
			continue;
		ret = parse_scaled(s, units[i].ns, out, &end);
		return ret ? ret : (end == unit ? 0 : -EINVAL);
	}
	return -EINVAL;
}

int parse_millionths(const char *s, uint64_t *out)
{
	char *end;
	int ret = parse_scaled(s, 1000000, out, &end);

	return ret ? ret : (*end ? -EINVAL : 0);
}

int parse_bool(const char *s, bool *out)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i]))
			continue;
		*out = i & 1;
		return 0;
	}
	return -EINVAL;
}

/* Cuts the word where the range's dash is. */
static int parse_range(char *word, uint64_t *from, uint64_t *to)
{
	char *dash = strchr(word, '-');

	if (dash)
		*dash = '\0';
	if (parse_u64(word, from) || parse_u64(dash ? dash + 1 : word, to) || *to < *from)
		return -EINVAL;
	return *to < INT64_MAX ? 0 : -ERANGE;
}

int parse_numbers(const char *s, size_t max, uint64_t **out, size_t *nr)
{
	cleanup_free char *copy = xstrdup(s);
	char *rest = copy, *word;
	uint64_t from, to;
	int ret;

	while ((word = strsep(&rest, ","))) {
		ret = parse_range(word, &from, &to);
		if (ret)
			return ret;
		if (*nr >= max || to - from >= max - *nr)
			return -E2BIG;
		*out = xrealloc(*out, *nr + (size_t)(to - from) + 1, sizeof(**out));
		for (; from <= to; from++)
			(*out)[(*nr)++] = from;
	}
	return 0;
}
