// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the memory cgroup is full, SET or a clone fails with ENOMEM and has changed
 * nothing. Stock kernels have no fault injection; this is the next best.
 *
 * In a full cgroup nothing may fault in a page: the kernel would try for ever.
 * So all memory is locked, and calls that are blocked come by upcall, as a
 * signal's siginfo needs memory. There is nobody for the OOM killer to take.
 */
#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/cgroup.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/spawn.h"
#include "lib/workers.h"

static int count_errors(void)
{
	int n = 0;

	for (int i = 0; i < n_workers; i++)
		n += !!workers[i].err;
	return n;
}

static void set_when_full(void)
{
	/* More than there is room for in two pages. */
	start_workers(60 + often(60));
	arm_with = config_a_upcall(0);
	for (int pages = 0; pages < 3; pages += more_pages()) {
		armed_with = config_off;
		cgroup_fill(pages);
		all_take_turns(try_arm);
		/* There is room for a few, at a page of them each. */
		CHECK(count_errors() > 0);
		CHECK(pages < 2 || count_errors() < n_workers);
		/* Disarming takes no memory. */
		for (int i = 0; i < n_workers; i++)
			if (!workers[i].err)
				take_turn(&workers[i], must_disarm);
		cgroup_lift();
	}
	all_take_turns(must_arm);
	/* Inheritance needs more; without it, all stays as it was. */
	armed_with = arm_with;
	arm_with = config_a_upcall(BOTH);
	cgroup_fill(0);
	all_take_turns(try_arm);
	CHECK(count_errors() > 0);
	cgroup_lift();
	all_take_turns(must_arm);
	arm_with = config_a_upcall(0);
	all_take_turns(must_arm);
	all_take_turns(must_disarm);
}

TEST_LIMIT(set, "SET in a full cgroup: fine, or ENOMEM and nothing has changed",
	   false, 120)
{
	int before = module_refs();

	in_cgroup(set_when_full);
	check_refs(before);
}

static int made, refused;

/* An armed child, or ENOMEM or EAGAIN. */
static void try_clone(uint64_t flags, const struct sud_config *c)
{
	struct spawn_call call = spawn_clone(flags | CLONE_VFORK);
	struct sud_config now;
	long pid;

	spawn_reset();
	pid = spawn(&call);
	CHECK_OK(sud_get(sud_fd, &now));
	CHECK(same(&now, c));
	if (pid < 0) {
		CHECK(pid == -ENOMEM || pid == -EAGAIN);
		refused++;
		return;
	}
	made++;
	end_child(pid, flags);
	check_found(c, "full", flags);
}

static void clone_when_full(void)
{
	struct sud_config c = spawn_config(BOTH);

	c.delivery = SUD_DELIVER_UPCALL;
	c.upcall_entry = (uintptr_t)spawn_upcall;
	CHECK_OK(sud_set(sud_fd, &c));
	/* Until nothing is missing. */
	for (int pages = 0; pages < 30; pages += more_pages()) {
		cgroup_fill(pages);
		for (int i = 0; i < 2; i++) {
			try_clone(CLONE_A_THREAD, &c);
			try_clone(CLONE_VM | SIGCHLD, &c);
		}
	}
	CHECK(refused > 0);
	CHECK(made > 0);
	cgroup_lift();
	made = 0;
	refused = 0;
	for (int i = 0; i < 10; i++) {
		try_clone(CLONE_A_THREAD, &c);
		try_clone(CLONE_VM | SIGCHLD, &c);
	}
	CHECK_EQ(refused, 0);
	CHECK_EQ(made, 20);
}

TEST_LIMIT(
	clone,
	"clone in a full cgroup: an armed child, or ENOMEM or EAGAIN, and no other",
	false, 180)
{
	int before = module_refs();

	in_cgroup(clone_when_full);
	check_refs(before);
}

static int refused;
