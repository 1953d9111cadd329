// SPDX-License-Identifier: GPL-2.0-only
/* Every way to make a process, each waited for. */
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));

static int in_clone(void *unused)
{
	(void)unused;
	if (write(1, "clone\n", 6) != 6)
		return 1;
	return 4;
}

static void wait_for(const char *what, pid_t child)
{
	int status = -1;

	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(99);
	printf("%s: %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
}

static pid_t clone_with(int flags)
{
	return clone(in_clone, stack + sizeof(stack), flags | SIGCHLD, NULL);
}

int main(void)
{
	char *const args[] = { "echo", "spawned", NULL };
	char line[64] = "";
	pid_t child;
	FILE *file;
	volatile int i;

	for (i = 0; i < 3; i++) {
		child = vfork();
		if (!child) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		wait_for("vfork and exec", child);
		child = vfork();
		if (!child)
			_exit(getppid() > 0 ? 5 : 6);
		wait_for("vfork", child);
	}
	child = vfork();
	if (!child) {
		/* Within a child that shares its parent's stack. */
		if (!vfork())
			_exit(1);
		_exit(8);
	}
	wait_for("vfork in vfork", child);
	if (posix_spawn(&child, "/bin/echo", NULL, NULL, args, environ))
		return 99;
	wait_for("posix_spawn", child);
	wait_for("clone", clone_with(0));
	wait_for("clone VM", clone_with(CLONE_VM));
	wait_for("clone VM VFORK", clone_with(CLONE_VM | CLONE_VFORK));
	child = fork();
	if (!child) {
		int status = 0;

		child = fork();
		if (!child)
			_exit(9);
		waitpid(child, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	wait_for("fork in fork", child);
	if (system("echo system"))
		return 99;
	file = popen("echo popen", "r");
	if (!file || !fgets(line, sizeof(line), file) || pclose(file))
		return 99;
	printf("%s", line);
	return 0;
}
