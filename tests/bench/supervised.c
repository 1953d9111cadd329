// SPDX-License-Identifier: GPL-2.0-only
/* The ways by another process, which does the least that it can. */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

static void supervise(void)
{
	struct seccomp_notif_resp answer;
	struct seccomp_notif call;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!shared->listener)
		sched_yield();
	for (;;) {
		memset(&call, 0, sizeof(call));
		if (ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) {
			if (errno == EINTR)
				continue;
			_exit(1);
		}
		memset(&answer, 0, sizeof(answer));
		answer.id = call.id;
		ioctl(shared->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* The supervisor has memory of its own, but shares the descriptors. */
void prepare_notify(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	int fd;

	need(pid, "clone");
	if (!pid)
		supervise();
	fd = filter_getpid(SECCOMP_RET_USER_NOTIF,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER);
	need(fd, "seccomp");
	shared->listener = fd;
}

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
