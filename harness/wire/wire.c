// SPDX-License-Identifier: GPL-2.0-only
#include "wire/wire.h"

#include <errno.h>
#include <string.h>

/*
 * table[k][b]: the byte b with k zero bytes behind it.  Eight bytes a step: most of what a sample
 * costs besides the kernel's own work is this checksum, and the guest pays for it in the window.
 */
static uint32_t table[8][256];

static void make_table(void)
{
	unsigned int i, k;

	for (i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		table[0][i] = crc;
	}
	for (k = 1; k < 8; k++)
		for (i = 0; i < 256; i++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
}

static uint32_t crc_eight(uint32_t crc, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v ^= crc;
	return table[7][v & 255] ^ table[6][v >> 8 & 255] ^ table[5][v >> 16 & 255] ^
	       table[4][v >> 24 & 255] ^ table[3][v >> 32 & 255] ^ table[2][v >> 40 & 255] ^
	       table[1][v >> 48 & 255] ^ table[0][v >> 56];
}

uint32_t wire_crc32(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	if (!table[0][1])
		make_table();
	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8)
		crc = crc_eight(crc, p);
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return ~crc;
}

unsigned int wire_bucket(uint64_t ns)
{
	unsigned int log, bucket;

	if (ns < WIRE_SUB)
		return (unsigned int)ns;
	log = 63 - (unsigned int)__builtin_clzll(ns);
	bucket = (log - WIRE_SUB_BITS + 1) * WIRE_SUB +
		 (unsigned int)(ns >> (log - WIRE_SUB_BITS) & (WIRE_SUB - 1));
	return bucket < WIRE_BUCKETS ? bucket : WIRE_BUCKETS - 1;
}

uint64_t wire_bucket_max(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < WIRE_SUB)
		return bucket;
	shift = bucket / WIRE_SUB - 1;
	return ((uint64_t)(WIRE_SUB + bucket % WIRE_SUB + 1) << shift) - 1;
}

static uint32_t record_crc(const struct wire_record *head, const void *payload, size_t len)
{
	struct wire_record copy = *head;

	copy.crc = 0;
	return wire_crc32(wire_crc32(0, &copy, sizeof(copy)), payload, len);
}

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

void wire_start(struct wire_writer *w, void *region, size_t size)
{
	struct wire_header head = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};

	*w = (struct wire_writer){.region = region, .size = size};
	memcpy(region, &head, sizeof(head));
}

void *wire_here(const struct wire_writer *w, size_t *room)
{
	const struct wire_header *head = (const struct wire_header *)w->region;
	size_t left = (w->size - sizeof(*head) - head->used) & ~(size_t)7;

	if (left <= sizeof(struct wire_record))
		return NULL;
	left -= sizeof(struct wire_record);
	*room = left < WIRE_PAYLOAD_MAX ? left : WIRE_PAYLOAD_MAX;
	return w->region + sizeof(*head) + head->used + sizeof(struct wire_record);
}

bool wire_put_here(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
		   uint32_t len)
{
	struct wire_header *head = (struct wire_header *)w->region;
	struct wire_record rec = {.len = len, .type = (uint16_t)type, .id = id,
				  .time_ns = time_ns, .seq = w->seq};
	size_t need = sizeof(rec) + padded(len);
	uint8_t *at = w->region + sizeof(*head) + head->used;

	if (need > w->size - sizeof(*head) - head->used || len > WIRE_PAYLOAD_MAX) {
		head->dropped++;
		return false;
	}
	rec.crc = record_crc(&rec, at + sizeof(rec), len);
	memcpy(at, &rec, sizeof(rec));
	/* What is read in place may leave bytes behind the payload. */
	memset(at + sizeof(rec) + len, 0, padded(len) - len);
	/* The record must be whole before it counts, whatever stops us in between. */
	__atomic_store_n(&head->used, head->used + need, __ATOMIC_RELEASE);
	w->seq++;
	return true;
}

bool wire_put2(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
	       const void *a, uint32_t alen, const void *b, uint32_t blen)
{
	size_t room = 0, len = (size_t)alen + blen;
	uint8_t *at = wire_here(w, &room);

	if (at && len <= room) {
		if (alen)
			memcpy(at, a, alen);
		if (blen)
			memcpy(at + alen, b, blen);
	}
	return wire_put_here(w, type, id, time_ns, len <= UINT32_MAX ? (uint32_t)len : UINT32_MAX);
}

bool wire_put(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
	      const void *payload, uint32_t len)
{
	return wire_put2(w, type, id, time_ns, payload, len, NULL, 0);
}

int wire_open(struct wire_reader *r, const void *region, size_t size)
{
	struct wire_header head;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, region, sizeof(head));
	if (!head.magic)
		return -ENODATA;
	if (head.magic != WIRE_MAGIC || head.version < WIRE_VERSION_MIN ||
	    head.version > WIRE_VERSION)
		return -EBADMSG;
	if (head.used > size - sizeof(head))
		return -EBADMSG;
	*r = (struct wire_reader){.data = region, .pos = sizeof(head),
				  .end = sizeof(head) + (size_t)head.used, .version = head.version,
				  .dropped = head.dropped};
	return 0;
}

int wire_next(struct wire_reader *r, struct wire_item *item)
{
	size_t left = r->end - r->pos;
	struct wire_record *head = &item->head;

	if (!left)
		return -ENOENT;
	if (left < sizeof(*head))
		return -EBADMSG;
	memcpy(head, r->data + r->pos, sizeof(*head));
	if (head->len > WIRE_PAYLOAD_MAX || padded(head->len) > left - sizeof(*head))
		return -EBADMSG;
	item->payload = r->data + r->pos + sizeof(*head);
	if (head->seq != r->seq || head->crc != record_crc(head, item->payload, head->len))
		return -EBADMSG;
	r->pos += sizeof(*head) + padded(head->len);
	r->seq++;
	if (r->version == 1 && head->type == WIRE_PHASE && head->id >= WIRE_READY &&
	    head->id < WIRE_STOPPED)
		head->id++;
	return 0;
}
