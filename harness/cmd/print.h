/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration on stdout, in the form it is read in. */
#ifndef CMD_PRINT_H
#define CMD_PRINT_H

#include "base/buf.h"
#include "base/conf.h"
#include "experiment/storage.h"

/* The value of a key in the struct that opts points to, as a file would say it: 64M, 1.5s, 0.99. */
void value_text(const struct conf_key *key, const void *opts, struct buf *out);
/* "key = value" */
void print_option(const struct conf_key *key, const void *opts);
/* The devices, a section each. */
void print_device(const char *section, const struct storage *s);
void print_swaps(const struct storage_set *set);
/* The sections of that name as they were read; NULL = all. */
void print_conf(const struct conf *conf, const char *only);

#endif
