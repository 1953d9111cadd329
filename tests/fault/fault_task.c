// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and user copy of GET_TASK and SET_TASK fails, one after the other.
 */
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/fault.h"
#include "lib/fault_state.h"
#include "lib/harness.h"
#include "lib/set_calls.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/tracer.h"

static struct sud_config config;

/* Another thread, which stops, tells how it is armed, and stops again. */
static volatile int *tracee_armed;
static pid_t tracee;
static struct sud_task_config task;

static void tracee_run(void)
{
	handle_sigsys();
	CHECK_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
	for (;;) {
		raise(SIGSTOP);
		*tracee_armed = dispatched(site_a) | dispatched(site_b) << 1;
	}
}

static void tracee_wait(void)
{
	int status;

	for (;;) {
		CHECK_EQ(waitpid(tracee, &status, 0), tracee);
		CHECK(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP)
			return;
		/* A dispatched call's. */
		CHECK_EQ(WSTOPSIG(status), SIGSYS);
		CHECK_OK(ptrace(PTRACE_CONT, tracee, 0, SIGSYS));
	}
}

static void tracee_begin(void)
{
	tracee_armed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(tracee_armed != MAP_FAILED);
	tracee = fork();
	CHECK_OK(tracee);
	if (!tracee)
		tracee_run();
	tracee_wait();
}

static long do_get_task(void)
{
	task = (struct sud_task_config){ .tid = tracee };
	return sud_get_task(sud_fd, &task, &config);
}

static void check_tracee(const struct sud_config *want)
{
	bool on = want->mode != SUD_MODE_OFF;
	bool set = want->flags & SUD_FLAG_REGIONS;

	CHECK_OK(do_get_task());
	CHECK(!memcmp(&config, want, sizeof(config)));
	CHECK_EQ(!!task.set, set);
	*tracee_armed = -1;
	CHECK_OK(ptrace(PTRACE_CONT, tracee, 0, 0));
	tracee_wait();
	CHECK_EQ(*tracee_armed, on | (on && !set) << 1);
}

static long set_tracee(const struct sud_config *to)
{
	task = (struct sud_task_config){ .tid = tracee };
	return sud_set_task(sud_fd, &task, to);
}

static void tracee_was(void)
{
	CHECK_OK(set_tracee(&state_was));
}

static long do_set_task(void)
{
	return set_tracee(&state_next);
}

static void tracee_unchanged(void)
{
	check_tracee(&state_was);
}

static void tracee_changed(void)
{
	check_tracee(&state_next);
	tracee_was();
}

static void sweep_task(const char *name, struct sud_config from,
		       struct sud_config to, bool allocates)
{
	struct fault_sweep sweep = {
		.name = name,
		.reset = tracee_was,
		.op = do_set_task,
		.unchanged = tracee_unchanged,
		.done = tracee_changed,
		.wanted = { EFAULT, allocates ? ENOMEM : 0 },
	};

	state_was = from;
	state_next = to;
	fault_sweep(&sweep);
}

TEST_LIMIT(set_task, "SET_TASK", false, 120)
{
	state_begin();
	tracee_begin();
	sweep_task("arm a tracee", OFF, ARMED(0), true);
	sweep_task("arm a tracee with inheritance", OFF,
		   ARMED(SUD_FLAG_REGIONS | BOTH), true);
	sweep_task("arm a tracee again", ARMED(SUD_FLAG_REGIONS), ARMED(0),
		   false);
	sweep_task("let a tracee inherit", ARMED(0), ARMED(BOTH), true);
	sweep_task("disarm a tracee", ARMED(SUD_FLAG_REGIONS | BOTH), OFF,
		   false);
	fault_exit();
}

/* Takes the tracee's set in place of the descriptor's own. */
static long do_take(void)
{
	task = (struct sud_task_config){ .tid = tracee,
					 .flags = SUD_TASK_TAKE_REGIONS };
	return sud_get_task(set_fd, &task, &config);
}

static void set_is_own(void)
{
	set_check(set_base, set_base_count);
	check_tracee(&state_was);
}

static void set_is_taken(void)
{
	struct sud_range range = site_b_range();

	CHECK(!memcmp(&config, &state_was, sizeof(config)));
	CHECK(task.set);
	CHECK_EQ(task.flags, 0);
	set_check(&range, 1);
	check_tracee(&state_was);
}

TEST_LIMIT(get_task, "GET_TASK, which takes the region set too", false, 120)
{
	static const struct fault_sweep sweep = {
		.name = "GET_TASK",
		.reset = set_new,
		.op = do_take,
		.unchanged = set_is_own,
		.done = set_is_taken,
		.wanted = { EFAULT },
	};

	state_begin();
	tracee_begin();
	state_was = ARMED(SUD_FLAG_REGIONS | BOTH);
	tracee_was();
	set_base_count = 3;
	fill_ranges(set_base, 0, 3);
	fault_sweep(&sweep);
	fault_exit();
}
