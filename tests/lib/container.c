// SPDX-License-Identifier: GPL-2.0-only
#include "container.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "files.h"
#include "harness.h"

#define NOBODY "65534"

/* As anybody may have one: with himself as its only user. */
static void new_user_namespace(void)
{
	CHECK_OK(setresgid(atoi(NOBODY), atoi(NOBODY), atoi(NOBODY)));
	CHECK_OK(setresuid(atoi(NOBODY), atoi(NOBODY), atoi(NOBODY)));
	/* Or its files in /proc are root's. */
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	if (unshare(CLONE_NEWUSER))
		SKIP("no user namespace: %s", strerror(errno));
	CHECK(file_write("/proc/self/setgroups", "deny"));
	CHECK(file_write("/proc/self/gid_map", NOBODY " " NOBODY " 1"));
	CHECK(file_write("/proc/self/uid_map", NOBODY " " NOBODY " 1"));
}

static void new_namespaces(bool user)
{
	if (user)
		new_user_namespace();
	CHECK_OK(unshare(CLONE_NEWNS));
	CHECK_OK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* What @fd refers to, in the new /dev. */
static void bind(int fd, const char *path)
{
	char from[32];
	int to = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_OK(to);
	CHECK_OK(close(to));
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	CHECK_OK(mount(from, path, NULL, MS_BIND, NULL));
	CHECK_OK(close(fd));
}

void container_enter(enum passed passed, bool user)
{
	struct stat st;
	int null, device;

	new_namespaces(user);
	CHECK_OK(stat("/dev/sud", &st));
	/* Open by now, because the new /dev hides both. */
	null = open("/dev/null", O_PATH | O_CLOEXEC);
	device = open("/dev/sud", O_PATH | O_CLOEXEC);
	CHECK(null >= 0 && device >= 0);
	CHECK_OK(mount("dev", "/dev", "tmpfs", MS_NOSUID, "mode=755"));
	bind(null, "/dev/null");
	switch (passed) {
	case PASSED_NOT:
		CHECK_OK(close(device));
		break;
	case PASSED_BIND:
		bind(device, "/dev/sud");
		break;
	case PASSED_NODE:
		CHECK_OK(close(device));
		CHECK_OK(mknod("/dev/sud", S_IFCHR | 0666, st.st_rdev));
		CHECK_OK(chmod("/dev/sud", 0666));
		break;
	}
}
