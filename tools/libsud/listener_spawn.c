// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A program that is armed from its first instruction on. exec disarms, so the program
 * cannot be armed before. Its parent traces it up to the stop at the exec, arms it
 * there, and lets it go.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* __USER32_CS: code of 32 bits. */
#define CS_32BIT 0x23

#define STOPPED_AT_EXEC (SIGTRAP | PTRACE_EVENT_EXEC << 8)

/* Every call of the program's and of its threads and children. */
static const struct sud_config config_all = {
	.size = sizeof(config_all),
	.mode = SUD_MODE_EXCLUSIVE,
	.delivery = SUD_DELIVER_NOTIFY,
	.flags = SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK,
};

/* The child: waits until it is traced, and says why it cannot be the program. */
static __attribute__((noreturn)) void become(int parent, char *const argv[])
{
	ssize_t got;
	char go;
	int err;

	do {
		got = read(parent, &go, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1) {
		execvp(argv[0], argv);
		err = errno;
		send(parent, &err, sizeof(err), MSG_NOSIGNAL);
	}
	_exit(127);
}

static int wait_child(pid_t pid, int *status)
{
	pid_t got;

	do {
		got = waitpid(pid, status, __WALL);
	} while (got < 0 && errno == EINTR);
	return got == pid ? 0 : -1;
}

/*
 * Return: 0 once it has executed the program, else -1. @ended: it is not there any
 * more, and its number may be another process's.
 */
static int to_exec(pid_t pid, int child, bool *ended)
{
	int status, sig, err;

	if (ptrace(PTRACE_SEIZE, pid, NULL,
		   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) ||
	    send(child, "", 1, MSG_NOSIGNAL) != 1)
		return -1;
	while (!wait_child(pid, &status) && WIFSTOPPED(status)) {
		if (status >> 8 == STOPPED_AT_EXEC)
			return 0;
		/* A signal goes its way. A stop of the whole process does not last. */
		sig = status >> 16 ? 0 : WSTOPSIG(status);
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)sig);
	}
	*ended = true;
	errno = recv(child, &err, sizeof(err), MSG_DONTWAIT) == sizeof(err)
			? err
			: ECHILD;
	return -1;
}

static int arm(pid_t pid, int fd, const struct sud_config *config)
{
	struct sud_task_config task = { .tid = pid };
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return -1;
	if (regs.cs == CS_32BIT)
		task.flags = SUD_TASK_32BIT;
	return sud_set_task(fd, &task, config ? config : &config_all);
}

/* Return: 0, or -1 and errno, and the child has ended. */
static int start(pid_t pid, int child, int fd, const struct sud_config *config)
{
	bool ended = false;
	int err, status;

	if (!to_exec(pid, child, &ended) && !arm(pid, fd, config) &&
	    !ptrace(PTRACE_DETACH, pid, NULL, NULL))
		return 0;
	err = errno;
	if (!ended && !kill(pid, SIGKILL))
		wait_child(pid, &status);
	errno = err;
	return -1;
}

pid_t sud_listener_spawn(int fd, const struct sud_config *config,
			 char *const argv[])
{
	int sockets[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -1;
	pid = fork();
	if (!pid) {
		close(sockets[0]);
		become(sockets[1], argv);
	}
	if (pid > 0 && start(pid, sockets[0], fd, config))
		pid = -1;
	err = errno;
	close(sockets[0]);
	close(sockets[1]);
	errno = err;
	return pid;
}
