/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readers of the kernel's counter files.  They take a buffer that a guest wrote, so nothing in it
 * is trusted: any bytes give either a number or "not there".
 */
#ifndef RECORDS_TEXT_H
#define RECORDS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of text; not NUL-terminated. */
struct text {
	const char *p; /* NULL when the source is absent */
	size_t len;
};

/* Longest key that is taken notice of. */
#define TEXT_KEY_MAX 64

/*
 * The next "key value" line, as in vmstat, memory.stat and memory.events; *pos starts at 0.  Lines
 * of another form, and keys with characters outside [A-Za-z0-9_.()-], are passed over.
 */
bool text_next(struct text text, size_t *pos, char key[TEXT_KEY_MAX], uint64_t *value);

/* The value of a key, matched whole. */
bool text_get(struct text text, const char *key, uint64_t *value);

/* total= of the line "some ..." or "full ..." of a pressure file, microseconds. */
bool text_psi(struct text text, const char *kind, uint64_t *total_us);

/* The single number of a file such as memory.current. */
bool text_number(struct text text, uint64_t *value);

/* The first n blank-separated numbers; false when there are fewer. */
bool text_numbers(struct text t, uint64_t *out, size_t n);

/* Cuts the first line, or the first word (blanks and tabs part words), off a text. */
bool text_line(struct text *rest, struct text *line);
struct text text_word(struct text *rest);
bool text_is(struct text text, const char *s);

/* For people: what is no printable ASCII becomes '?'. */
void text_printable(char *s, size_t len);
/* Such a copy, cut to what fits, with a NUL. */
void text_copy(char *out, size_t size, struct text text);

#endif
