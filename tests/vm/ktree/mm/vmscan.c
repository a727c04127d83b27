// SPDX-License-Identifier: GPL-2.0-only
const char *where(void);
int scan(int pages);

/* The path of the source reaches the object here. */
const char *where(void)
{
	return __FILE__;
}

int scan(int pages)
{
	return pages / 2;
}
