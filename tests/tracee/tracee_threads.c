// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process are tracees of their own, each with its configuration.
 */
#include <pthread.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sites.h"
#include "lib/tracer.h"

/* Threads: each stops in a read and is armed by itself, without a selector. */
#define THREADS 3

static int wake[THREADS][2], done[2];

static void *probing_thread(void *number)
{
	int n = (intptr_t)number;
	char c;

	sh->tid[n] = syscall(SYS_gettid);
	CHECK_EQ(read(wake[n][0], &c, 1), 1);
	probes(sh->got[n]);
	CHECK_OK(write(done[1], "x", 1));
	for (;;)
		pause();
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread;
	char c;

	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&thread, NULL, probing_thread,
					(void *)i),
			 0);
	sleep_until_go();
	for (int i = 0; i < THREADS; i++) {
		CHECK_OK(write(wake[i][1], "x", 1));
		CHECK_EQ(read(done[0], &c, 1), 1);
	}
	probes(sh->got[THREADS]);
	_exit(0);
}

static bool threads_there(void)
{
	return sh->ready && sh->tid[0] && sh->tid[1] && sh->tid[2];
}

static struct sud_config config_of_thread(int n)
{
	struct sud_config c = config_only_b();

	switch (n) {
	case 0:
		c.offset = (uintptr_t)site_a;
		c.len = site_a_end - (char *)site_a;
		break;
	case 2:
		c.offset = (uintptr_t)site_int80_ip;
		c.len = 1;
		break;
	}
	return c;
}

static const char *const want_of_thread[] = { "ss---", "--ss-", "----s" };

static void let_all_go(pid_t leader)
{
	int status;

	CHECK_OK(write(go[1], "x", 1));
	for (;;) {
		int sig = 0;
		pid_t tid = waitpid(-1, &status, __WALL);

		CHECK_OK(tid);
		if (tid == leader && !WIFSTOPPED(status))
			break;
		if (!WIFSTOPPED(status))
			continue;
		if (!(status >> 16) && WSTOPSIG(status) != SIGTRAP)
			sig = WSTOPSIG(status);
		ptrace(PTRACE_CONT, tid, 0, sig);
	}
	CHECK_EQ(status, 0);
}

TEST(threads, "threads are tracees of their own, each with its configuration")
{
	for (int i = 0; i < THREADS; i++)
		CHECK_OK(pipe(wake[i]));
	CHECK_OK(pipe(done));
	pid_t pid = tracee_start(run_threads);

	CHECK(wait_until(threads_there, 10000));
	for (int i = 0; i < THREADS; i++) {
		/* Its leader is no tracee, and it is none yet. */
		check_both(pid, EPERM);
		check_both(sh->tid[i], EPERM);
		CHECK_OK(ptrace(PTRACE_SEIZE, sh->tid[i], 0, 0));
		check_both(sh->tid[i], ESRCH);
		CHECK_OK(ptrace(PTRACE_INTERRUPT, sh->tid[i], 0, 0));
		CHECK_EQ(wait_stop(sh->tid[i]), EVENT_STOP(SIGTRAP));
		check_get(sh->tid[i], &config_off);
	}
	for (int i = 0; i < THREADS; i++) {
		struct sud_config c = config_of_thread(i);

		set_config(sh->tid[i], &c);
	}
	for (int i = 0; i < THREADS; i++) {
		struct sud_config c = config_of_thread(i);

		check_get(sh->tid[i], &c);
		cont(sh->tid[i], 0);
	}
	let_all_go(pid);
	for (int i = 0; i < THREADS; i++)
		check_verdicts(sh->got[i], want_of_thread[i]);
	check_verdicts(sh->got[THREADS], V_OFF);
}
