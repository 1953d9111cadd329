// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's switch: at 0 nothing is armed any more, what is armed stays
 * armed, and OFF works. Through the prctl it is kernel.syscall_user_dispatch,
 * where the kernel has that; for the module its own parameter, and the sysctl.
 */
#include <fcntl.h>
#include <sys/ptrace.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#define SYSCTL "/proc/sys/kernel/syscall_user_dispatch"
#define PARAMETER "/sys/module/sud/parameters/allow_arming"

static void turn(const char *path, const char *to)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		SKIP("no %s on this kernel", path);
	CHECK_OK(fd);
	CHECK_EQ(write(fd, to, 1), 1);
	close(fd);
}

/* Runs fn in a child with the switch at 0, which is 1 again whatever happens. */
static void with(const char *path, void (*fn)(void))
{
	int status;

	turn(path, "0");
	status = in_child(fn);
	turn(path, "1");
	CHECK_EQ(status, 0);
}

static const char *own_switch(void)
{
	return native ? SYSCTL : PARAMETER;
}

static void refused(void)
{
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector), EPERM);
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, NULL), EPERM);
	CHECK_OK(disarm());
	handle_sigsys();
	CHECK(!armed_now());
}

TEST_BOTH(refuses, "arming says EPERM, and OFF works")
{
	with(own_switch(), refused);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
}

static void in_order(void)
{
	CHECK_ERR(arm(7, 0, 0, &selector), EINVAL);
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 8, -8UL, &selector), EINVAL);
	CHECK_ERR(arm(SUD_MODE_OFF, 1, 0, NULL), EINVAL);
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, (void *)-1UL), EPERM);
}

TEST_BOTH(order,
	  "what does not exist is EINVAL first, and EPERM comes before EFAULT")
{
	with(own_switch(), in_order);
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, (void *)-1UL), EFAULT);
}

static void off_and_gone(void)
{
	CHECK(armed_now());
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector), EPERM);
	CHECK(armed_now());
	CHECK_OK(disarm());
	CHECK(!armed_now());
	CHECK_ERR(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector), EPERM);
}

/* in_child() forks, so the child arms itself and turns the switch. */
static void armed_before(void)
{
	handle_sigsys();
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, (unsigned long)site_b,
		     site_b_end - (char *)site_b, &selector));
	turn(own_switch(), "0");
	off_and_gone();
}

TEST_BOTH(armed_stays,
	  "an armed thread stays armed, is not armed anew, and goes off")
{
	int status;

	if (native && access(SYSCTL, W_OK))
		SKIP("no %s on this kernel", SYSCTL);
	status = in_child(armed_before);
	turn(own_switch(), "1");
	CHECK_EQ(status, 0);
}

TEST(sysctl_holds, "the kernel's own switch holds for the module, too")
{
	with(SYSCTL, refused);
	CHECK_OK(arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector));
}

static void inherits(void)
{
	struct sud_config config = { .size = sizeof(config),
				     .mode = SUD_MODE_EXCLUSIVE,
				     .selector = (uintptr_t)&selector,
				     .flags = SUD_FLAG_INHERIT_FORK };
	int status;

	handle_sigsys();
	CHECK_OK(sud_set(sud_fd, &config));
	turn(PARAMETER, "0");
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid)
		_exit(armed_now() ? 0 : 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(children,
     "a child of a thread that was armed before inherits all the same")
{
	int status = in_child(inherits);

	turn(PARAMETER, "1");
	CHECK_EQ(status, 0);
}

static void set_other(void)
{
	struct sud_config config = { .size = sizeof(config),
				     .mode = SUD_MODE_EXCLUSIVE };
	struct sud_task_config task = { 0 };
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	task.tid = pid;
	CHECK_ERR(sud_set_task(sud_fd, &task, &config), EPERM);
	memset(&config, 0, sizeof(config));
	config.size = sizeof(config);
	CHECK_OK(sud_set_task(sud_fd, &task, &config));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST(tracer, "a tracer's SET_TASK is refused, but for OFF")
{
	with(PARAMETER, set_other);
}
