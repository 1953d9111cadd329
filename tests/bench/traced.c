// SPDX-License-Identifier: GPL-2.0-only
/* The way by a tracer, which does the least that it can. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

/*
 * One stop a call: the call is skipped and its number not even looked at. So is
 * the one by which the tracee would exit.
 */
static void trace(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0), "waitpid");
	need(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL), "ptrace");
	do {
		need(ptrace(PTRACE_SYSEMU, pid, 0, 0), "PTRACE_SYSEMU");
		need(waitpid(pid, &status, 0), "waitpid");
	} while (WIFSTOPPED(status) && !shared->done);
	kill(pid, SIGKILL);
	_exit(0);
}

void prepare_ptrace(void)
{
	pid_t pid = fork();

	need(pid, "fork");
	if (pid)
		trace(pid);
	need(ptrace(PTRACE_TRACEME, 0, 0, 0), "PTRACE_TRACEME");
	raise(SIGSTOP);
}
