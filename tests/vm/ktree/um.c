// SPDX-License-Identifier: GPL-2.0-only
/* A program that says what User-Mode Linux says of itself, in its strings; it is never run. */
const char *const uml_says[] = {
	"Linux version " RELEASE " (somebody@somewhere)", "User Mode Linux v" RELEASE,
	"time-travel=inf-cpu\n", "dtb=<file>\n",
};

int main(void)
{
	return !uml_says[0];
}
