// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/stat.h>

#include "clock.h"
#include "files.h"
#include "harness.h"
#include "memory.h"
#include "spawn.h"

#define ROOT "/sys/fs/cgroup/"

static char cgroup[64];

static int max_fd = -1, current_fd;

void cgroup_lift(void)
{
	if (max_fd >= 0)
		(void)!pwrite(max_fd, "max", 3, 0);
}

pid_t cgroup_served;

/* The pipe that a verdict goes through needs memory. */
static void before_verdict(void)
{
	cgroup_lift();
	if (cgroup_served)
		kill(cgroup_served, SIGKILL);
}

static int open_in(const char *file, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, flags | O_CLOEXEC);
	CHECK_OK(fd);
	return fd;
}

long cgroup_usage(void)
{
	char text[32] = "";

	CHECK_OK(pread(current_fd, text, sizeof(text) - 1, 0));
	return atol(text);
}

void cgroup_limit(long bytes)
{
	char text[32];
	int n = sprintf(text, "%ld", bytes);

	CHECK_EQ(pwrite(max_fd, text, n, 0), n);
}

/*
 * A limit that is far exceeded makes the kernel give up what CPUs have charged
 * in advance: on the others a moment later.
 */
static long exact_usage(void)
{
	long before, after;

	cgroup_limit(0);
	after = cgroup_usage();
	for (int i = 0; i < 100; i++) {
		before = after;
		sleep_ms(2);
		after = cgroup_usage();
		if (after == before && i > 4)
			break;
	}
	return after;
}

void cgroup_fill(int pages)
{
	long used = exact_usage();

	cgroup_limit(used + (long)pages * PAGE);
}

long cgroup_measure(void)
{
	long used = exact_usage();

	cgroup_lift();
	return used;
}

static void enter(void)
{
	char text[16];
	int fd = open_in("cgroup.procs", O_WRONLY);

	sprintf(text, "%d", getpid());
	CHECK_OK(write(fd, text, strlen(text)));
	close(fd);
	CHECK(file_set("/proc/self/oom_score_adj", "-1000"));
	max_fd = open_in("memory.max", O_WRONLY);
	current_fd = open_in("memory.current", O_RDONLY);
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	spawn_init();
	/* What reading needs is there from the first time on. */
	cgroup_usage();
}

void in_cgroup(void (*fn)(void))
{
	char before[64];
	int status;
	pid_t pid;

	test_before_verdict = before_verdict;
	if (!file_contains(ROOT "cgroup.controllers", "memory"))
		SKIP("no memory controller in cgroup2");
	CHECK(file_set(ROOT "cgroup.subtree_control", "+memory"));
	snprintf(cgroup, sizeof(cgroup), ROOT "sud-%d", getpid());
	CHECK_OK(mkdir(cgroup, 0755));
	CHECK(file_read("/proc/sys/kernel/printk", before, sizeof(before)));
	/*
	 * The kernel reports that there is nobody to kill, with a call trace
	 * that looks like a bug. A real one still panics, and that shows.
	 */
	CHECK_OK(klogctl(8, NULL, 1));
	CHECK(file_set("/proc/sys/vm/oom_dump_tasks", "0"));
	pid = fork();
	CHECK_OK(pid);
	if (!pid) {
		enter();
		fn();
		cgroup_lift();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	/* Another CPU may be about to print what is in the log. */
	sleep_ms(1000);
	CHECK(file_set("/proc/sys/vm/oom_dump_tasks", "1"));
	CHECK_OK(klogctl(8, NULL, atoi(before)));
	for (int i = 0; rmdir(cgroup) && i < 1000; i++)
		sleep_ms(5);
	CHECK_EQ(status, 0);
}

long charged_after(long bytes)
{
	long now = cgroup_measure();

	for (int i = 0; now > bytes && i < 100; i++) {
		sleep_ms(100);
		now = cgroup_measure();
	}
	return now;
}

void check_given_back(long bytes)
{
	long now = charged_after(bytes);

	if (now > bytes)
		FAIL("%ld bytes are charged, more than %ld", now, bytes);
}
