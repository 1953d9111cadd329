// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers that interrupt calls, that jump away, on a stack of their own; and addresses that
 * are none.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf env;
static volatile int jumps;
static char stack[65536];

/* An address that is none; the compiler is not to know. */
static void *volatile nowhere = (void *)8;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(99);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	say("fault\n");
	siglongjmp(env, 1);
}

static void on_alarm(int sig)
{
	(void)sig;
	say("alarm\n");
	if (jumps)
		siglongjmp(env, 1);
}

static void set_handler(int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };

	sigaction(SIGALRM, &action, NULL);
}

/* Long enough for a call that comes behind it to be there first. */
static void alarm_soon(void)
{
	struct itimerval soon = { .it_value = { 0, 300000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void after(const char *what, long result)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %ld %d\n", what, result,
		 result < 0 ? errno : 0);
	say(line);
}

int main(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	int pipes[2], status;
	volatile int i;
	pid_t child;
	char byte;

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	for (i = 0; i < 3; i++)
		if (!sigsetjmp(env, 1))
			*(volatile int *)nowhere = 1;
	if (pipe(pipes))
		return 1;

	set_handler(0);
	alarm_soon();
	after("read", read(pipes[0], &byte, 1));

	set_handler(SA_RESTART);
	child = fork();
	if (!child) {
		usleep(900000);
		_exit(write(pipes[1], "x", 1) != 1);
	}
	alarm_soon();
	after("read", read(pipes[0], &byte, 1));
	waitpid(child, &status, 0);

	set_handler(0);
	alarm_soon();
	after("pause", pause());

	jumps = 1;
	alarm_soon();
	if (!sigsetjmp(env, 1))
		after("read", read(pipes[0], &byte, 1));
	jumps = 0;
	raise(SIGALRM);

	after("write", write(-1, nowhere, 5));
	after("write", write(pipes[1], nowhere, 5));
	after("access", access(nowhere, 0));
	return 7;
}
