// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own SUD beside the module: a thread has one or the other.
 */
#include <dirent.h>
#include <sys/ptrace.h>

#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/workers.h"

/* glibc has the names since 2.40, and another one for the struct. */
#ifndef PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
#define PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210
#define PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211
#endif

struct native_config {
	__u64 mode;
	__u64 selector;
	__u64 offset;
	__u64 len;
};

static int native_prctl(int mode, unsigned long offset, unsigned long len,
			volatile void *sel)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len, sel);
}

static void need_native(void)
{
	if (!native_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no SUD of its own");
}

TEST(prctl_einval,
     "a kernel without SUD says EINVAL to its prctl, armed or not")
{
	if (native_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has SUD of its own");
	CHECK_ERR(native_prctl(1, 0, 0, &selector), EINVAL);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK_ERR(native_prctl(1, 0, 0, &selector), EINVAL);
}

TEST(prctl_busy,
     "armed here, the kernel's prctl says EBUSY and changes nothing")
{
	static volatile unsigned char other;

	need_native();
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_ERR(native_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &other), EBUSY);
	CHECK_ERR(native_prctl(SUD_MODE_OFF, 0, 0, NULL), EBUSY);
	CHECK_ERR(native_prctl(77, 0, 0, NULL), EBUSY);
	CHECK(armed_now());
	CHECK_OK(disarm());
	CHECK_OK(native_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_OK(native_prctl(SUD_MODE_OFF, 0, 0, NULL));
}

TEST(set_busy, "armed by the prctl, SET says EBUSY and changes nothing")
{
	struct sud_config c;

	need_native();
	handle_sigsys();
	CHECK_OK(native_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, NULL), EBUSY);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_OFF);
	CHECK_ERR(disarm(), EBUSY);
	CHECK(armed_now());
	CHECK_OK(native_prctl(SUD_MODE_OFF, 0, 0, NULL));
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
}

TEST(natively_armed,
     "a natively armed thread keeps working with the module loaded and unloaded")
{
	need_native();
	handle_sigsys();
	CHECK_OK(native_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	selector = SUD_SELECTOR_ALLOW;
	CHECK(armed_now());
	close(sud_fd);
	CHECK(module_unload());
	for (int i = 0; i < 1000; i++)
		CHECK(armed_now());
	CHECK(module_load());
	for (int i = 0; i < 1000; i++)
		CHECK(armed_now());
	CHECK_OK(native_prctl(SUD_MODE_OFF, 0, 0, NULL));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}

/* A child that stops itself, armed by one or the other. */
static pid_t stopped_child(bool by_module)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		handle_sigsys();
		selector = SUD_SELECTOR_ALLOW;
		CHECK_OK(by_module ? arm(SUD_MODE_EXCLUSIVE, 0x1000, 0x2000,
					 &selector)
				   : native_prctl(SUD_MODE_EXCLUSIVE, 0x1000,
						  0x2000, &selector));
		kill(getpid(), SIGSTOP);
		_exit(!armed_now());
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	return pid;
}

static void check_goes_on(pid_t pid)
{
	int status;

	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSYS);
	CHECK_OK(ptrace(PTRACE_CONT, pid, 0, SIGSYS));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

static void need_ptrace_config(void)
{
	struct native_config c;
	pid_t pid;
	bool has;

	need_native();
	pid = stopped_child(false);
	has = !ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c),
		      &c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!has)
		SKIP("this kernel has no ptrace requests for SUD");
}

TEST(ptrace_busy,
     "a tracer's native GET and SET of a thread armed here say EBUSY")
{
	struct native_config c = { 0 };

	need_ptrace_config();
	pid_t pid = stopped_child(true);

	CHECK_ERR(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid,
			 sizeof(c), &c),
		  EBUSY);
	CHECK_ERR(ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, pid,
			 sizeof(c), &c),
		  EBUSY);
	check_goes_on(pid);
}

TEST(ptrace_native, "and of a natively armed one work")
{
	struct native_config c;

	need_ptrace_config();
	pid_t pid = stopped_child(false);

	CHECK_OK(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c),
			&c));
	CHECK_EQ(c.mode, 1);
	CHECK_EQ(c.offset, 0x1000);
	CHECK_EQ(c.len, 0x2000);
	CHECK_EQ(c.selector, (uintptr_t)&selector);
	CHECK_OK(ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c),
			&c));
	check_goes_on(pid);
}

static void fork_leaf(void)
{
	struct native_config c;
	int status;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_OK(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, pid, sizeof(c),
			&c));
	CHECK_EQ(c.mode, 0);
	CHECK_EQ(c.offset, 0);
	CHECK_EQ(c.len, 0);
	CHECK_EQ(c.selector, 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST(no_leftovers,
     "an armed thread's child has nothing of the module in its native fields")
{
	need_ptrace_config();
	selector = SUD_SELECTOR_ALLOW;
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0x1000, 0x2000, &selector));
	fork_leaf();
}

/* What a tracer reads of a stopped thread's native fields must be zero. */
static void check_fields(pid_t tid)
{
	struct native_config c;
	int status;

	CHECK_OK(ptrace(PTRACE_SEIZE, tid, 0, 0));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, tid, 0, 0));
	CHECK_EQ(waitpid(tid, &status, __WALL), tid);
	memset(&c, 0xee, sizeof(c));
	CHECK_OK(ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, tid, sizeof(c),
			&c));
	CHECK_EQ(c.mode, 0);
	CHECK_EQ(c.offset, 0);
	CHECK_EQ(c.len, 0);
	CHECK_EQ(c.selector, 0);
	CHECK_OK(ptrace(PTRACE_DETACH, tid, 0, 0));
}

TEST(no_leftovers_worker, "an io_uring worker of an armed thread neither")
{
	/* struct io_uring_params: the flags and the idle time are what counts. */
	unsigned int params[30] = { 0 };
	int fds[2], workers = 0;
	struct dirent *e;
	char c, path[64];

	need_ptrace_config();
	CHECK_OK(pipe(fds));
	pid_t pid = fork();

	if (!pid) {
		selector = SUD_SELECTOR_ALLOW;
		CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0x1000, 0x2000, &selector));
		params[2] = 2; /* IORING_SETUP_SQPOLL */
		params[4] = 100000;
		if (syscall(425, 8, params) < 0)
			_exit(1);
		write(fds[1], "x", 1);
		pause();
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		SKIP("no io_uring here");
	}
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *d = opendir(path);

	CHECK(d);
	while ((e = readdir(d))) {
		pid_t tid = atoi(e->d_name);

		if (tid && tid != pid) {
			check_fields(tid);
			workers++;
		}
	}
	closedir(d);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(workers > 0);
}
