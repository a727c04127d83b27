// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guests/bpf/loader.h"

/* Of a longer log the beginning and the end are kept, this much of each. */
#define LOG_PART (64u << 10)

static char head[LOG_PART], tail[LOG_PART];
static size_t head_len, tail_len; /* tail_len: bytes so far, of which the last are in the ring */

void say(enum talk kind, const char *text, size_t len, int fd)
{
	static char packet[1 + TALK_MAX];
	struct iovec iov = {packet, 1 + (len < TALK_MAX ? len : TALK_MAX)};
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	packet[0] = (char)kind;
	memcpy(packet + 1, text, iov.iov_len - 1);
	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	}
	/* Without an agent there is nobody to tell, and nothing to be done. */
	if (sendmsg(TALK_FD, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

void sayf(enum talk kind, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(kind, text, strlen(text), -1);
}

static void keep(const char *text, size_t len)
{
	size_t n = len < sizeof(head) - head_len ? len : sizeof(head) - head_len;

	memcpy(head + head_len, text, n);
	head_len += n;
	for (; n < len; n++)
		tail[tail_len++ % sizeof(tail)] = text[n];
}

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text;
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	n = vasprintf(&text, fmt, ap);
	if (n < 0)
		return 0;
	keep(text, (size_t)n);
	free(text);
	return n;
}

void say_start(void)
{
	libbpf_set_print(keep_message);
}

static void say_pieces(const char *text, size_t len)
{
	size_t n;

	for (; len; text += n, len -= n) {
		n = len < TALK_MAX ? len : TALK_MAX;
		say(TALK_LOG, text, n, -1);
	}
}

static void say_log(void)
{
	size_t start = tail_len % sizeof(tail);

	say_pieces(head, head_len);
	if (tail_len > sizeof(tail)) {
		sayf(TALK_LOG, "\n[%zu bytes left out]\n", tail_len - sizeof(tail));
		say_pieces(tail + start, sizeof(tail) - start);
	}
	say_pieces(tail, start);
}

void give_up(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_log();
	say(TALK_ERROR, text, strlen(text), -1);
	exit(1);
}
