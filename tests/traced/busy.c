// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: busy WHAT N: makes calls of one kind for a while, and checks each result; for
 * who kills the tracer meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static char stack[65536] __attribute__((aligned(16)));

static void check(bool right, const char *what)
{
	if (right)
		return;
	printf("wrong: %s, errno %d\n", what, errno);
	exit(1);
}

static void read_bytes(int n)
{
	int i, fd = open("/dev/zero", O_RDONLY);
	char byte = 1;

	check(fd >= 0, "open");
	for (i = 0; i < n; i++) {
		check(read(fd, &byte, 1) == 1 && !byte, "read");
		check(read(-1, &byte, 1) == -1 && errno == EBADF, "read of -1");
	}
	check(!close(fd), "close");
}

static int pipes[2];

static void *in_thread(void *n)
{
	char byte;
	volatile int i;

	for (i = 0; i < *(int *)n; i++) {
		/* As many come as go, so that all who wait go on at last. */
		check(write(pipes[1], "x", 1) == 1, "write");
		check(read(pipes[0], &byte, 1) == 1 && byte == 'x', "read");
	}
	return n;
}

static void threads(int n)
{
	pthread_t thread[THREADS];
	void *result;
	int round, i;

	check(!pipe(pipes), "pipe");
	for (round = 0; round < 3; round++) {
		for (i = 0; i < THREADS; i++)
			check(!pthread_create(&thread[i], NULL, in_thread, &n),
			      "pthread_create");
		for (i = 0; i < THREADS; i++)
			check(!pthread_join(thread[i], &result) && result == &n,
			      "pthread_join");
	}
}

static int in_clone(void *unused)
{
	(void)unused;
	return getppid() > 0 ? 6 : 1;
}

static void wait_for(pid_t child, int wanted, const char *what)
{
	int status;

	check(child > 0 && waitpid(child, &status, 0) == child &&
		      WIFEXITED(status) && WEXITSTATUS(status) == wanted,
	      what);
}

static void forks(int n)
{
	pid_t child;
	volatile int i;

	for (i = 0; i < n; i++) {
		child = fork();
		if (!child) {
			read_bytes(3);
			_exit(4);
		}
		wait_for(child, 4, "fork");
		child = vfork();
		if (!child)
			_exit(getppid() > 0 ? 5 : 1);
		wait_for(child, 5, "vfork");
		wait_for(clone(in_clone, stack + sizeof(stack),
			       CLONE_VM | SIGCHLD, NULL),
			 6, "clone");
	}
}

static void execs(int n)
{
	pid_t child;
	volatile int i;

	for (i = 0; i < n; i++) {
		child = vfork();
		if (!child) {
			execl("/proc/self/exe", "busy", "child", "3",
			      (char *)NULL);
			_exit(1);
		}
		wait_for(child, 7, "vfork and exec");
	}
	/* And itself, which has its number and its output from then on, too. */
	if (n > 1) {
		execl("/proc/self/exe", "busy", "execs", "1", (char *)NULL);
		check(false, "exec");
	}
}

static sigjmp_buf env;
static volatile int ticks, jump;

static void on_alarm(int sig)
{
	(void)sig;
	ticks++;
	getppid();
	if (jump)
		siglongjmp(env, 1);
}

static void signals(int n)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	ssize_t got;
	char byte;

	check(!pipe(pipes), "pipe");
	check(!sigaction(SIGALRM, &action, NULL), "sigaction");
	check(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
	while (ticks < n) {
		got = read(pipes[0], &byte, 1);
		check(got == -1 && errno == EINTR, "read that is interrupted");
	}
	if (!sigsetjmp(env, 1)) {
		jump = 1;
		read(pipes[0], &byte, 1);
		check(false, "read that is left");
	}
	jump = 0;
	while (ticks < 2 * n)
		read_bytes(1);
	check(!setitimer(ITIMER_REAL, &off, NULL), "setitimer");
}

static const struct {
	const char *name;
	void (*run)(int n);
} kinds[] = {
	{ "reads", read_bytes }, { "threads", threads }, { "forks", forks },
	{ "execs", execs },	 { "signals", signals }, { NULL, NULL },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "child")) {
		read_bytes(atoi(argv[2]));
		return 7;
	}
	for (i = 0; kinds[i].name; i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		puts("begun");
		fflush(stdout);
		kinds[i].run(atoi(argv[2]));
		puts("ended");
		return 0;
	}
	return 2;
}
