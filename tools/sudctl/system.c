// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this machine says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absent.h"
#include "system.h"

bool system_exists(const char *path)
{
	return !access(path, F_OK);
}

static bool first_line(FILE *file, char *line, size_t size)
{
	if (!fgets(line, size, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

bool system_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool read;

	line[0] = '\0';
	if (!file)
		return false;
	read = first_line(file, line, size);
	fclose(file);
	return read;
}

static void run(const char *const *argv, int to)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDERR_FILENO);
	dup2(to, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int system_ask(const char *const *argv, char *line, size_t size)
{
	int ends[2], status;
	char rest[4096];
	FILE *from;
	pid_t pid;

	line[0] = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	/* Not a second time by the child. */
	fflush(stdout);
	pid = fork();
	if (!pid)
		run(argv, ends[1]);
	close(ends[1]);
	from = fdopen(ends[0], "r");
	if (pid < 0 || !from) {
		close(ends[0]);
		return -1;
	}
	first_line(from, line, size);
	/* To its end, or it would die of its output. */
	while (fread(rest, 1, sizeof(rest), from) > 0)
		;
	fclose(from);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

void system_tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

const char *system_absent(int err)
{
	return sud_absent(err, system_exists(SUD_SYSFS),
			  system_exists(SUD_SYSFS_SUD));
}

static bool says(const char *path, const char *word)
{
	char line[16];

	return system_line(path, line, sizeof(line)) && !strcmp(line, word);
}

const char *system_forbids(void)
{
	if (says(SYSTEM_PARAMETERS "allow_arming", "N"))
		return SYSTEM_PARAMETERS "allow_arming";
	if (says(SYSTEM_SYSCTL, "0"))
		return SYSTEM_SYSCTL;
	return NULL;
}

const char *system_install(void)
{
	/* make install uses /etc and /usr/local. */
	if (system_exists("/usr/lib/modules-load.d/sud.conf"))
		return "dpkg-reconfigure sud-dkms";
	if (system_exists("/usr/bin/sudctl"))
		return "apt-get install sud-dkms";
	return "make install, in sud's sources";
}
