// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/wire.  Whatever the reader is given lies in a heap block of just its size, so
 * that the address sanitizer sees a step outside.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/wire.h"

#define REGION 4096

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/*
 * ---- Checksum and buckets ----
 */

static void test_crc(void **unused)
{
	uint32_t part = wire_crc32(0, "1234", 4);

	(void)unused;
	assert_int_equal(wire_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(wire_crc32(0, NULL, 0), 0);
	assert_int_equal(wire_crc32(0, "a", 1), 0xe8b7be43);
	assert_int_equal(wire_crc32(part, "56789", 5), 0xcbf43926);
}

/* ns lies in its bucket: above the one before, not above its own upper bound. */
static void check_bucket(uint64_t ns)
{
	unsigned int b = wire_bucket(ns);
	uint64_t last = wire_bucket_max(WIRE_BUCKETS - 1);

	assert_true(b < WIRE_BUCKETS);
	if (ns > last) {
		assert_int_equal(b, WIRE_BUCKETS - 1);
		return;
	}
	assert_true(ns <= wire_bucket_max(b));
	assert_true(!b || ns > wire_bucket_max(b - 1));
	/* at most a sixteenth too high */
	assert_true((wire_bucket_max(b) - ns) * WIRE_SUB <= ns);
}

static void test_bucket(void **unused)
{
	unsigned int bit, i;

	(void)unused;
	for (i = 0; i < 100000; i++)
		check_bucket(i);
	for (bit = 0; bit < 64; bit++) {
		check_bucket(1ull << bit);
		check_bucket((1ull << bit) - 1);
		check_bucket((1ull << bit) + 1);
	}
	for (i = 0; i < 100000; i++)
		check_bucket(next() >> next() % 64);
	check_bucket(UINT64_MAX);
}

/* Upper bounds rise, each is in its own bucket, and the next value is in the next. */
static void test_bucket_max(void **unused)
{
	unsigned int b;

	(void)unused;
	for (b = 0; b < WIRE_BUCKETS; b++) {
		assert_int_equal(wire_bucket(wire_bucket_max(b)), b);
		if (b + 1 == WIRE_BUCKETS)
			break;
		assert_int_equal(wire_bucket(wire_bucket_max(b) + 1), b + 1);
		assert_true(wire_bucket_max(b + 1) > wire_bucket_max(b));
	}
	assert_int_equal(wire_bucket_max(0), 0);
	assert_int_equal(wire_bucket_max(15), 15);
	assert_int_equal(wire_bucket_max(16), 16);
	assert_int_equal(wire_bucket_max(32), 33);
	assert_int_equal(wire_bucket_max(WIRE_BUCKETS - 1), (1ull << 41) - 1);
}

/*
 * ---- Round trip ----
 */

struct sample {
	enum wire_type type;
	uint16_t id;
	uint64_t time_ns;
	const char *payload;
};

/* Payloads of all lengths modulo 8 that matter: none, odd, whole. */
static const struct sample samples[] = {
	{WIRE_HELLO, 0, 1, "1\n6.12.0\n#1 SMP\n"},
	{WIRE_PHASE, WIRE_BOOT, 2, ""},
	{WIRE_SOURCE, 65535, UINT64_MAX, "vmstat"},
	{WIRE_TEXT, 7, 4, "pgfault 12345678"},
	{WIRE_END, WIRE_DONE, 5, ""},
};

static size_t write_samples(void *region, size_t size)
{
	const struct wire_header *head = region;
	struct wire_writer w;
	size_t i;

	wire_start(&w, region, size);
	for (i = 0; i < ARRAY_SIZE(samples); i++)
		assert_true(wire_put(&w, samples[i].type, samples[i].id, samples[i].time_ns,
				     samples[i].payload, (uint32_t)strlen(samples[i].payload)));
	assert_int_equal(head->dropped, 0);
	return sizeof(*head) + (size_t)head->used;
}

static void check_sample(const struct wire_item *item, size_t i)
{
	assert_true(i < ARRAY_SIZE(samples));
	assert_int_equal(item->head.type, samples[i].type);
	assert_int_equal(item->head.id, samples[i].id);
	assert_int_equal(item->head.time_ns, samples[i].time_ns);
	assert_int_equal(item->head.seq, i);
	assert_int_equal(item->head.len, strlen(samples[i].payload));
	assert_memory_equal(item->payload, samples[i].payload, item->head.len);
}

static void *exact_copy(const void *data, size_t len)
{
	void *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return copy;
}

/*
 * Reads a copy of just that size: every record that comes out is one that went in, in order.  How
 * many came is returned, *ret is how it ended.
 */
static size_t read_copy(const void *data, size_t len, int *ret)
{
	uint8_t *copy = exact_copy(data, len);
	struct wire_reader r;
	struct wire_item item;
	size_t n = 0;

	*ret = wire_open(&r, copy, len);
	while (!*ret) {
		*ret = wire_next(&r, &item);
		if (!*ret)
			check_sample(&item, n++);
	}
	free(copy);
	return n;
}

static void test_round_trip(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	size_t used = write_samples(region, sizeof(region));
	int ret;

	(void)unused;
	/* header 64; 24 a record; payloads padded to 16, 0, 8, 16, 0 */
	assert_int_equal(used, 64 + 5 * 24 + 40);
	assert_int_equal(read_copy(region, sizeof(region), &ret), ARRAY_SIZE(samples));
	assert_int_equal(ret, -ENOENT);
	assert_int_equal(read_copy(region, used, &ret), ARRAY_SIZE(samples));
	assert_int_equal(ret, -ENOENT);
}

static void test_two_pieces(void **unused)
{
	_Alignas(8) uint8_t one[REGION] = {0}, two[REGION] = {0};
	struct wire_writer w;

	(void)unused;
	wire_start(&w, one, sizeof(one));
	assert_true(wire_put(&w, WIRE_TEXT, 3, 9, "abcdefghijk", 11));
	assert_true(wire_put(&w, WIRE_TEXT, 3, 9, "xy", 2));
	wire_start(&w, two, sizeof(two));
	assert_true(wire_put2(&w, WIRE_TEXT, 3, 9, "abc", 3, "defghijk", 8));
	assert_true(wire_put2(&w, WIRE_TEXT, 3, 9, NULL, 0, "xy", 2));
	assert_memory_equal(one, two, sizeof(one));
}

/*
 * ---- Damage ----
 */

/* Each length there is, with header.used as it was and with one that says the truth. */
static void test_truncated(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	struct wire_header *head = (struct wire_header *)region;
	size_t used = write_samples(region, sizeof(region)), len, n;
	int ret;

	(void)unused;
	for (len = 0; len < used; len++) {
		head->used = used - sizeof(*head);
		assert_int_equal(read_copy(region, len, &ret), 0);
		assert_int_equal(ret, -EBADMSG);
		if (len < sizeof(*head))
			continue;
		head->used = len - sizeof(*head);
		n = read_copy(region, len, &ret);
		assert_true(n < ARRAY_SIZE(samples));
		/* A cut between records is an end like any other. */
		assert_true(ret == -EBADMSG || ret == -ENOENT);
		assert_true(ret == -EBADMSG || len % 8 == 0);
	}
}

/* True when the byte means nothing: the count of dropped records, reserved words, padding. */
static bool is_idle(size_t byte)
{
	size_t at = sizeof(struct wire_header), i, len;

	if (byte < at)
		return byte >= offsetof(struct wire_header, dropped);
	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		len = strlen(samples[i].payload);
		at += sizeof(struct wire_record) + len;
		if (byte >= at && byte < at + (8 - len % 8) % 8)
			return true;
		at += (8 - len % 8) % 8;
	}
	return false;
}

/* A version that the reader takes as well. */
static bool is_older(const uint8_t *region, size_t byte)
{
	struct wire_header head;

	memcpy(&head, region, sizeof(head));
	return byte / 4 == 1 && head.version >= WIRE_VERSION_MIN &&
	       head.version < WIRE_VERSION;
}

static void check_flip(const uint8_t *region, size_t used, size_t byte)
{
	int ret;
	size_t n = read_copy(region, used, &ret);

	if (is_idle(byte) || is_older(region, byte)) {
		assert_int_equal(n, ARRAY_SIZE(samples));
		assert_int_equal(ret, -ENOENT);
		return;
	}
	/* What is shorter now lacks its end record, which whoever reads it asks for. */
	assert_true(n < ARRAY_SIZE(samples));
	if (byte < offsetof(struct wire_header, used) || byte >= sizeof(struct wire_header))
		assert_int_equal(ret, -EBADMSG);
}

static void test_bit_flips(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	size_t used = write_samples(region, sizeof(region)), byte;
	unsigned int bit;

	(void)unused;
	for (byte = 0; byte < used; byte++)
		for (bit = 0; bit < 8; bit++) {
			region[byte] ^= (uint8_t)(1u << bit);
			check_flip(region, used, byte);
			region[byte] ^= (uint8_t)(1u << bit);
		}
}

static void test_order(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	struct wire_header *head = (struct wire_header *)region;
	uint8_t swap[24];
	struct wire_writer w;
	int ret;

	(void)unused;
	wire_start(&w, region, sizeof(region));
	wire_put(&w, WIRE_PHASE, WIRE_BOOT, 1, NULL, 0);
	wire_put(&w, WIRE_PHASE, WIRE_SETUP, 2, NULL, 0);
	memcpy(swap, region + 64, 24);
	memcpy(region + 64, region + 88, 24);
	memcpy(region + 88, swap, 24);
	/* Both are whole, but the second came first. */
	assert_int_equal(read_copy(region, 64 + (size_t)head->used, &ret), 0);
	assert_int_equal(ret, -EBADMSG);
}

/*
 * ---- Regions that are full, or not ours ----
 */

static void test_full(void **unused)
{
	_Alignas(8) uint8_t region[64 + 3 * 32 + 24];
	struct wire_header *head = (struct wire_header *)region;
	struct wire_writer w;
	struct wire_reader r;
	struct wire_item item;
	unsigned int i;

	(void)unused;
	memset(region, 0xee, sizeof(region));
	wire_start(&w, region, sizeof(region));
	for (i = 0; i < 10; i++)
		assert_int_equal(wire_put(&w, WIRE_STATE, 0, i, "a=b", 3), i < 3);
	assert_int_equal(head->used, 3 * 32);
	assert_int_equal(head->dropped, 7);
	/* nothing was begun behind the last whole record */
	for (i = 64 + 3 * 32; i < sizeof(region); i++)
		assert_int_equal(region[i], 0xee);
	assert_int_equal(wire_open(&r, region, sizeof(region)), 0);
	assert_int_equal(r.dropped, 7);
	for (i = 0; i < 3; i++)
		assert_int_equal(wire_next(&r, &item), 0);
	assert_int_equal(wire_next(&r, &item), -ENOENT);
}

/* What fits to the last byte is taken, and after a record that did not fit a smaller one is. */
static void test_fits(void **unused)
{
	_Alignas(8) uint8_t region[64 + 24 + 8 + 24] = {0};
	struct wire_writer w;
	struct wire_reader r;
	struct wire_item item;

	(void)unused;
	wire_start(&w, region, sizeof(region));
	assert_true(wire_put(&w, WIRE_STATE, 0, 1, "12345678", 8));
	assert_false(wire_put(&w, WIRE_STATE, 0, 2, "1", 1));
	assert_true(wire_put(&w, WIRE_END, 0, 3, NULL, 0));
	assert_false(wire_put(&w, WIRE_END, 0, 4, NULL, 0));
	assert_int_equal(wire_open(&r, region, sizeof(region)), 0);
	assert_int_equal(wire_next(&r, &item), 0);
	assert_int_equal(wire_next(&r, &item), 0);
	assert_int_equal(item.head.type, WIRE_END);
	assert_int_equal(wire_next(&r, &item), -ENOENT);
}

static void test_too_long(void **unused)
{
	size_t size = 2 * WIRE_PAYLOAD_MAX;
	uint8_t *region = xcalloc(1, size), *payload = xcalloc(1, WIRE_PAYLOAD_MAX + 1);
	struct wire_header *head = (struct wire_header *)region;
	struct wire_writer w;

	(void)unused;
	wire_start(&w, region, size);
	assert_false(wire_put(&w, WIRE_TEXT, 0, 0, payload, WIRE_PAYLOAD_MAX + 1));
	assert_false(wire_put2(&w, WIRE_TEXT, 0, 0, payload, UINT32_MAX, payload, 2));
	assert_int_equal(head->used, 0);
	assert_int_equal(head->dropped, 2);
	assert_true(wire_put(&w, WIRE_TEXT, 0, 0, payload, WIRE_PAYLOAD_MAX));
	free(payload);
	free(region);
}

static void test_not_ours(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	struct wire_header *head = (struct wire_header *)region;
	struct wire_reader r;

	(void)unused;
	assert_int_equal(wire_open(&r, region, sizeof(region)), -ENODATA);
	write_samples(region, sizeof(region));
	head->version++;
	assert_int_equal(wire_open(&r, region, sizeof(region)), -EBADMSG);
	write_samples(region, sizeof(region));
	head->used = sizeof(region) - sizeof(*head) + 1;
	assert_int_equal(wire_open(&r, region, sizeof(region)), -EBADMSG);
	head->used = UINT64_MAX;
	assert_int_equal(wire_open(&r, region, sizeof(region)), -EBADMSG);
	head->magic = 0x4c454600;
	assert_int_equal(wire_open(&r, region, sizeof(region)), -EBADMSG);
}

/* Noise behind a good header, in a block of just that size. */
static void test_noise(void **unused)
{
	struct wire_header head = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};
	_Alignas(8) uint8_t region[512];
	unsigned int round;
	size_t i, len;
	int ret;

	(void)unused;
	for (round = 0; round < 5000; round++) {
		len = sizeof(head) + next() % (sizeof(region) - sizeof(head) + 1);
		head.used = len - sizeof(head);
		memcpy(region, &head, sizeof(head));
		for (i = sizeof(head); i < sizeof(region); i++)
			region[i] = next() % 4 ? 0 : (uint8_t)next();
		assert_int_equal(read_copy(region, len, &ret), 0);
		assert_int_equal(ret, head.used ? -EBADMSG : -ENOENT);
	}
}

/* Written in place, a record is the same as one that was copied, whatever lay there before. */
static void test_here(void **unused)
{
	static _Alignas(8) uint8_t a[REGION], b[REGION];
	struct wire_writer wa, wb;
	size_t room = 0, len;
	char *at;

	(void)unused;
	memset(b, 0xee, sizeof(b));
	wire_start(&wa, a, sizeof(a));
	wire_start(&wb, b, sizeof(b));
	for (len = 0; len < 40; len++) {
		assert_true(wire_put(&wa, WIRE_TEXT, 3, len, "0123456789012345678901234567890123456789",
				     (uint32_t)len));
		at = wire_here(&wb, &room);
		assert_non_null(at);
		memcpy(at, "0123456789012345678901234567890123456789", 40);
		assert_true(wire_put_here(&wb, WIRE_TEXT, 3, len, (uint32_t)len));
	}
	len = sizeof(struct wire_header) + ((struct wire_header *)a)->used;
	assert_memory_equal(a, b, len);
	/* all that is left, then nothing */
	at = wire_here(&wb, &room);
	assert_int_equal(at - (char *)b + (long)room, REGION);
	assert_false(wire_put_here(&wb, WIRE_TEXT, 3, 0, (uint32_t)room + 1));
	assert_int_equal(((struct wire_header *)b)->dropped, 1);
	assert_true(wire_put_here(&wb, WIRE_TEXT, 3, 0, (uint32_t)room));
	assert_null(wire_here(&wb, &room));
	assert_false(wire_put(&wb, WIRE_TEXT, 3, 0, NULL, 0));
}

static void test_versions(void **unused)
{
	_Alignas(8) uint8_t region[REGION] = {0};
	struct wire_header *head = (struct wire_header *)region;
	struct wire_reader r;
	uint32_t version;

	(void)unused;
	write_samples(region, sizeof(region));
	for (version = 0; version < 6; version++) {
		head->version = version;
		assert_int_equal(wire_open(&r, region, sizeof(region)),
				 version >= 1 && version <= 4 ? 0 : -EBADMSG);
	}
}

/* Version 1 had no phase between setting up and the gate. */
static void test_old_phases(void **unused)
{
	static const struct {
		uint16_t written, read;
	} cases[] = {{1, WIRE_BOOT}, {2, WIRE_SETUP}, {3, WIRE_GATE}, {4, WIRE_OPEN},
		     {7, WIRE_STOPPED}, {8, 8}};
	_Alignas(8) uint8_t region[REGION] = {0};
	struct wire_writer w;
	struct wire_reader r;
	struct wire_item item;
	size_t i;

	(void)unused;
	wire_start(&w, region, sizeof(region));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(wire_put(&w, WIRE_PHASE, cases[i].written, 0, NULL, 0));
	((struct wire_header *)region)->version = 1;
	assert_int_equal(wire_open(&r, region, sizeof(region)), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wire_next(&r, &item), 0);
		assert_int_equal(item.head.id, cases[i].read);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_here),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_old_phases),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_bucket_max),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_two_pieces),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
