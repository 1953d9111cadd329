// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads take is charged to their memory cgroup, and comes back.
 */
#include <linux/sched.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/cgroup.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sites.h"
#include "lib/workers.h"

static void charged_threads(void)
{
	long all, before, armed;

	start_workers(often(WORKERS_MAX));
	all = n_workers * (long)TASK_BYTES_MIN;
	arm_with = config_a_upcall(0);
	/* Whatever their first turn may need. */
	all_take_turns(must_disarm);
	before = cgroup_measure();
	all_take_turns(must_arm);
	armed = cgroup_measure();
	if (armed - before < all)
		FAIL("%d armed threads are charged %ld bytes", n_workers,
		     armed - before);
	all_take_turns(must_disarm);
	check_given_back(armed - all);
}

TEST_LIMIT(threads_charged,
	   "armed threads are charged to their cgroup, and given back", false,
	   180)
{
	in_cgroup(charged_threads);
}

static void charged_children(void)
{
	struct sud_config c = config_a_upcall(BOTH);
	long armed;

	CHECK_OK(sud_set(sud_fd, &c));
	start_workers(often(WORKERS_MAX));
	arm_with = c;
	all_take_turns(must_be_armed);
	armed = cgroup_measure();
	all_take_turns(must_disarm);
	check_given_back(armed - n_workers * (long)TASK_BYTES_MIN);
}

TEST_LIMIT(children_charged, "so are threads that inherited", false, 180)
{
	in_cgroup(charged_children);
}

static void fail_late(void)
{
	pid_t taken = 1;
	struct clone_args args = { .flags = CLONE_VM,
				   .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&taken,
				   .set_tid_size = 1 };

	CHECK_EQ(site_b(SYS_clone3, (long)&args, sizeof(args), 0), -EEXIST);
}

/* KASAN's quarantine, on 5.10: what was freed is given back much later. */
static bool keeps_charges(int times, long bound)
{
	const long most = cgroup_measure() + bound;

	for (int i = 0; i < times; i++)
		fail_late();
	return charged_after(most) > most;
}

/* Each is one object to lose. */
static void lose_nothing(void)
{
	const int times = often(10000);
	const long bound = times * (long)TASK_BYTES_MIN / 4;
	struct sud_config c = config_a_upcall(BOTH);
	long before;

	if (keeps_charges(times / 10, bound))
		SKIP("what this kernel frees stays charged, without the module too");
	CHECK_OK(sud_set(sud_fd, &c));
	before = cgroup_measure();
	for (int i = 0; i < times; i++) {
		/* Fails at once, fails late, arms again, is on and off. */
		CHECK_EQ(site_b(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0),
			 -EINVAL);
		fail_late();
		CHECK_OK(sud_set(sud_fd, &c));
		if (i % 4)
			continue;
		CHECK_OK(sud_disarm(sud_fd));
		CHECK_OK(sud_set(sud_fd, &c));
	}
	check_given_back(before + bound);
}

TEST_LIMIT(nothing_lost, "clones that fail and arming again lose no memory",
	   false, 120)
{
	in_cgroup(lose_nothing);
}
