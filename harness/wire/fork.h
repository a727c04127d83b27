/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions by which the guest's agent tells the emulator's plugins where it is: NOPs with
 * addresses nobody would write, "nopl 0x474e5257(%rax)" and the like.  Every run executes all of
 * them, whatever listens.
 */
#ifndef WIRE_FORK_H
#define WIRE_FORK_H

#define MARK_LEN 7

/* At the fork point. */
#define FORK_MARK  0x0f, 0x1f, 0x80, 0x57, 0x52, 0x4e, 0x47
/* The machine has just been told to end. */
#define END_MARK   0x0f, 0x1f, 0x80, 0x57, 0x52, 0x4e, 0x45
/* The window's opening set has been recorded; its closing set is about to be. */
#define OPEN_MARK  0x0f, 0x1f, 0x80, 0x57, 0x52, 0x4e, 0x4f
#define CLOSE_MARK 0x0f, 0x1f, 0x80, 0x57, 0x52, 0x4e, 0x43

#endif
