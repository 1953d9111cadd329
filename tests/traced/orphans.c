// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: orphans TIMES    kills, that many times, a process that does nothing but make
 * children, at a random moment: of one child nobody may ever learn who made it. Ends when
 * all of them have.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void make_children(void)
{
	for (;;) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1, ends[2], i;
	char c;

	if (pipe(ends))
		return 1;
	for (i = 0; i < times; i++) {
		pid_t parent = fork();

		if (!parent)
			make_children();
		usleep(rand() % 20000);
		kill(parent, SIGKILL);
		waitpid(parent, NULL, 0);
	}
	/* Each of them has the other end, too. */
	close(ends[1]);
	if (read(ends[0], &c, 1))
		return 1;
	puts("all have ended");
	return 0;
}
