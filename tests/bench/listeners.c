// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways by a supervisor in another process, which answers every call with 0 and
 * does the least that it can: the listener of the module, and those of seccomp. One
 * thread calls, or 16 do; the supervisor runs on the same CPU, or on another.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include <sud.h>

#include "bench.h"

/* From <linux/seccomp.h> of 6.6. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

#define CALLERS 16
#define CALLS 50 /* of each in a row */
#define ROWS 20

extern char site_a[], site_a_end[];

static void answer_by_seccomp(int listener)
{
	struct seccomp_notif_resp answer;
	struct seccomp_notif call;

	for (;;) {
		memset(&call, 0, sizeof(call));
		/* One that has died meanwhile is none. */
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			continue;
		memset(&answer, 0, sizeof(answer));
		answer.id = call.id;
		need(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer),
		     "SECCOMP_IOCTL_NOTIF_SEND");
	}
}

static void answer_by_sud(int listener)
{
	struct sud_notification calls[CALLERS];
	struct sud_answer answers[CALLERS];
	int count = 0;

	memset(answers, 0, sizeof(answers));
	for (;;) {
		count = sud_serve(listener, answers, count, calls, CALLERS);
		need(count, "SUD_IOC_SERVE");
		for (int i = 0; i < count; i++)
			answers[i].id = calls[i].id;
	}
}

void start_supervisor(void (*answer)(int fd))
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	need(pid, "clone");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(bench_supervisor_cpu);
	while (!shared->supervisor_fd)
		sched_yield();
	answer(shared->supervisor_fd);
}

void prepare_seccomp_notify(void)
{
	int listener;

	start_supervisor(answer_by_seccomp);
	listener = filter_getpid(SECCOMP_RET_USER_NOTIF,
				 SECCOMP_FILTER_FLAG_NEW_LISTENER);
	need(listener, "seccomp");
	shared->supervisor_fd = listener;
}

static int use_sync_wake_up(int listener)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		     SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

void prepare_seccomp_sync(void)
{
	prepare_seccomp_notify();
	need(use_sync_wake_up(shared->supervisor_fd),
	     "SECCOMP_IOCTL_NOTIF_SET_FLAGS");
}

bool has_sync_wake_up(void)
{
	pid_t pid = fork();
	int status = -1, listener;

	need(pid, "fork");
	if (!pid) {
		listener = filter_getpid(SECCOMP_RET_USER_NOTIF,
					 SECCOMP_FILTER_FLAG_NEW_LISTENER);
		_exit(use_sync_wake_up(listener) != 0);
	}
	waitpid(pid, &status, 0);
	return !status;
}

void prepare_sud_notify(void)
{
	struct sud_config config = {
		.size = sizeof(config),
		.mode = SUD_MODE_INCLUSIVE,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - site_a,
		.delivery = SUD_DELIVER_NOTIFY,
		.flags = SUD_FLAG_INHERIT_THREAD,
	};
	int fd = sud_open(), listener;

	need(fd, SUD_DEVICE);
	start_supervisor(answer_by_sud);
	listener = sud_listen(fd, 0);
	need(listener, "SUD_IOC_LISTEN");
	need(sud_set(fd, &config), "SUD_IOC_SET");
	shared->supervisor_fd = listener;
}

static pthread_barrier_t row_begins, row_ends;
static volatile int calls_in_row;

static void *make_calls(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&row_begins);
		for (int i = 0; i < calls_in_row; i++)
			bench_sites[0](SYS_getpid, 0, 0, 0);
		pthread_barrier_wait(&row_ends);
	}
	return arg;
}

static unsigned long long row(int calls)
{
	unsigned long long start = __rdtsc();

	calls_in_row = calls;
	pthread_barrier_wait(&row_begins);
	pthread_barrier_wait(&row_ends);
	return __rdtsc() - start;
}

double bench_16_callers(void)
{
	unsigned long long ticks, full = -1, empty = -1;
	pthread_t thread;

	pthread_barrier_init(&row_begins, NULL, CALLERS + 1);
	pthread_barrier_init(&row_ends, NULL, CALLERS + 1);
	for (int i = 0; i < CALLERS; i++) {
		errno = pthread_create(&thread, NULL, make_calls, NULL);
		need(-errno, "pthread_create");
	}
	for (int i = 0; i < ROWS; i++) {
		ticks = row(CALLS);
		if (ticks < full)
			full = ticks;
		ticks = row(0);
		if (ticks < empty)
			empty = ticks;
	}
	return (double)(full - empty) / (CALLERS * CALLS);
}
