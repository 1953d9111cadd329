// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork, vfork, clone and exec leave the child or the new image off; exit frees;
 * a thread that is armed pins the module.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>

#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/new_image.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

/* True when the calling process, a child of an armed one, is off. */
static bool is_off(void)
{
	struct sud_config c;

	if (!native && (sud_get(sud_fd, &c) || c.mode != SUD_MODE_OFF))
		return false;
	selector = SUD_SELECTOR_BLOCK;
	bool off = site_a(MAGIC_NR, 0, 0, 0) == -ENOSYS && !seen.count;

	selector = SUD_SELECTOR_ALLOW;
	return off;
}

static void arm_here(void)
{
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
}

static void check_child(int status)
{
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	/* And the parent is as it was. */
	seen.count = 0;
	CHECK(armed_now());
}

TEST_BOTH(fork_off, "fork leaves the child off and the parent armed")
{
	int status;

	arm_here();
	pid_t pid = fork();

	if (!pid)
		_exit(!is_off());
	CHECK_OK(waitpid(pid, &status, 0));
	check_child(status);
}

TEST_BOTH(fork_arms, "a child can arm itself, and its parent does not notice")
{
	int status;

	arm_here();
	pid_t pid = fork();

	if (!pid) {
		CHECK_OK(disarm());
		CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		_exit(!armed_now());
	}
	CHECK_OK(waitpid(pid, &status, 0));
	check_child(status);
}

TEST_BOTH(vfork_off, "vfork leaves the child off")
{
	static volatile int off;
	int status;

	arm_here();
	pid_t pid = vfork();

	if (!pid) {
		off = is_off();
		_exit(0);
	}
	CHECK_OK(waitpid(pid, &status, 0));
	check_child(status);
	CHECK(off);
}

static int clone_child(void *unused)
{
	(void)unused;
	_exit(!is_off());
}

TEST_BOTH(clone_vm_off,
	  "clone with CLONE_VM and without CLONE_THREAD leaves the child off")
{
	static char stack[65536] __attribute__((aligned(16)));
	int status;

	arm_here();
	pid_t pid = clone(clone_child, stack + sizeof(stack),
			  CLONE_VM | SIGCHLD, NULL);

	CHECK_OK(pid);
	CHECK_OK(waitpid(pid, &status, 0));
	check_child(status);
}

static void *ask_in_thread(void *off)
{
	*(bool *)off = is_off();
	return NULL;
}

TEST_BOTH(thread_off, "a new thread is off")
{
	uintptr_t from = (uintptr_t)site_a_end;
	pthread_t thread;
	bool off = false;

	/* What the C library calls while the thread says BLOCK is left alone. */
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, from, -1UL - from, &selector));
	CHECK_EQ(pthread_create(&thread, NULL, ask_in_thread, &off), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK(off);
	CHECK(armed_now());
}

static pthread_barrier_t armed_by_now;

static void *ask_after_arming(void *off)
{
	pthread_barrier_wait(&armed_by_now);
	*(bool *)off = is_off();
	return NULL;
}

/* With the flags that arm new threads and processes, where there are any. */
static void arm_beside_thread(unsigned int flags)
{
	uintptr_t from = (uintptr_t)site_a_end;
	struct sud_config c = { .size = sizeof(c),
				.mode = SUD_MODE_EXCLUSIVE,
				.offset = from,
				.len = -1UL - from,
				.selector = (uintptr_t)&selector,
				.flags = flags };
	pthread_t thread;
	bool off = false;

	pthread_barrier_init(&armed_by_now, NULL, 2);
	CHECK_EQ(pthread_create(&thread, NULL, ask_after_arming, &off), 0);
	handle_sigsys();
	selector = SUD_SELECTOR_ALLOW;
	if (flags)
		CHECK_OK(sud_set(sud_fd, &c));
	else
		CHECK_OK(arm(c.mode, c.offset, c.len, &selector));
	CHECK(armed_now());
	seen.count = 0;
	pthread_barrier_wait(&armed_by_now);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK(off);
	CHECK(armed_now());
}

TEST_BOTH(thread_before_off, "a thread that exists already stays off")
{
	arm_beside_thread(0);
}

TEST(thread_before_inherit, "whatever the flags say of new threads")
{
	arm_beside_thread(SUD_FLAG_INHERIT_THREAD | SUD_FLAG_INHERIT_FORK);
}

TEST_BOTH(clone3_off, "clone3 leaves the child off")
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int status;

	arm_here();
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	CHECK_OK(pid);
	if (!pid)
		_exit(!is_off());
	CHECK_OK(waitpid(pid, &status, 0));
	check_child(status);
}

static void exec_image(void)
{
	/* The region is the code that calls exec; there is no selector, so
	 * that every call of the new image would be blocked.
	 */
	unsigned long from = (unsigned long)site_b;

	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, from, (unsigned long)site_b_end - from,
		     NULL));
	site_b(SYS_execve, (long)"/proc/self/exe", (long)new_image_args,
	       (long)new_image_env);
	_exit(NEW_IMAGE_NONE);
}

static void check_exec(void (*fn)(void))
{
	int status = in_child(fn);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), NEW_IMAGE_OFF);
}

TEST_BOTH(exec_off, "exec leaves the new image off")
{
	check_exec(exec_image);
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	exec_image();
	return NULL;
}

static void exec_from_thread(void)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, exec_in_thread, NULL), 0);
	for (;;)
		pause();
}

TEST_BOTH(exec_thread_off, "so does exec from a thread that is not the leader")
{
	check_exec(exec_from_thread);
}

static void exec_from_thread_armed_leader(void)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, exec_in_thread, NULL), 0);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	for (;;)
		pause();
}

TEST_BOTH(exec_thread_leader_armed,
	  "also when the leader, whose place it takes, is armed")
{
	check_exec(exec_from_thread_armed_leader);
}

TEST_BOTH(exec_fails, "an exec that fails leaves the thread armed")
{
	arm_here();
	CHECK_ERR(execl("/nonexistent", "x", NULL), ENOENT);
	CHECK_ERR(execl("/proc/self/status", "x", NULL), EACCES);
	CHECK(armed_now());
}

static void arm_and_exit(void)
{
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	site_a(SYS_exit_group, 0, 0, 0);
}

TEST_LIMIT(reuse, "task memory that is used again is never armed", false, 60)
{
	/* Many die armed; as many live unarmed in the same task_structs. */
	for (int i = 0; i < often(300); i++) {
		int status = in_child(arm_and_exit);

		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		pid_t pid = fork();

		if (!pid)
			_exit(!is_off());
		CHECK_OK(waitpid(pid, &status, 0));
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	}
}

static void *arm_in_thread(void *unused)
{
	(void)unused;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	return NULL;
}

TEST_LIMIT(threads_exit_armed, "threads may exit armed", false, 60)
{
	for (int i = 0; i < often(200); i++) {
		pthread_t t[4];

		for (int n = 0; n < 4; n++)
			CHECK_EQ(pthread_create(&t[n], NULL, arm_in_thread,
						NULL),
				 0);
		for (int n = 0; n < 4; n++)
			CHECK_EQ(pthread_join(t[n], NULL), 0);
	}
}

TEST_LIMIT(
	refs,
	"each armed thread holds the module once, and no more once it is gone",
	false, 60)
{
	int before = module_refs();
	int fds[2];

	CHECK_OK(pipe(fds));
	for (int i = 0; i < 10; i++) {
		if (fork())
			continue;
		char c;

		close(fds[1]);
		CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		if (i % 3 == 0) {
			CHECK_OK(disarm());
			CHECK_OK(disarm());
			CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		}
		read(fds[0], &c, 1);
		_exit(0);
	}
	check_refs_within(before + 10, 10000);
	close(fds[1]);
	for (int i = 0; i < 10; i++)
		CHECK_OK(wait(NULL));
	/* The exit probe runs before wait() can see the child. */
	CHECK_EQ(module_refs(), before);
}

TEST(rmmod_busy,
     "rmmod says busy while a thread is armed, and works when it is gone")
{
	int to[2], from[2];
	char c;

	CHECK_OK(pipe(to));
	CHECK_OK(pipe(from));
	pid_t pid = fork();

	if (!pid) {
		int fd = sud_open();

		CHECK_OK(sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
		close(fd);
		close(sud_fd);
		CHECK_OK(write(from[1], "x", 1));
		CHECK_OK(read(to[0], &c, 1));
		_exit(0);
	}
	CHECK_OK(read(from[0], &c, 1));
	close(sud_fd);
	sud_fd = -1;
	CHECK(!module_unload());
	CHECK_EQ(errno, EWOULDBLOCK);
	CHECK_OK(write(to[1], "x", 1));
	CHECK_OK(waitpid(pid, NULL, 0));
	module_reload();
	arm_here();
	CHECK(armed_now());
}
