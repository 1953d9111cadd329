// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a child that inherits shares with its parent, and for how long: the region set
 * is common, the rest of its state is its own.
 */
#include <pthread.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"
#include "lib/spawn.h"

#define SELECTOR ((uintptr_t)&selector)

/* Parent and child take turns. */
static int to_child[2], to_parent[2];

static void open_turns(void)
{
	CHECK_OK(pipe(to_child));
	CHECK_OK(pipe(to_parent));
}

static void pass(int *to)
{
	CHECK_EQ(write(to[1], "x", 1), 1);
}

static void await(int *from)
{
	char c;

	CHECK_EQ(read(from[0], &c, 1), 1);
}

static void others_change(void)
{
	check_armed_a(BOTH);
	CHECK_OK(sud_disarm(sud_fd));
	check_off();
	pass(to_parent);
	/* The parent is off, and arms itself differently. */
	await(to_child);
	check_off();
	arm_a(SUD_FLAG_INHERIT_FORK);
	pass(to_parent);
	await(to_child);
	check_armed_a(SUD_FLAG_INHERIT_FORK);
}

static void I_change(void)
{
	await(to_parent);
	check_armed_a(BOTH);
	CHECK_OK(sud_disarm(sud_fd));
	pass(to_child);
	await(to_parent);
	check_off();
	arm_a(0);
	pass(to_child);
}

TEST(own_entry, "parent and forked child do not notice each other's changes")
{
	int status;
	pid_t pid;

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		others_change();
		_exit(0);
	}
	I_change();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_armed_a(0);
}

TEST(own_entry_thread, "nor do a thread and its child")
{
	pthread_t thread;

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	CHECK_EQ(pthread_create(&thread, NULL, call_it, others_change), 0);
	I_change();
	CHECK_EQ(pthread_join(thread, NULL), 0);
	check_armed_a(0);
}

static void parent_is_gone(void)
{
	/* Until its parent, and with it the first descriptor, is gone. */
	while (getppid() == found->extra[0])
		sleep_ms(5);
	check_armed_a(BOTH);
	in_process(all_are_armed);
	found->extra[1] = 1;
}

static void leave_child(void)
{
	found->extra[0] = getpid();
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		parent_is_gone();
		found->done = 1;
		_exit(0);
	}
}

TEST(orphan, "a child stays armed when its parent has gone")
{
	spawn_init();
	handle_sigsys();
	spawn_reset();
	arm_a(BOTH);
	family_depth = 3;
	in_process(leave_child);
	spawn_wait();
	CHECK_EQ(found->extra[1], 1);
}

TEST(shared_set,
     "a child shares the region set, also when all descriptors went")
{
	struct sud_config c = config_a(BOTH | SUD_FLAG_REGIONS);
	struct sud_range b = { (uintptr_t)site_b, site_b_end - (char *)site_b };
	int status;
	pid_t pid;

	handle_sigsys();
	open_turns();
	c.mode = SUD_MODE_EXCLUSIVE;
	c.offset = 0;
	c.len = 0;
	c.selector = SELECTOR;
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		close(sud_fd);
		/* Not in it yet. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 1);
		pass(to_parent);
		await(to_child);
		/* The parent has added it. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 2);
		pass(to_parent);
		await(to_child);
		/* And closed the last descriptor. */
		selector = SUD_SELECTOR_BLOCK;
		CHECK_EQ(site_b(MAGIC_NR, 0, 0, 0), -ENOSYS);
		CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(seen.count, 3);
		_exit(0);
	}
	await(to_parent);
	CHECK_OK(sud_regions_add(sud_fd, &b, 1));
	pass(to_child);
	await(to_parent);
	CHECK_OK(sud_disarm(sud_fd));
	close(sud_fd);
	pass(to_child);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

/* A handler that makes the blocked call itself, natively. */
static volatile int emulated;

static void emulate(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	emulated++;
	if (info->si_syscall == SYS_fork)
		regs[SPAWN_AX] = site_b(SYS_fork, 0, 0, 0);
}

TEST(emulated_clone,
     "a blocked fork that the handler makes natively gives an armed child")
{
	struct sigaction sa = { .sa_sigaction = emulate,
				.sa_flags = SA_SIGINFO };
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.selector = SELECTOR,
				.flags = BOTH },
			  got;
	int status;
	long pid;

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	pid = blocked(SYS_fork, 0, 0, 0);
	CHECK_EQ(emulated, 1);
	CHECK_OK(pid);
	if (!pid) {
		CHECK_OK(sud_get(sud_fd, &got));
		CHECK(same(&got, &c));
		CHECK_EQ(blocked(MAGIC_NR, 0, 0, 0), MAGIC_NR);
		CHECK_EQ(emulated, 2);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(blocked_clone, "a blocked clone makes no child and holds nothing")
{
	int before = module_refs();
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.selector = SELECTOR,
				.flags = BOTH };

	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(sud_set(sud_fd, &c));
	for (int i = 1; i <= often(1000); i++) {
		CHECK_EQ(blocked(SYS_fork, 0, 0, 0), SYS_fork);
		CHECK_EQ(blocked(SYS_vfork, 0, 0, 0), SYS_vfork);
		CHECK_EQ(blocked(SYS_clone, SIGCHLD, 0, 0), SYS_clone);
		CHECK_EQ(seen.count, 3 * i);
	}
	CHECK_ERR(waitpid(-1, NULL, 0), ECHILD);
	CHECK_EQ(module_refs(), before + 1);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
}

static void exit_now(void)
{
}

TEST_LIMIT(refs,
	   "each child holds the module once, and no more when it is gone",
	   false, 60)
{
	int before = module_refs();
	pid_t pids[10];

	handle_sigsys();
	open_turns();
	arm_a(BOTH);
	in_process(exit_now);
	in_thread(exit_now);
	check_refs(before + 1);
	for (int i = 0; i < 10; i++) {
		pids[i] = fork();
		CHECK_OK(pids[i]);
		if (pids[i])
			continue;
		await(to_child);
		_exit(0);
	}
	check_refs(before + 11);
	for (int i = 0; i < 10; i++)
		pass(to_child);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
	check_refs(before + 1);
	CHECK_OK(sud_disarm(sud_fd));
	check_refs(before);
}
