// SPDX-License-Identifier: GPL-2.0-only
/*
 * A supervisor that answers the calls of another process through memory that both have
 * mapped: neither side makes a system call for it, where each has a CPU of its own. The
 * other process takes part, by libsud's handler; supervisor.c needs nothing of the kind,
 * and is slower.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libsud.h>
#include <sud.h>

#define ANSWER 4711
#define CALLS 10000
/* Longer than an answer takes. */
#define SPINS 10000

static struct sud_channel channel;

static int map_channel(int fd)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	/* The program has one thread, and no signal handler makes calls meanwhile. */
	return sud_channel_map(&channel, fd, 1, cpus > 1 ? SPINS : 0);
}

static long ask(struct sud_call *call)
{
	return sud_channel_ask(&channel, call, 0);
}

/* All calls between block and allow are asked for. */
static int program(int fd)
{
	int right = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (map_channel(fd) || sud_upcall_install(ask, NULL)) {
		perror(SUD_DEVICE);
		return 1;
	}
	sud_call_block();
	for (int i = 0; i < CALLS; i++)
		right += syscall(SYS_getpid) == ANSWER;
	sud_call_allow();
	sud_channel_close(&channel);
	return right != CALLS;
}

static void answer(void *calls, const struct sud_notification *call,
		   struct sud_answer *answer)
{
	if (call->nr != SYS_getpid) {
		answer->flags = SUD_ANSWER_RUN;
		return;
	}
	++*(int *)calls;
	answer->result = ANSWER;
}

/* Without this, a program that is killed would be waited for in vain. */
static void close_channel(int sig)
{
	(void)sig;
	sud_channel_close(&channel);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(void)
{
	int fd = sud_open(), calls = 0, status = 1;
	double start = now();
	pid_t pid;

	if (fd < 0 || map_channel(fd)) {
		perror(SUD_DEVICE);
		return 1;
	}
	signal(SIGCHLD, close_channel);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (!pid)
		_exit(program(fd));
	sud_channel_run(&channel, answer, &calls);
	waitpid(pid, &status, 0);
	printf("%d calls of another process were answered from here, %.1f microseconds each\n",
	       calls, (now() - start) * 1e6 / CALLS);
	return calls != CALLS || status;
}
