// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "options.h"
#include "print.h"
#include "sudctl/sudctl.h"
#include "tracee.h"

/* Return: NULL, with a message, when there is none. */
static char *find_command(const char *name)
{
	const char *path = getenv("PATH");
	char *list, *at, *dir, *file = NULL;

	if (strchr(name, '/')) {
		if (!access(name, F_OK))
			return strdup(name);
		sudctl_error("%s: %s", name, strerror(errno));
		return NULL;
	}
	list = at = strdup(path ? path : "/bin:/usr/bin");
	while (list && (dir = strsep(&at, ":"))) {
		struct stat st;

		if (asprintf(&file, "%s/%s", *dir ? dir : ".", name) < 0)
			abort();
		if (!stat(file, &st) && S_ISREG(st.st_mode) &&
		    !access(file, X_OK))
			break;
		free(file);
		file = NULL;
	}
	free(list);
	if (!file)
		sudctl_error("%s: command not found", name);
	return file;
}

/* The child: waits until it is traced, and tells why it cannot be executed. */
static void run_command(const char *file, char **argv, int go, int failed)
{
	char byte;
	int err;

	if (read(go, &byte, 1) == 1) {
		sigprocmask(SIG_SETMASK, &options.mask, NULL);
		execv(file, argv);
		err = errno;
		if (write(failed, &err, sizeof(err)) != sizeof(err))
			_exit(126);
	}
	_exit(127);
}

pid_t command_start(char **argv, long trace_options, int *failed, int *status)
{
	int go[2], why[2];
	struct tracee *tracee;
	char *file;
	pid_t pid;

	*status = 127;
	file = find_command(argv[0]);
	if (!file)
		return -1;
	if (pipe2(go, O_CLOEXEC) || pipe2(why, O_CLOEXEC)) {
		sudctl_error("pipe: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid < 0) {
		sudctl_error("fork: %s", strerror(errno));
		return -1;
	}
	if (!pid) {
		close(go[1]);
		run_command(file, argv, go[0], why[1]);
	}
	close(go[0]);
	close(why[1]);
	if (ptrace(PTRACE_SEIZE, pid, 0, trace_options)) {
		sudctl_error("%s cannot be traced: %s", argv[0],
			     strerror(errno));
		close(go[1]);
		*status = 1;
		return -1;
	}
	tracee = tracee_new(pid);
	tracee->state = TRACEE_RUNS;
	print_command(tracee, file, argv);
	free(file);
	if (write(go[1], "", 1) != 1)
		return -1;
	close(go[1]);
	*failed = why[0];
	return pid;
}

void command_failed(const char *name, int failed)
{
	int err;

	if (read(failed, &err, sizeof(err)) == sizeof(err))
		sudctl_error("%s: %s", name, strerror(err));
}
