// SPDX-License-Identifier: GPL-2.0-only
/* A command's words: the harness checks them, the agent runs them. */
#include <string.h>

#include "workloads/lib/program.h"

static char *take_quoted(char **from, char *to)
{
	char quote = *(*from)++;

	while (**from && **from != quote)
		*to++ = *(*from)++;
	if (!**from)
		return NULL;
	(*from)++;
	return to;
}

/* One word at *from, written to where it began; NULL when a quote is left open. */
static char *take_word(char **from)
{
	char *start = *from, *to = start;

	while (**from && **from != ' ') {
		if (**from != '\'' && **from != '"')
			*to++ = *(*from)++;
		else if (!(to = take_quoted(from, to)))
			return NULL;
	}
	if (**from)
		(*from)++;
	*to = '\0';
	return start;
}

int program_words(char *text, char **word, size_t max)
{
	size_t n = 0;

	while (*(text += strspn(text, " "))) {
		if (n + 1 >= max || !(word[n++] = take_word(&text)))
			return -1;
	}
	word[n] = NULL;
	return n ? (int)n : -1;
}
