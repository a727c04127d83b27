/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction by which the guest's agent tells the emulator's plugin that it is at the fork
 * point: a NOP with an address nobody would write, "nopl 0x474e5257(%rax)".
 */
#ifndef WIRE_FORK_H
#define WIRE_FORK_H

#define FORK_MARK 0x0f, 0x1f, 0x80, 0x57, 0x52, 0x4e, 0x47

#endif
