// SPDX-License-Identifier: GPL-2.0-only
#include "report/json_diff.h"

#include <stdio.h>

static int below(const json_t *a, const json_t *b, const char *path, const char *key,
		 json_diff_fn *fn, void *ctx)
{
	char sub[JSON_DIFF_PATH];

	snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", key);
	return json_diff(a, b, sub, fn, ctx);
}

static int objects(const json_t *a, const json_t *b, const char *path, json_diff_fn *fn, void *ctx)
{
	const char *key;
	json_t *value;
	int ret;

	json_object_foreach((json_t *)a, key, value) {
		ret = below(value, json_object_get(b, key), path, key, fn, ctx);
		if (ret)
			return ret;
	}
	json_object_foreach((json_t *)b, key, value) {
		ret = json_object_get(a, key) ? 0 : below(NULL, value, path, key, fn, ctx);
		if (ret)
			return ret;
	}
	return 0;
}

int json_diff(const json_t *a, const json_t *b, const char *path, json_diff_fn *fn, void *ctx)
{
	if (json_is_object(a) && json_is_object(b))
		return objects(a, b, path, fn, ctx);
	return a && b && json_equal(a, b) ? 0 : fn(ctx, path, a, b);
}
