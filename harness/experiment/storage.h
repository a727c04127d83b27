/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The storage of a guest: [swap], [swap NAME] and [data] of guests/NAME.conf, or of a scenario
 * that has its own.
 *
 * A model is a row of one table: a driver inside the guest and what a device of that model does
 * unless the file says otherwise.  latency is what the guest's block layer sees (/sys/block/X/stat)
 * of a 4 KiB request that is alone on the device.  Without jitter every request takes that; with
 * uniform jitter it takes a time drawn uniformly below it, half of it in the mean.  FUSE has no block
 * layer: there it is what a direct read takes.
 */
#ifndef EXPERIMENT_STORAGE_H
#define EXPERIMENT_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"

#define STORAGE_SWAPS_MAX 8
#define STORAGE_NAME_MAX  16

/* What stands for the device in the guest. */
enum storage_driver {
	STORAGE_NONE,
	STORAGE_NULL_BLK,   /* each request takes the same time */
	STORAGE_SCSI_DEBUG, /* each request takes a random time */
	STORAGE_ZRAM,       /* compressed memory */
	STORAGE_PMEM,       /* memory beyond what the kernel manages */
	STORAGE_FILE,       /* a file of the data device */
	STORAGE_TMPFS,
	STORAGE_FUSE, /* the agent serves files; no device */
	STORAGE_DRIVERS,
};

enum storage_role { STORAGE_SWAP = 1, STORAGE_DATA = 2 };
enum storage_jitter { JITTER_NONE, JITTER_UNIFORM };
enum storage_fs { STORAGE_EXT4, STORAGE_XFS };

struct storage_model {
	const char *name;
	unsigned int roles; /* of enum storage_role, or'ed */
	enum storage_driver driver;
	enum storage_jitter jitter;
	uint64_t latency_ns;
	uint64_t queue;     /* requests that the device works on at a time */
	uint64_t bandwidth; /* bytes a second, 0 = no limit */
	bool rotational;
	const char *scheduler; /* NULL = the kernel's choice */
};

/* Every model there is; a name may have a row for each role. */
extern const struct storage_model storage_models[];
extern const size_t nr_storage_models;

struct storage {
	char name[STORAGE_NAME_MAX]; /* "swap", "swap-NAME", "data" */
	const struct storage_model *model;
	enum storage_driver driver; /* the model's, or what the asked jitter needs */
	uint64_t size;              /* bytes, a multiple of 1 MiB */
	uint64_t latency_ns;
	unsigned int jitter; /* enum storage_jitter: none = always latency, uniform = below it */
	uint64_t queue;
	uint64_t bandwidth; /* bytes a second, a multiple of 1 MiB; 0 = no limit */
	uint64_t priority;  /* of swap */
	unsigned int algorithm; /* of zram: position in storage_algorithms */
	unsigned int fs;        /* enum storage_fs, of data */
};

struct storage_set {
	struct storage swap[STORAGE_SWAPS_MAX];
	unsigned int nr_swaps;
	struct storage data;
	bool has_swap; /* the file has a [swap], if only to say none */
	bool has_data;
};

/* Names, NULL-terminated, in the order of the numbers above. */
extern const char *const storage_jitters[];
extern const char *const storage_algorithms[];
extern const char *const storage_file_systems[];

/* Reads [swap], [swap NAME] and [data] of any file.  What is not there is left as none. */
int storage_bind(struct conf *conf, struct storage_set *set, struct err *err);
/* The guest's storage with the scenario's own in its place: all of swap, or data, as a whole. */
struct storage_set storage_merge(const struct storage_set *guest,
				 const struct storage_set *scenario);
/* -EINVAL when these devices cannot be had together. */
int storage_check(const struct storage_set *set, struct err *err);

/* Keys of a conf section that this device has, in a fixed order; for showing it. */
const struct conf_key *storage_key(const struct storage *s, size_t *next);

/*
 * The delay to ask of the driver, ns, so that the block layer sees the device's latency.  Of a
 * request of 4 KiB it adds, at one instruction a ns, 4.9 to 6 us to what null_blk is told, and 4.4
 * to 9.6 us to the mean of what scsi_debug draws, and FUSE 23 to 25 us to a direct read (measured
 * on 6.1 to 7.3); what is taken off here is about that, twice of it where the mean is half of the
 * longest delay.
 */
uint64_t storage_delay(const struct storage *s);
/* Modules of this device's driver, NULL-terminated, at most two; may be empty. */
const char *const *storage_modules(const struct storage *s);
/* Whether it is a block device of its own. */
bool storage_is_block(const struct storage *s);
/* Path of its device in the guest, or of the swap file. */
void storage_path(const struct storage_set *set, const struct storage *s, char *out, size_t size);

/* Bytes of memory that stand for devices: of the nodes together; beyond the kernel's memory. */
uint64_t storage_stores(const struct storage_set *set);
uint64_t storage_pmem(const struct storage_set *set);

#endif
