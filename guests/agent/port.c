// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "agent.h"
#include "wire/fork.h"

#define PORT_FW_CFG_SELECT 0x510
#define PORT_FW_CFG_DATA   0x511
#define PORT_DEBUGCON      0xe9
#define PORT_DEBUG_EXIT    0xf4
#define PORT_IB700_STOP    0x441
#define PORT_IB700_KICK    0x443

/* This old device counts backwards: 0 is its longest time, 30 s, and each step 2 s less. */
#define IB700_SECONDS(s) ((30 - (s)) / 2)

/* Where the device that ends the machine is missing, the kernel ends it after so long. */
#define EXIT_NS 2000000000ull

#define FW_CFG_DIR         0x19
#define FW_CFG_FILES_MAX   256

#define BYTES_(...) #__VA_ARGS__
#define BYTES(...)  BYTES_(__VA_ARGS__)

/* One entry of the fw_cfg directory; numbers are big-endian. */
struct fw_cfg_file {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
};

void port_start(void)
{
	if (!uml_here() && iopl(3))
		reboot(RB_POWER_OFF);
}

void port_debug(const char *s, size_t len)
{
	if (uml_here())
		uml_say(s, len);
	else
		outsb(PORT_DEBUGCON, s, len);
}

void port_exit(unsigned int code)
{
	uint64_t start;

	if (uml_here())
		uml_exit();
	start = rec_now();
	outb((unsigned char)code, PORT_DEBUG_EXIT);
	/*
	 * The emulator stops us a moment later, in host time: nothing may happen until then.  At
	 * the mark its plugin holds all CPUs.
	 */
	__asm__ volatile(".byte " BYTES(END_MARK) : : : "memory");
	while (rec_now() - start < EXIT_NS)
		;
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

void port_watchdog_kick(void)
{
	if (!uml_here())
		outb(IB700_SECONDS(10), PORT_IB700_KICK);
}

void port_watchdog_off(void)
{
	if (!uml_here())
		outb(0, PORT_IB700_STOP);
}

void port_fork_mark(void)
{
	__asm__ volatile(".byte " BYTES(FORK_MARK) : : : "memory");
}

void port_open_mark(void)
{
	__asm__ volatile(".byte " BYTES(OPEN_MARK) : : : "memory");
}

void port_close_mark(void)
{
	__asm__ volatile(".byte " BYTES(CLOSE_MARK) : : : "memory");
}

/* Not insb(): the C library's does not tell the compiler that it writes memory. */
static void fw_cfg_get(void *out, size_t len)
{
	unsigned char *p = out;

	while (len--)
		*p++ = inb(PORT_FW_CFG_DATA);
}

static long fw_cfg_read(const struct fw_cfg_file *file, char *out, size_t size)
{
	uint32_t len = __builtin_bswap32(file->size);

	if (len > size)
		return -1;
	outw(__builtin_bswap16(file->select), PORT_FW_CFG_SELECT);
	fw_cfg_get(out, len);
	return (long)len;
}

long port_fw_cfg(const char *name, char *out, size_t size)
{
	struct fw_cfg_file file;
	uint32_t count, i;

	if (uml_here())
		return uml_file(name, out, size);
	outw(FW_CFG_DIR, PORT_FW_CFG_SELECT);
	fw_cfg_get(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (i = 0; i < count && i < FW_CFG_FILES_MAX; i++) {
		fw_cfg_get(&file, sizeof(file));
		if (!strncmp(file.name, name, sizeof(file.name)))
			return fw_cfg_read(&file, out, size);
	}
	return -1;
}
