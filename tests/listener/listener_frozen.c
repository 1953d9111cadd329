// SPDX-License-Identifier: GPL-2.0-only
/* Threads that wait for a listener are frozen: those of a cgroup, and all for a suspend. */
#include <sys/stat.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/clock.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/notify.h"
#include "lib/sites.h"

#define GOOD 4711

/* It notices nothing. */
static void one_call(void)
{
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), GOOD);
}

static char cgroup[64];

static const char *cgroup_file(const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return path;
}

static void set_frozen(bool on)
{
	CHECK(file_set(cgroup_file("cgroup.freeze"), on ? "1" : "0"));
}

static bool is_frozen(void)
{
	return file_contains(cgroup_file("cgroup.events"), "frozen 1");
}

static void new_cgroup(void)
{
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/frozen-%d", getpid());
	CHECK_OK(mkdir(cgroup, 0755));
}

static void freeze_process(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	CHECK(file_set(cgroup_file("cgroup.procs"), text));
	set_frozen(true);
}

static void end_cgroup(pid_t pid)
{
	end_caller(pid);
	CHECK_OK(rmdir(cgroup));
}

TEST(cgroup, "a cgroup is frozen: the call is taken back, and comes again")
{
	struct sud_notification call, again;
	pid_t pid;

	new_cgroup();
	call = take_first(0, one_call, &pid);
	freeze_process(pid);
	CHECK(wait_until(is_frozen, 15000));
	CHECK_ERR(sud_call_valid(listener, call.id), ENOENT);
	check_no_call();
	set_frozen(false);
	again = take_call();
	CHECK_EQ(again.tid, call.tid);
	answer(&again, GOOD);
	end_cgroup(pid);
}

TEST(cgroup_killable, "with KILLABLE it is frozen behind the answer")
{
	struct sud_notification call;
	pid_t pid;

	new_cgroup();
	call = take_first(SUD_LISTEN_KILLABLE, one_call, &pid);
	freeze_process(pid);
	sleep_ms(200);
	CHECK(!is_frozen());
	CHECK_OK(sud_call_valid(listener, call.id));
	answer(&call, GOOD);
	CHECK(wait_until(is_frozen, 15000));
	set_frozen(false);
	end_cgroup(pid);
}

/* Far enough that all threads are frozen, and then thawed again. */
static void freeze_all(void)
{
	if (access("/sys/power/pm_test", F_OK))
		SKIP("this kernel has no test of the freezer");
	CHECK(file_set("/sys/module/suspend/parameters/pm_test_delay", "1"));
	CHECK(file_set("/sys/power/pm_test", "freezer"));
	CHECK(file_set("/sys/power/state", "freeze"));
	CHECK(file_set("/sys/power/pm_test", "none"));
}

static void suspended(unsigned int flags)
{
	struct sud_notification taken, other;
	pid_t first, second;

	taken = take_first(flags, one_call, &first);
	second = start_caller(one_call);
	wait_asleep(second);
	freeze_all();
	/* Neither has been waked for it. */
	CHECK_OK(sud_call_valid(listener, taken.id));
	answer(&taken, GOOD);
	end_caller(first);
	other = take_call();
	answer(&other, GOOD);
	end_caller(second);
}

TEST_LIMIT(suspend, "the machine is suspended: calls wait on", false, 60)
{
	suspended(0);
}

TEST_LIMIT(suspend_killable, "and those with KILLABLE", false, 60)
{
	suspended(SUD_LISTEN_KILLABLE);
}
