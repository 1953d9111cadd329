// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_LIST: who sees whom. What decides is who may follow the thread's
 * /proc/PID/exe, and that is asked beside it.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>

#include "lib/armed.h"
#include "lib/backend.h"
#include "lib/harness.h"
#include "lib/listed.h"

#define NOBODY 65534
#define SOMEBODY 4242

static int ready[2], go[2];

static void become(int uid, int gid)
{
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setresgid(gid, gid, gid));
	CHECK_OK(setresuid(uid, uid, uid));
	/* The change of user took it away. */
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* A child that is armed, and waits. */
static pid_t begin_armed(int uid, int gid, int dumpable)
{
	char c;

	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(go));
	pid_t pid = fork();

	if (pid) {
		CHECK_EQ(read(ready[0], &c, 1), 1);
		return pid;
	}
	close(go[1]);
	become(uid, gid);
	CHECK_OK(prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0));
	arm_a(0);
	CHECK_OK(write(ready[1], "x", 1));
	/* Its parent's end ends it as well. */
	_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
}

/* The kernel's own answer: it asks the same of who reads this link. */
static bool exe_readable(pid_t pid)
{
	char path[64], to[256];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, to, sizeof(to)) > 0;
}

static void check_seen(pid_t pid, bool seen)
{
	CHECK_EQ(exe_readable(pid), seen);
	CHECK_EQ(listed(pid, NULL), seen);
}

TEST(root, "root sees everybody's threads")
{
	check_seen(begin_armed(0, 0, 1), true);
	check_seen(begin_armed(NOBODY, NOBODY, 1), true);
	check_seen(begin_armed(NOBODY, NOBODY, 0), true);
}

TEST(own, "a plain user sees his own threads")
{
	pid_t pid = begin_armed(NOBODY, NOBODY, 1);

	become(NOBODY, NOBODY);
	check_seen(pid, true);
	arm_a(0);
	check_seen(getpid(), true);
}

TEST(others, "a plain user sees neither root's threads nor another user's")
{
	pid_t root = begin_armed(0, 0, 1);
	pid_t other = begin_armed(SOMEBODY, SOMEBODY, 1);
	struct sud_list_entry entries[8];

	CHECK(listed(root, NULL));
	CHECK(listed(other, NULL));
	become(NOBODY, NOBODY);
	check_seen(root, false);
	check_seen(other, false);
	CHECK_EQ(list_all(sud_fd, entries, COUNT(entries), 1), 0);
}

TEST(other_group, "nor those of the same user with another group")
{
	pid_t pid = begin_armed(NOBODY, SOMEBODY, 1);

	become(NOBODY, NOBODY);
	check_seen(pid, false);
}

TEST(undumpable, "nor his own process that is not dumpable")
{
	pid_t pid = begin_armed(NOBODY, NOBODY, 0);

	become(NOBODY, NOBODY);
	check_seen(pid, false);
}

static void keep_capability(int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	become(NOBODY, NOBODY);
	data[0].effective = 1U << capability;
	data[0].permitted = data[0].effective;
	CHECK_OK(syscall(SYS_capset, &header, data));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

TEST(capability,
     "with CAP_SYS_PTRACE a user sees all, with another one he does not")
{
	pid_t root = begin_armed(0, 0, 1);
	pid_t pid = fork();
	int status;

	if (!pid) {
		keep_capability(CAP_SYS_ADMIN);
		check_seen(root, false);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	keep_capability(CAP_SYS_PTRACE);
	check_seen(root, true);
}

/* In a pid namespace of its own, as its first process. */
static void inside(void)
{
	struct sud_list_entry entries[8];

	CHECK_EQ(getpid(), 1);
	CHECK_EQ(list_all(sud_fd, entries, COUNT(entries), 2), 0);
	arm_a(SUD_FLAG_INHERIT_FORK);
	CHECK_EQ(list_all(sud_fd, entries, COUNT(entries), 2), 1);
	CHECK_EQ(entries[0].pid, 1);
	CHECK_EQ(entries[0].tid, 1);

	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(1);
	}
	CHECK_EQ(list_all(sud_fd, entries, COUNT(entries), 1), 2);
	CHECK_EQ(entries[1].tid, pid);
	CHECK_EQ(entries[1].pid, pid);
}

TEST(namespace,
     "numbers are of the caller's pid namespace, and nobody else is seen")
{
	struct sud_list_entry entries[8];
	int status;
	char c;

	arm_a(0);
	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(go));
	CHECK_OK(unshare(CLONE_NEWPID));
	pid_t pid = fork();

	if (!pid) {
		inside();
		CHECK_OK(write(ready[1], "x", 1));
		_exit(read(go[0], &c, 1) != 1);
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	/* From outside: this process, and the two under other numbers. */
	CHECK(listed(getpid(), NULL));
	CHECK(listed(pid, NULL));
	CHECK_EQ(list_all(sud_fd, entries, COUNT(entries), 1), 3);
	CHECK_OK(write(go[1], "x", 1));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}
