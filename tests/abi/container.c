// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left of the module in a container, whose /dev is not the machine's: the
 * ioctl, and the prctl. What libsud makes of it is in libsud.c, and the preload library
 * in guest.d/prctl-lib.sh.
 */
#include "lib/backend.h"
#include "lib/container.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/raw_prctl.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

TEST(hidden, "sud_open() fails with ENOENT, though the module is loaded")
{
	container_enter(PASSED_NOT, false);
	CHECK_OK(access("/sys/module/sud", F_OK));
	CHECK_OK(access("/dev/null", W_OK));
	CHECK_ERR(sud_open(), ENOENT);
}

TEST(hidden_user, "so it does in a user namespace")
{
	container_enter(PASSED_NOT, true);
	CHECK_OK(access("/dev/null", W_OK));
	CHECK_ERR(sud_open(), ENOENT);
}

static void arm_in_here(void)
{
	int fd = sud_open();

	CHECK_OK(fd);
	handle_sigsys();
	CHECK(!armed_now());
	CHECK_OK(sud_arm(fd, SUD_MODE_EXCLUSIVE, 0, 0, &selector));
	CHECK(armed_now());
	CHECK_OK(sud_disarm(fd));
	CHECK(!armed_now());
}

TEST(bound, "bound into the container, the device serves")
{
	container_enter(PASSED_BIND, false);
	arm_in_here();
}

TEST(bound_user, "so it does in a user namespace")
{
	container_enter(PASSED_BIND, true);
	arm_in_here();
}

TEST(node, "so does a node that was made there")
{
	container_enter(PASSED_NODE, false);
	arm_in_here();
}

/* In a child, because what it arms must not outlive the module's parameter. */
static void arm_by_prctl(void)
{
	/* Before the device is gone: who serves? */
	bool have = prctl_served() || kernel_has(SUD_MODE_EXCLUSIVE);
	bool module = from_module();
	struct sud_config c;

	container_enter(PASSED_NOT, false);
	CHECK_ERR(sud_open(), ENOENT);
	handle_sigsys();
	if (!have) {
		CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector),
			 -EINVAL);
		CHECK(!armed_now());
		return;
	}
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(armed_now());
	/* By the descriptor from outside. */
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, module ? SUD_MODE_EXCLUSIVE : SUD_MODE_OFF);
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
}

static void check_prctl(const char *parameter)
{
	unload_first();
	CHECK(module_load_with(parameter));
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	CHECK_EQ(in_child(arm_by_prctl), 0);
	unload_first();
	load_again();
}

TEST_LIMIT(prctl_0, "without its parameter the module serves no prctl there",
	   false, 60)
{
	check_prctl("prctl=0");
}

TEST_LIMIT(prctl_1, "prctl=1 works there, because it needs no device", false,
	   60)
{
	check_prctl("prctl=1");
}

TEST_LIMIT(prctl_2, "so does prctl=2", false, 60)
{
	check_prctl("prctl=2");
}
