// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: kill TIMES SEED PROGRAM...    traces the program that many times, and kills
 * sudctl at a random moment of each: the process that was started, the tracer that this has
 * started, both, or by SIGTERM; of every second program sudctl is told to attach to it.
 * A program that has begun has to end with what it prints and returns without.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 30000 /* milliseconds that a program may take */

static char **program;
static char plain[4096];
static unsigned int seed;

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static unsigned int below(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* What it prints goes to @out, but what sudctl says to a file. Return: its number. */
static pid_t start(char *const *argv, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(out, 1);
	dup2(open("/tmp/kill.said", O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
	execv(argv[0], argv);
	_exit(126);
}

/* All that comes, until nobody is left who could write. Return: false when that takes long. */
static bool read_all(int in, char *text, size_t size)
{
	long end = now() + LIMIT * 1000L;
	size_t done = 0;

	for (;;) {
		struct pollfd wait = { in, POLLIN, 0 };
		long left = (end - now()) / 1000;
		ssize_t got;

		if (left <= 0 || poll(&wait, 1, left) <= 0)
			return false;
		got = read(in, text + done, size - 1 - done);
		if (got <= 0)
			break;
		done += got;
	}
	text[done] = '\0';
	return true;
}

/* The process that @pid has started first, or 0. */
static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &child) != 1)
		child = 0;
	if (file)
		fclose(file);
	return child;
}

/* The next process of ours that has ended, by its name; as wait(). */
static pid_t next_end(char *name, int *status)
{
	siginfo_t info = { .si_pid = 0 };
	char path[64];
	FILE *file;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/comm", info.si_pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%15s", name) != 1)
		*name = '\0';
	if (file)
		fclose(file);
	return waitpid(info.si_pid, status, 0);
}

static void show_hung(void)
{
	char command[256];

	snprintf(
		command, sizeof(command),
		"for p in /proc/[0-9]*; do grep -q -e busy -e sudctl $p/cmdline || continue;"
		"echo \"# $p: $(tr '\\0' ' ' <$p/cmdline)\";"
		"cat $p/task/*/syscall $p/task/*/stack; grep -E 'State|Tracer' $p/status; done");
	if (system(command))
		puts("# and that is all");
}

/* Return: 0, 1 when it had not begun, -1 when it was hung or changed. */
static int one(unsigned int number, long longest)
{
	static const char *const whom[] = { "the first", "the tracer", "both",
					    "SIGTERM" };
	char *trace[16] = { "/sud/sudctl", "trace", "-f", "-o",
			    "/tmp/kill.trace" };
	char text[sizeof(plain)] = "", pid_text[16];
	bool attach = number % 2;
	unsigned int how = below(4);
	long delay = below(longest);
	int pipes[2], i, n = 5, status, failed = 0;
	pid_t pid, sudctl, tracer, child;
	char name[16];

	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	if (attach) {
		pid = start(program, pipes[1]);
		snprintf(pid_text, sizeof(pid_text), "%d", pid);
		trace[n++] = "-p";
		trace[n++] = pid_text;
		usleep(below(20000));
	} else {
		for (i = 0; program[i]; i++)
			trace[n++] = program[i];
	}
	sudctl = start(trace, attach ? 1 : pipes[1]);
	close(pipes[1]);
	usleep(delay);
	tracer = child_of(sudctl);
	if (how == 3)
		kill(sudctl, SIGTERM);
	if ((how == 1 || how == 2) && tracer)
		kill(tracer, SIGKILL);
	if (how == 0 || how == 2)
		kill(sudctl, SIGKILL);
	if (!read_all(pipes[0], text, sizeof(text))) {
		printf("# %u: hung, %s after %ld us%s\n", number, whom[how],
		       delay, attach ? ", attached" : "");
		show_hung();
		return -1;
	}
	close(pipes[0]);
	/* Of what sudctl has started, the name is sudctl's, up to the exec. */
	while ((child = next_end(name, &status)) > 0)
		if (status && child != sudctl && strcmp(name, "sudctl"))
			failed = status;
	if (!attach && !*text && !failed)
		return 1;
	if (!failed && !strcmp(text, plain))
		return 0;
	printf("# %u: status %x, printed \"%s\", %s after %ld us%s\n", number,
	       failed, text, whom[how], delay, attach ? ", attached" : "");
	return -1;
}

int main(int argc, char **argv)
{
	char *trace[16] = { "/sud/sudctl", "trace", "-f", "-o",
			    "/tmp/kill.trace" };
	int times, i, n, pipes[2], ran = 0, result;
	char text[sizeof(plain)];
	long longest;

	if (argc < 4)
		return 2;
	times = atoi(argv[1]);
	seed = strtoul(argv[2], NULL, 0);
	program = argv + 3;
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	if (pipe2(pipes, O_CLOEXEC))
		return 1;
	start(program, pipes[1]);
	close(pipes[1]);
	if (!read_all(pipes[0], plain, sizeof(plain)) || !*plain)
		return 1;
	close(pipes[0]);
	for (i = 0; program[i]; i++)
		trace[5 + i] = program[i];
	if (pipe2(pipes, O_CLOEXEC))
		return 1;
	longest = now();
	start(trace, pipes[1]);
	close(pipes[1]);
	if (!read_all(pipes[0], text, sizeof(text)) || strcmp(text, plain))
		return 1;
	longest = now() - longest;
	while (wait(NULL) > 0)
		;
	for (n = 0; n < times; n++) {
		result = one(n, longest);
		if (result < 0) {
			printf("# of %s, seed %s\n", program[1], argv[2]);
			return 1;
		}
		ran += !result;
	}
	printf("# %s: sudctl killed %d times within %ld ms, the program had begun in %d\n",
	       program[1], times, longest / 1000, ran);
	return 0;
}
