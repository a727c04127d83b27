/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results on disk: results/<id>/, complete if it is there at all.
 *
 *	spec.json	what was asked; its SHA-256 is the id
 *	result.json	what came of it: a function of the spec alone
 *	records.zst	the guest's raw record stream, as far as it makes sense, compressed; older
 *			results have it plain, as records.bin
 *	console.txt	the kernel's console
 *	policy.log	what libbpf and the verifier said of BPF objects, where they did
 *	host.json	wall time and the like: a fact of the host, no part of the result
 */
#ifndef RESULT_STORE_H
#define RESULT_STORE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/* The one form JSON has here: sorted keys, one-blank indent, a newline at the end. */
void json_canonical(const json_t *json, struct buf *out);

/* What is written for one experiment. */
struct result {
	json_t *spec;   /* owned */
	json_t *result; /* owned */
	json_t *host;   /* owned; may be NULL when saved, {} when loaded without one */
	struct buf records;
	struct buf console;
	struct buf evidence; /* what the emulator told of a machine that failed; may be empty */
	struct buf policy_log; /* what loading BPF objects had to say; may be empty */
	struct buf counts;   /* what the probe wrote; of a run with it, and never stored as it is */
	char *vmcore;        /* owned: a file of results' file system to move in, or NULL */
};

void result_release(struct result *result);

/* True when results/<id>/ is there. */
bool store_has(const char *id);
/* results/<id>, a heap string. */
char *store_path(const char *id);
/*
 * Writes the result under another name, syncs it and renames it.  replace: an older result of that
 * id gives way; otherwise it stays and this one is dropped.
 */
int store_save(const char *id, const struct result *result, bool replace, struct err *err);
/*
 * Moves a complete result in from another folder of results on the same file system; one that is there
 * stays, and the other goes.
 */
int store_adopt(const char *from, const char *id, struct err *err);
/*
 * Keeps what a run left that the host ended (status_final() is false), as results/.failed/<id>/: no
 * result, only evidence.  Replaces what an earlier try left.
 */
int store_save_failed(const char *id, const struct result *result, struct err *err);
/* Moves the file into results/<id>/ as vmcore, in place of an earlier one. */
int store_vmcore(const char *id, const char *file, struct err *err);
/* Writes one more file into results/<id>/, whole or not at all, in place of an earlier one. */
int store_add(const char *id, const char *name, const struct buf *data, struct err *err);
/* Reads spec, result and host; the rest stays on disk.  -EBADMSG for a file that is not ours. */
int store_load(const char *id, struct result *out, struct err *err);
/*
 * The record stream as the guest wrote it, appended to out; of at most WIRE_REGION_MAX bytes.
 * -ENOENT when the result has none, -EBADMSG when it is damaged.
 */
int store_records(const char *id, struct buf *out, struct err *err);
/* CPU seconds that the run took; 0 when that is not known. */
double store_cost(const char *id);
/* All ids there are, sorted, NULL-terminated; free with store_ids_free(). */
int store_ids(char ***ids, struct err *err);
void store_ids_free(char **ids);
/* The one id that starts with prefix (at least 4 digits) into id; -ENOENT, or -ENOTUNIQ. */
int store_find(const char *prefix, char id[SHA256_HEX], struct err *err);

/*
 * A scratch folder results/.run-<id>-<pid>-<n> for a run, a heap string; those of processes that
 * are gone are removed by store_clean().
 */
int store_scratch(const char *id, char **dir, struct err *err);
void store_clean(void);
/* Whether a name in the results' folder is that of a run whose process is gone. */
bool store_run_is_dead(const char *name);

#endif
