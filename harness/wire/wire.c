// SPDX-License-Identifier: GPL-2.0-only
#include "wire/wire.h"

#include <errno.h>
#include <string.h>

/* By nibbles: a few hundred kilobytes a run do not justify a 1 KiB table in locked guest memory. */
uint32_t wire_crc32(uint32_t crc, const void *data, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
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

static uint32_t record_crc(const struct wire_record *head, const void *a, size_t alen,
			   const void *b, size_t blen)
{
	struct wire_record copy = *head;
	uint32_t crc;

	copy.crc = 0;
	crc = wire_crc32(0, &copy, sizeof(copy));
	crc = wire_crc32(crc, a, alen);
	return wire_crc32(crc, b, blen);
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

bool wire_put2(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
	       const void *a, uint32_t alen, const void *b, uint32_t blen)
{
	struct wire_header *head = (struct wire_header *)w->region;
	struct wire_record rec = {.len = alen + blen, .type = (uint16_t)type, .id = id,
				  .time_ns = time_ns, .seq = w->seq};
	size_t need = sizeof(rec) + padded((size_t)alen + blen);
	uint8_t *at = w->region + sizeof(*head) + head->used;

	if (need > w->size - sizeof(*head) - head->used || (size_t)alen + blen > WIRE_PAYLOAD_MAX) {
		head->dropped++;
		return false;
	}
	rec.crc = record_crc(&rec, a, alen, b, blen);
	memcpy(at, &rec, sizeof(rec));
	if (alen)
		memcpy(at + sizeof(rec), a, alen);
	if (blen)
		memcpy(at + sizeof(rec) + alen, b, blen);
	/* The record must be whole before it counts, whatever stops us in between. */
	__atomic_store_n(&head->used, head->used + need, __ATOMIC_RELEASE);
	w->seq++;
	return true;
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
	if (head.magic != WIRE_MAGIC || head.version != WIRE_VERSION)
		return -EBADMSG;
	if (head.used > size - sizeof(head))
		return -EBADMSG;
	*r = (struct wire_reader){.data = region, .pos = sizeof(head),
				  .end = sizeof(head) + (size_t)head.used, .dropped = head.dropped};
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
	if (head->seq != r->seq || head->crc != record_crc(head, item->payload, head->len, NULL, 0))
		return -EBADMSG;
	r->pos += sizeof(*head) + padded(head->len);
	r->seq++;
	return 0;
}
