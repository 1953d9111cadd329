// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec of a thread that inherited, or that others inherit from: the new image is off.
 */
#include <pthread.h>
#include <spawn.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/harness.h"
#include "lib/sigsys.h"

/*
 * exec. In the new image the selector's page is not mapped, so that its first
 * call would kill it, were it armed.
 */
__attribute__((constructor)) static void new_image(void)
{
	if (!getenv("SUD_TEST_IMAGE"))
		return;
	sud_fd = sud_open();
	family_depth = 0;
	child_is_off();
	_exit(43);
}

static char *image_args[] = { "image", NULL };
static char *image_env[] = { "SUD_TEST_IMAGE=1", NULL };

static void arm_far_selector(unsigned int flags)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.selector = (uintptr_t)page,
		.flags = flags,
	};

	CHECK(page != MAP_FAILED);
	CHECK_OK(sud_set(sud_fd, &c));
}

static void exec_here(void)
{
	execve("/proc/self/exe", image_args, image_env);
	_exit(44);
}

static void exec_in_thread(void)
{
	in_thread(exec_here);
}

/* The leader is armed, too, and so are threads that exec ends. */
static void exec_among_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&thread, NULL, call_it, pause), 0);
	in_thread(exec_here);
}

static void exec_armed(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		arm_far_selector(BOTH);
		/* A child of one that inherits, which is one itself. */
		status = in_child(fn);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 45);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

TEST(exec_off, "exec disarms a child that inherited, and its children are off")
{
	exec_armed(exec_here);
}

TEST(exec_thread_off, "so does exec from an inheriting thread")
{
	exec_armed(exec_in_thread);
}

TEST(exec_threads_off, "and from one among others")
{
	exec_armed(exec_among_threads);
}

static void vfork_and_exec(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execve("/proc/self/exe", image_args, image_env);
		_exit(44);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
}

TEST(vfork_exec_off, "and from a child of vfork, whose parent stays armed")
{
	struct sud_config before, after;

	arm_far_selector(BOTH);
	CHECK_OK(sud_get(sud_fd, &before));
	vfork_and_exec();
	CHECK_OK(sud_get(sud_fd, &after));
	CHECK(same(&before, &after));
}

static void check_status(int status, int code)
{
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), code);
}

TEST_LIMIT(other_programs,
	   "system(), popen() and posix_spawn() of real programs work", false,
	   60)
{
	char *const args[] = { "sh", "-c", "exit 9", NULL };
	char *const env[] = { "PATH=/bin", NULL };
	char line[64] = "";
	int status;
	pid_t pid;

	setenv("PATH", "/bin", 1);
	arm_far_selector(BOTH);
	for (int i = 0; i < often(5); i++) {
		check_status(
			system("(exit 3); (echo x | cat >/dev/null); exit 7"),
			7);
		FILE *f = popen("echo a | tr a b", "r");

		CHECK(f);
		CHECK(fgets(line, sizeof(line), f));
		CHECK(!strcmp(line, "b\n"));
		check_status(pclose(f), 0);
		CHECK_EQ(posix_spawn(&pid, "/bin/sh", NULL, NULL, args, env),
			 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		check_status(status, 9);
		CHECK_EQ(posix_spawn(&pid, "/nonexistent", NULL, NULL, args,
				     env),
			 ENOENT);
	}
}
