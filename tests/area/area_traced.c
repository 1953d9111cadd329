// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread whose selector lies in a control area, and its tracer.
 */
#include "lib/area.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

/* Says after each stop whether it is armed, by the signal of the next one. */
static void tracee(bool with_area)
{
	void *area = with_area ? area_page() : NULL;
	struct sud_config c = area_config(area);

	handle_sigsys();
	if (with_area) {
		CHECK_OK(sud_set(sud_fd, &c));
		CHECK(area_blocks(area));
	}
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	for (;;) {
		raise(SIGSTOP);
		if (!with_area)
			_exit(0);
		raise(area_blocks(area) ? SIGUSR1 : SIGUSR2);
	}
}

static void stopped_by(pid_t pid, int sig)
{
	int stop;

	/* Of a blocked call: its handler is to have it. */
	while ((stop = wait_stop(pid)) == SIGSYS)
		cont(pid, SIGSYS);
	CHECK_EQ(stop, sig);
}

/* On from the SIGSTOP, through what it says, to the next one. */
static void check_says(pid_t pid, int sig)
{
	cont(pid, 0);
	stopped_by(pid, sig);
	cont(pid, 0);
	stopped_by(pid, SIGSTOP);
}

static pid_t start(bool with_area)
{
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid)
		tracee(with_area);
	stopped_by(pid, SIGSTOP);
	return pid;
}

TEST(restored, "GET_TASK and SET_TASK restore it exactly")
{
	pid_t pid = start(true);
	struct sud_task_config t = { .tid = pid };
	struct sud_config c, again, off = { .size = sizeof(off) };

	CHECK_OK(sud_get_task(sud_fd, &t, &c));
	CHECK_EQ(c.flags, SUD_FLAG_MAPPED | SUD_FLAG_SIGRETURN);
	CHECK_EQ(t.flags, OWN_BITS);
	check_says(pid, SIGUSR1);

	CHECK_OK(sud_set_task(sud_fd, &t, &off));
	check_says(pid, SIGUSR2);
	CHECK_OK(sud_set_task(sud_fd, &t, &c));
	CHECK_OK(sud_get_task(sud_fd, &t, &again));
	CHECK(!memcmp(&c, &again, sizeof(c)));
	check_says(pid, SIGUSR1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(no_area, "SET_TASK of what the thread has not mapped: EFAULT")
{
	pid_t pid = start(false);
	struct sud_task_config t = { .tid = pid, .flags = OWN_BITS };
	/* The tracer's own mapping, made since the fork, does not count. */
	struct sud_config c = area_config(area_page()), got;

	CHECK_ERR(sud_set_task(sud_fd, &t, &c), EFAULT);
	CHECK_OK(sud_get_task(sud_fd, &t, &got));
	CHECK_EQ(got.mode, SUD_MODE_OFF);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(forked, "in a forked child, SET_TASK finds the child's own area")
{
	void *area = area_page();
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		handle_sigsys();
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		for (;;) {
			raise(SIGSTOP);
			raise(area_blocks(area) ? SIGUSR1 : SIGUSR2);
		}
	}
	stopped_by(pid, SIGSTOP);
	struct sud_task_config t = { .tid = pid, .flags = OWN_BITS };
	struct sud_config c = area_config(area);

	/* The parent's says BLOCK, and that says nothing in the child. */
	area_selector(area) = SUD_SELECTOR_BLOCK;
	CHECK_OK(sud_set_task(sud_fd, &t, &c));
	check_says(pid, SIGUSR1);
	check_says(pid, SIGUSR1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
