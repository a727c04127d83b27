/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the loader of BPF objects and the agent say to each other, over a socket of packets: the kind
 * in the first byte, then text.
 */
#ifndef GUESTS_BPF_TALK_H
#define GUESTS_BPF_TALK_H

/* Descriptors that the loader starts with. */
#define TALK_OBJECT_FD 3 /* the object, a file */
#define TALK_FD        4 /* the socket */

/* The most that one packet has behind its kind, bytes. */
#define TALK_MAX 32768u

enum talk {
	/* From the loader. */
	TALK_LOG = 'l',   /* a piece of what libbpf and the verifier said */
	TALK_ERROR = 'e', /* it is not attached: why, one line; the last packet */
	/*
	 * It is attached: "NAME OFFSET" of each statistic, one a line.  With it, where there are any,
	 * comes the descriptor of the map they are in, 64-bit numbers that are mapped to be read.
	 */
	TALK_READY = 'r',
	TALK_TABLE = 't', /* a map's name, a newline, and a piece of its text */
	TALK_LOST = 'x',  /* asked how it is: it is no longer attached, why, one line; the last packet */
	TALK_WELL = 'w',  /* the same: it is; the last packet */
	/* From the agent. */
	TALK_QUIT = 'q',  /* say how it is, then end */
};

#endif
