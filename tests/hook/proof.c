// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module does not load where system calls would not come by its hook. Needs a
 * module that was built for the tests (SUD_TEST), which hooks what it is told to.
 */
#include <sys/klog.h>

#include "lib/backend.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

#define SYSLOG_READ_ALL 3
#define SYSLOG_CLEAR 5

static bool log_says(const char *text)
{
	static char log[1 << 18];
	int len = klogctl(SYSLOG_READ_ALL, log, sizeof(log) - 1);

	CHECK_OK(len);
	log[len] = '\0';
	return strstr(log, text);
}

static void refused(const char *function)
{
	char param[64], line[96];

	snprintf(param, sizeof(param), "test_hook=%s", function);
	snprintf(line, sizeof(line), "sud: no call of %s is found from do_",
		 function);
	CHECK_OK(klogctl(SYSLOG_CLEAR, NULL, 0));
	errno = 0;
	CHECK(!module_load_with(param));
	CHECK_EQ(errno, ENODEV);
	CHECK(log_says(line));
	CHECK(access("/dev/sud", F_OK));
}

static void call_with_hook_lost(void)
{
	struct sud_config c = {
		.size = sizeof(c),
		.mode = SUD_MODE_EXCLUSIVE,
		.offset = (uintptr_t)site_b,
		.len = -1ULL - (uintptr_t)site_b,
	};

	handle_sigsys();
	/* Blocked is site_a() only, which lies in front of site_b(). */
	CHECK_OK(sud_set(sud_fd, &c));
	CHECK_EQ(site_a(MAGIC_NR, 0, 0, 0), MAGIC_NR);
	CHECK_EQ(seen.count, 1);
	CHECK(file_set("/sys/module/sud/parameters/test_lost", "1"));
	/* The native body knows no region: this very call is blocked. */
	_exit(3);
}

TEST_LIMIT(lost,
	   "if the hook is ever lost, every call of an armed thread is blocked",
	   false, 60)
{
	struct sud_info info;
	int status;

	if (access("/sys/module/sud/parameters/test_lost", F_OK))
		SKIP("the module was not built for the tests");
	CHECK_OK(sud_info(sud_fd, &info));
	if (!(info.native_modes & 1 << SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no body that could block");
	status = in_child(call_with_hook_lost);
	CHECK(file_set("/sys/module/sud/parameters/test_lost", "0"));
	CHECK(WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
}

TEST_LIMIT(unreached, "a function that no system call passes is not hooked",
	   false, 120)
{
	if (access("/sys/module/sud/parameters/test_delay_us", F_OK))
		SKIP("the module was not built for the tests");
	close(sud_fd);
	CHECK(module_unload());
	/* Never called, and called by a system call itself only. */
	refused("kernel_halt");
	refused("ksys_sync");
	CHECK(module_load());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
}
