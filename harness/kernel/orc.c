// SPDX-License-Identifier: GPL-2.0-only
/*
 * ORC tables into DWARF call frame information.
 *
 * An ORC entry holds from its address up to the next one's and says how to get from there to the
 * caller: all that the kernel itself goes by when it prints a stack.  A debugger knows the same in
 * another form, which distributions strip from their kernels.
 *
 * Entries are 6 bytes: offset of the caller's SP, offset of the saved BP, a nibble each for what
 * the two are based on, and the type.  Linux 6.4 gave the types other numbers, and by 7.3 the bases
 * had others; which are meant is seen by what is frequent.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernel/symbols.h"

#define ENTRY      6u
#define PER_FDE    256u /* entries in one frame description: what a debugger reads at a time */
#define RETURN_COL 16u

enum base { BASE_NONE, BASE_PREV_SP, BASE_DX, BASE_DI, BASE_BP, BASE_SP, BASE_R10, BASE_R13,
	    BASE_BP_INDIRECT, BASE_SP_INDIRECT, BASE_AX };
enum type { TYPE_UNDEFINED, TYPE_END, TYPE_CALL, TYPE_REGS, TYPE_REGS_PARTIAL };

/* DWARF's numbers. */
enum { DW_RAX = 0, DW_RDX = 1, DW_RDI = 5, DW_RBP = 6, DW_RSP = 7, DW_R10 = 10, DW_R13 = 13 };
enum {
	CFA_advance_loc4 = 0x04, CFA_undefined = 0x07, CFA_same_value = 0x08,
	CFA_offset_extended_sf = 0x11, CFA_def_cfa_sf = 0x12, CFA_def_cfa_expression = 0x0f,
	CFA_expression = 0x10, CFA_val_offset = 0x14,
};
enum { OP_deref = 0x06, OP_consts = 0x11, OP_plus = 0x22, OP_breg0 = 0x70 };

struct entry {
	int sp_offset, bp_offset;
	enum base sp_base, bp_base;
	enum type type;
};

static void add_u32(struct buf *out, uint32_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void add_u8(struct buf *out, unsigned int v)
{
	unsigned char c = (unsigned char)v;

	buf_add(out, &c, 1);
}

static void add_sleb(struct buf *out, long v)
{
	bool more = true;

	while (more) {
		unsigned int c = v & 0x7f;

		v >>= 7;
		more = !((!v && !(c & 0x40)) || (v == -1 && c & 0x40));
		add_u8(out, c | (more ? 0x80 : 0));
	}
}

/* A register is saved so many bytes from the CFA. */
static void saved_at(struct buf *out, unsigned int reg, int offset)
{
	add_u8(out, CFA_offset_extended_sf);
	add_u8(out, reg);
	add_sleb(out, offset / -8);
}

static void add_block(struct buf *out, const struct buf *block)
{
	add_u8(out, (unsigned int)block->len);
	buf_add(out, block->data, block->len);
}

/* The CFA through a pointer: at *(bp + offset), or at *sp + offset. */
static void cfa_indirect(struct buf *out, const struct entry *e)
{
	cleanup_buf struct buf block = {0};
	bool bp = e->sp_base == BASE_BP_INDIRECT;

	add_u8(&block, OP_breg0 + (bp ? DW_RBP : DW_RSP));
	add_sleb(&block, bp ? e->sp_offset : 0);
	add_u8(&block, OP_deref);
	if (!bp) {
		add_u8(&block, OP_consts);
		add_sleb(&block, e->sp_offset);
		add_u8(&block, OP_plus);
	}
	add_u8(out, CFA_def_cfa_expression);
	add_block(out, &block);
}

/* False when there is no caller to be found from here. */
static bool add_cfa(struct buf *out, const struct entry *e)
{
	static const int reg[] = {
		[BASE_NONE] = -1, [BASE_PREV_SP] = -1, [BASE_DX] = DW_RDX, [BASE_DI] = DW_RDI,
		[BASE_BP] = DW_RBP, [BASE_SP] = DW_RSP, [BASE_R10] = DW_R10, [BASE_R13] = DW_R13,
		[BASE_BP_INDIRECT] = DW_RBP, [BASE_SP_INDIRECT] = DW_RSP, [BASE_AX] = DW_RAX,
	};

	if (e->type < TYPE_CALL)
		return false;
	if (e->sp_base == BASE_BP_INDIRECT || e->sp_base == BASE_SP_INDIRECT) {
		cfa_indirect(out, e);
		return true;
	}
	if (reg[e->sp_base] < 0 || e->sp_offset % 8)
		return false;
	add_u8(out, CFA_def_cfa_sf);
	add_u8(out, (unsigned int)reg[e->sp_base]);
	add_sleb(out, e->sp_offset / -8);
	return true;
}

static void add_bp(struct buf *out, const struct entry *e)
{
	cleanup_buf struct buf block = {0};

	if (e->bp_base == BASE_PREV_SP) {
		saved_at(out, DW_RBP, e->bp_offset);
	} else if (e->bp_base == BASE_BP) {
		add_u8(&block, OP_breg0 + DW_RBP);
		add_sleb(&block, e->bp_offset);
		add_u8(out, CFA_expression);
		add_u8(out, DW_RBP);
		add_block(out, &block);
	} else {
		add_u8(out, CFA_same_value);
		add_u8(out, DW_RBP);
	}
}

/* Everything that an entry says, so that no entry depends on the one before. */
static void add_rules(struct buf *out, const struct entry *e)
{
	if (!add_cfa(out, e)) {
		/* A debugger wants some CFA all the same. */
		add_u8(out, CFA_def_cfa_sf);
		add_u8(out, DW_RSP);
		add_sleb(out, -1);
		add_u8(out, CFA_undefined);
		add_u8(out, RETURN_COL);
		return;
	}
	/*
	 * An exception's frame: the CFA is where struct pt_regs lies, or the part of it that the
	 * processor pushed (ip, cs, flags, sp, ss).
	 */
	if (e->type == TYPE_REGS) {
		saved_at(out, RETURN_COL, 128);
		saved_at(out, DW_RSP, 152);
		saved_at(out, DW_RBP, 32);
	} else if (e->type == TYPE_REGS_PARTIAL) {
		saved_at(out, RETURN_COL, 0);
		saved_at(out, DW_RSP, 24);
		add_bp(out, e);
	} else {
		saved_at(out, RETURN_COL, -8);
		/* The caller's SP is the CFA itself, whatever an entry before this one said. */
		add_u8(out, CFA_val_offset);
		add_u8(out, DW_RSP);
		add_u8(out, 0);
		add_bp(out, e);
	}
}

/* Which numbers a kernel's tables use. */
struct numbers {
	bool old_types, new_bases;
};

static enum base base_of(unsigned int nibble, bool new)
{
	static const enum base was[16] = {BASE_NONE, BASE_PREV_SP, BASE_DX, BASE_DI, BASE_BP,
					  BASE_SP, BASE_R10, BASE_R13, BASE_BP_INDIRECT,
					  BASE_SP_INDIRECT};
	static const enum base is[16] = {BASE_NONE, BASE_AX, BASE_DX, BASE_SP, BASE_BP, BASE_DI,
					 BASE_R10, BASE_R13, BASE_PREV_SP, BASE_SP_INDIRECT,
					 BASE_BP_INDIRECT};

	return new ? is[nibble] : was[nibble];
}

static enum type type_of(unsigned int byte, bool old)
{
	static const enum type was[] = {TYPE_CALL, TYPE_REGS, TYPE_REGS_PARTIAL, TYPE_UNDEFINED};

	if (!old)
		return (byte & 7) <= TYPE_REGS_PARTIAL ? (enum type)(byte & 7) : TYPE_UNDEFINED;
	return byte & 4 ? TYPE_END : was[byte & 3];
}

static struct entry read_entry(const struct buf *orc, size_t i, struct numbers n)
{
	const unsigned char *p = (const unsigned char *)orc->data + i * ENTRY;
	int16_t offset[2];

	memcpy(offset, p, sizeof(offset));
	return (struct entry){offset[0], offset[1], base_of(p[4] & 15, n.new_bases),
			      base_of(p[4] >> 4, n.new_bases), type_of(p[5], n.old_types)};
}

/* Nearly all code is ordinary functions that find their caller from SP. */
static struct numbers find_numbers(const struct buf *orc, size_t nr)
{
	size_t i, type[8] = {0}, base[16] = {0};

	for (i = 0; i < nr; i++) {
		const unsigned char *p = (const unsigned char *)orc->data + i * ENTRY;

		type[p[5] & 7]++;
		base[p[4] & 15]++;
	}
	return (struct numbers){.old_types = type[0] > type[TYPE_CALL],
				.new_bases = base[3] > base[BASE_SP]};
}

static uint64_t address_of(const struct buf *orc_ip, size_t i, uint64_t table)
{
	int32_t relative;

	memcpy(&relative, orc_ip->data + 4 * i, sizeof(relative));
	return table + 4 * i + (uint64_t)(int64_t)relative;
}

static void start_cie(struct buf *out)
{
	static const unsigned char cie[] = {
		1, 0,       /* version, no augmentation */
		1, 0x78,    /* code in bytes, data in steps of -8 */
		RETURN_COL, /* where the return address is kept */
		0, 0, 0,    /* nothing yet: DW_CFA_nop */
	};

	add_u32(out, sizeof(cie) + 4);
	add_u32(out, UINT32_MAX);
	buf_add(out, cie, sizeof(cie));
}

struct tables {
	const struct buf *orc_ip, *orc;
	uint64_t ip_address;
	size_t nr;
	struct numbers numbers;
};

static uint64_t at(const struct tables *t, size_t i)
{
	return address_of(t->orc_ip, i, t->ip_address);
}

/* Entries [from, to), whose addresses ascend; the last is there only as the end of its range. */
static void add_fde(const struct tables *t, size_t from, size_t to, struct buf *out)
{
	cleanup_buf struct buf body = {0};
	uint64_t start = at(t, from), size = at(t, to) - start;
	size_t i;

	add_u32(&body, 0); /* the one CIE */
	buf_add(&body, &start, sizeof(start));
	buf_add(&body, &size, sizeof(size));
	for (i = from; i < to; i++) {
		struct entry e = read_entry(t->orc, i, t->numbers);

		if (i > from) {
			add_u8(&body, CFA_advance_loc4);
			add_u32(&body, (uint32_t)(at(t, i) - at(t, i - 1)));
		}
		add_rules(&body, &e);
	}
	while ((body.len + 4) % 8)
		add_u8(&body, 0);
	add_u32(out, (uint32_t)body.len);
	buf_add(out, body.data, body.len);
}

/* Where a run of ascending addresses that begins at from ends: the index of its last entry. */
static size_t run_end(const struct tables *t, size_t from)
{
	size_t to = from;

	while (to + 1 < t->nr && to - from < PER_FDE && at(t, to + 1) > at(t, to) &&
	       at(t, to + 1) - at(t, to) < UINT32_MAX)
		to++;
	return to;
}

void orc_to_cfi(const struct buf *orc_ip, const struct buf *orc, uint64_t ip_address,
		struct buf *out)
{
	struct tables t = {orc_ip, orc, ip_address, orc->len / ENTRY, {0}};
	size_t from, to;

	if (!t.nr || orc_ip->len / 4 != t.nr)
		return;
	t.numbers = find_numbers(orc, t.nr);
	start_cie(out);
	for (from = 0; from + 1 < t.nr; from = to > from ? to : from + 1) {
		to = run_end(&t, from);
		if (to > from)
			add_fde(&t, from, to, out);
	}
}
