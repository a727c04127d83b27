// SPDX-License-Identifier: GPL-2.0-only
#include "report/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void format_si(double v, char *out, size_t size)
{
	static const char prefix[] = " kMGTPE";
	double a = fabs(v);
	int i = 0;

	for (; a >= 999.5 && prefix[i + 1]; i++)
		a /= 1000;
	a = v < 0 ? -a : a;
	if (!i)
		snprintf(out, size, "%.0f", a);
	else
		snprintf(out, size, "%.*f%c",
			 fabs(a) < 9.995   ? 2
			 : fabs(a) < 99.95 ? 1
					   : 0,
			 a, prefix[i]);
}

void format_change(const struct comparison_row *row, char *change, char *interval, size_t size)
{
	const struct stats_shift *s = &row->shift;
	double scale = row->base ? 100 / fabs(row->base) : 1;
	const char *unit = row->base ? "%" : "";
	int digits = fabs(s->shift) * scale < 99.95 ? 1 : 0;

	snprintf(change, size, "%+.*f%s", digits, s->shift * scale, unit);
	if (s->bounded)
		snprintf(interval, size, "[%+.*f,%+.*f]", digits, s->lo * scale, digits,
			 s->hi * scale);
	else
		snprintf(interval, size, "[n too small]");
}

void format_p(const struct comparison_row *row, char *out, size_t size)
{
	if (row->verdict == STATS_NONE)
		snprintf(out, size, "-");
	else
		snprintf(out, size, row->p_adjusted < 0.0001 ? "<.0001" : "%.4f", row->p_adjusted);
}

const char *format_verdict(const struct comparison_row *row)
{
	static const char *const names[] = {
		[STATS_NONE] = "-", [STATS_BETTER] = "BETTER", [STATS_WORSE] = "WORSE",
		[STATS_SAME] = "SAME", [STATS_UNDECIDED] = "UNDECIDED",
	};

	return row->meaning_differs ? "meaning differs" : names[row->verdict];
}

/* What goes without saying, and what is shorter; of two that fit the first is taken. */
static const struct abbreviation {
	const char *from, *to;
	bool at_start, at_end;
} abbreviations[] = {
	{"workload.", "", .at_start = true},
	{"cgroup.", "", .at_start = true},
	{"node.", "n", .at_start = true},
	{"_kib_per_mop", "/M", .at_end = true},
	{"_per_mop", "/M", .at_end = true},
	{"_ns", "", .at_end = true},
	{"_us", "", .at_end = true},
	{"_kib", "", .at_end = true},
	{".latency.", ".lat.", .at_start = false},
	{".memory.", ".mem.", .at_start = false},
};

static bool fits(const struct abbreviation *a, const char *name, const char *at)
{
	size_t len = strlen(a->from);

	return !strncmp(at, a->from, len) && (!a->at_start || at == name) &&
	       (!a->at_end || !at[len]);
}

char *format_metric(const char *name)
{
	cleanup_buf struct buf out = {0};
	const char *at = name;
	size_t i;

	while (*at) {
		for (i = 0; i < ARRAY_SIZE(abbreviations); i++)
			if (fits(&abbreviations[i], name, at))
				break;
		if (i == ARRAY_SIZE(abbreviations)) {
			buf_add(&out, at++, 1);
			continue;
		}
		buf_adds(&out, abbreviations[i].to);
		at += strlen(abbreviations[i].from);
	}
	return xstrdup(buf_str(&out));
}

void format_column(struct buf *out, int before, const char *text, int width)
{
	if ((int)strlen(text) > width)
		buf_printf(out, "%s\n%*s", text, before + width, "");
	else
		buf_printf(out, "%-*s", width, text);
}

/* Up to the next blank, or in a command to one that is not in single quotes. */
static size_t blank_at(const char *text, bool command)
{
	bool quoted = false;
	size_t len;

	for (len = 0; text[len] && (text[len] != ' ' || quoted); len++)
		quoted ^= command && text[len] == '\'';
	return len;
}

/* In a command an option and its value are one. */
static size_t word_len(const char *text, bool command)
{
	size_t len = blank_at(text, command);

	if (command && *text == '-' && text[len] && text[len + 1] != '-')
		len += 1 + blank_at(text + len + 1, command);
	return len;
}

static void wrap(struct buf *out, const char *first, const char *next, const char *text,
		 const char *broken)
{
	size_t column = strlen(first), room = REPORT_COLUMNS - strlen(broken), len;
	bool begun = false;

	buf_adds(out, first);
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		len = word_len(text, *broken);
		if (begun && column + 1 + len > room) {
			buf_printf(out, "%s\n%s", broken, next);
			column = strlen(next);
			begun = false;
		}
		buf_printf(out, "%s%.*s", begun ? " " : "", (int)len, text);
		column += begun + len;
		begun = true;
		text += len;
	}
	buf_adds(out, "\n");
}

void format_wrap(struct buf *out, const char *first, const char *next, const char *text)
{
	wrap(out, first, next, text, "");
}

void format_command(struct buf *out, const char *first, const char *next, const char *text)
{
	wrap(out, first, next, text, " \\");
}
