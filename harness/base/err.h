/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One clear sentence about what went wrong, carried up beside the usual -errno.
 *
 * Below harness/cmd/ nothing prints: a function that fails fills a struct err and returns a
 * negative errno; only a command prints it.  A NULL err is allowed everywhere.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MSG_MAX 1024

struct err {
	char msg[ERR_MSG_MAX]; /* empty, or a sentence without a final full stop */
};

/*
 * Sets the message and returns code (a negative errno) so that "return err_set(...)" is one line.
 */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* As err_set(), with ": <strerror>" of -code behind the message. */
int err_sys(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Puts "<prefix>: " before the message that is there and returns code. */
int err_prefix(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

#endif
