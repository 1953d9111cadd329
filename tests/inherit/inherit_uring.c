// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that the kernel makes for itself, by io_uring, do not inherit.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/uring.h"

#ifdef __LP64__
/*
 * io_uring's threads, of the polling kind and of the working kind, are made by
 * the armed thread's calls, but never make one of their own.
 */
static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static int report_pipe[2];

static void use_uring(void)
{
	pthread_t thread;

	arm_a(BOTH);
	/* What was prepared has been used once. */
	in_thread(do_nothing);
	if (!uring_start_threads())
		_exit(1);
	/* And one of its own, which is armed. */
	CHECK_EQ(pthread_create(&thread, NULL, call_it, wait_for_ever), 0);
	CHECK_EQ(write(report_pipe[1], "x", 1), 1);
	wait_for_ever();
}

/* 1 armed, 0 off, -1 gone. */
static int ask(pid_t tid)
{
	struct sud_task_config task = { .tid = tid };
	struct sud_config c;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0))
		return -1;
	CHECK_OK(ptrace(PTRACE_INTERRUPT, tid, 0, 0));
	CHECK_EQ(waitpid(tid, &status, __WALL), tid);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(sud_get_task(sud_fd, &task, &c));
	CHECK_OK(ptrace(PTRACE_DETACH, tid, 0, 0));
	return c.mode != SUD_MODE_OFF;
}

TEST_LIMIT(io_uring, "io_uring's own threads do not inherit", false, 60)
{
	int armed = 0, off = 0, before = module_refs();
	struct dirent *e;
	char c, path[64];
	DIR *dir;

	CHECK_OK(pipe(report_pipe));
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid)
		use_uring();
	close(report_pipe[1]);
	if (read(report_pipe[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		SKIP("no io_uring here");
	}
	/* The process and its own thread. */
	check_refs(before + 2);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	CHECK(dir);
	while ((e = readdir(dir))) {
		int is = atoi(e->d_name) ? ask(atoi(e->d_name)) : -1;

		armed += is == 1;
		off += is == 0;
	}
	closedir(dir);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(armed, 2);
	/* One that polls, one that works. */
	CHECK_EQ(off, 2);
	check_refs(before);
}
#endif
