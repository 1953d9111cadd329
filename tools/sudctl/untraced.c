// SPDX-License-Identifier: GPL-2.0-only
/* trace and inject of a sudctl that was built without them. */
#include "sudctl.h"

static int absent(const char *command)
{
	sudctl_error(
		"this sudctl was built without %s: build it again where the kernel's headers are installed",
		command);
	return 1;
}

int trace_main(int argc, char **argv)
{
	(void)argc;
	return absent(argv[0]);
}

int inject_main(int argc, char **argv)
{
	(void)argc;
	return absent(argv[0]);
}
