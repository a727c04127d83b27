/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a stored result is what it says it is. */
#ifndef RESULT_VERIFY_H
#define RESULT_VERIFY_H

#include "base/err.h"
#include "result/store.h"

/* From this schema of result.json on there is a JSON schema of it. */
#define VERIFY_SCHEMA_MIN 2

/*
 * Checks results/<id>/: the id is the hash of spec.json; spec.json and result.json are as the
 * schemas in dir say; the record stream and the console have the hashes that result.json names.
 * violated: the conservation checks that do not hold, comma-separated, "" for none.  Older results
 * have no such schema: *unchecked is set.  -EBADMSG with what is wrong, -ENOENT, or an error of reading.
 */
int verify_result(const char *id, const char *dir, char violated[256], bool *unchecked,
		  struct err *err);

#endif
