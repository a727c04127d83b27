// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/tally.h"

void tally_add(struct tally *t, bool hit)
{
	t->hit += hit;
	t->of++;
}

json_t *tally_json(const struct tally *t)
{
	return json_pack("[I, I]", (json_int_t)t->hit, (json_int_t)t->of);
}

json_t *tallies_json(const struct tally *t, size_t n)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(out, tally_json(&t[i]));
	return out;
}
