// SPDX-License-Identifier: GPL-2.0-only
/*
 * sudctl status: what is there, and what is armed.
 */
#include <stdio.h>
#include <string.h>

#include "sudctl.h"

static int help(void)
{
	puts("usage: sudctl status");
	return 0;
}

static void show(const char *what, const char *path)
{
	char line[256] = "";
	FILE *file = fopen(path, "re");

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	line[strcspn(line, "\n")] = '\0';
	printf("%-10s %s\n", what, line[0] ? line : "unknown");
}

int status_main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--help"))
		return help();
	if (argc > 1)
		return sudctl_usage("status", "there is no option \"%s\"",
				    argv[1]);
	show("module", "/sys/module/sud/version");
	show("kernel", "/proc/sys/kernel/osrelease");
	return 0;
}
