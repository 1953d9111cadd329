// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameter prctl, and the prctl while the module is loaded and unloaded.
 */
#include <sys/stat.h>

#include "lib/backend.h"
#include "lib/files.h"
#include "lib/harness.h"
#include "lib/module.h"
#include "lib/raw_prctl.h"
#include "lib/sigsys.h"
#include "lib/sites.h"

static int armed_pipe[2];

static void stay_armed(void)
{
	prctl_start();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK_OK(write(armed_pipe[1], "x", 1));
	for (;;)
		pause();
}

TEST_LIMIT(pins, "a thread that the module serves pins it, until it is killed",
	   false, 120)
{
	char c;

	if (!from_module())
		SKIP("the module does not serve this prctl here");
	/* Nobody holds it by a descriptor. */
	close(sud_fd);
	CHECK_OK(pipe(armed_pipe));
	pid_t pid = fork();

	if (!pid)
		stay_armed();
	CHECK_EQ(read(armed_pipe[0], &c, 1), 1);
	CHECK(!module_unload());
	CHECK_EQ(errno, EWOULDBLOCK);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK(module_unload());
	load_again();
}

static void stays_native(const char *param, bool then_served)
{
	bool own_inclusive = kernel_has(SUD_MODE_INCLUSIVE);
	struct sud_config c;

	prctl_start();
	unload_first();
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0, 0, &selector), 0);
	CHECK(module_load_with(param));
	CHECK(armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_EXCLUSIVE, 0x1000, 0x1000, &selector), 0);
	CHECK(armed_now());
	if (!own_inclusive)
		CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, 0x1000, 1, &selector),
			 -EINVAL);
	CHECK(armed_now());
	sud_fd = sud_open();
	CHECK_OK(sud_fd);
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, SUD_MODE_OFF);
	CHECK_ERR(sud_disarm(sud_fd), EBUSY);
	/* The kernel's OFF; from then on it is the module's, if it serves it. */
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	CHECK(!armed_now());
	CHECK_EQ(sud_prctl(SUD_MODE_INCLUSIVE, (uintptr_t)site_a_ip, 1,
			   &selector),
		 0);
	CHECK(armed_now());
	CHECK_OK(sud_get(sud_fd, &c));
	CHECK_EQ(c.mode, then_served ? SUD_MODE_INCLUSIVE : SUD_MODE_OFF);
	CHECK_EQ(sud_prctl(SUD_MODE_OFF, 0, 0, NULL), 0);
	close(sud_fd);
	CHECK(module_unload());
	load_again();
}

TEST_LIMIT(natively_armed,
	   "what the kernel has armed before stays the kernel's", false, 120)
{
	bool both = kernel_has(SUD_MODE_INCLUSIVE);

	if (!kernel_has(SUD_MODE_EXCLUSIVE))
		SKIP("this kernel has no SUD of its own");
	stays_native("prctl=1", !both);
	stays_native("prctl=2", true);
}

#ifdef __LP64__
TEST_LIMIT(parameter,
	   "the parameter can be read and not be written, and is off by default",
	   false, 120)
{
	struct stat st;

	need_default();
	CHECK_OK(stat(PARAMETER, &st));
	CHECK_EQ(st.st_mode & 0777, 0444);
	CHECK(!file_write(PARAMETER, "1"));
	unload_first();
	CHECK(module_load_with(""));
	CHECK(file_contains(PARAMETER, "0"));
	CHECK(module_unload());
	CHECK(module_load_with("prctl=0"));
	CHECK(file_contains(PARAMETER, "0"));
	CHECK(module_unload());
	CHECK(module_load_with("prctl=1"));
	CHECK(file_contains(PARAMETER, "1"));
	CHECK(module_unload());
	load_again();
}

TEST_LIMIT(bad_parameter, "the module does not load with another value", false,
	   120)
{
	static const char *const values[] = { "prctl=3", "prctl=-1",
					      "prctl=maybe", "prctl=" };

	need_default();
	unload_first();
	for (unsigned int i = 0; i < sizeof(values) / sizeof(*values); i++) {
		errno = 0;
		if (module_load_with(values[i]) || errno != EINVAL)
			FAIL("%s: errno %d", values[i], errno);
		CHECK(access("/dev/sud", F_OK));
	}
	load_again();
}

/* What a fresh process is told, without the descriptor of a module. */
static int answer_mode;

static void ask(void)
{
	prctl_start();
	long r = sud_prctl(answer_mode, answer_mode == SUD_MODE_OFF ? 0 : 1,
			   answer_mode == SUD_MODE_OFF ? 0 : 1, NULL);

	_exit(r == -EINVAL ? 22 : r ? 1 : 0);
}

static int answer(int mode)
{
	answer_mode = mode;
	int status = in_child(ask);

	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST_LIMIT(only_with,
	   "it is served with prctl=1, and neither without nor after it", false,
	   120)
{
	/* By the kernel itself. */
	int excl = kernel_has(SUD_MODE_EXCLUSIVE) ? 0 : 22;
	int incl = kernel_has(SUD_MODE_INCLUSIVE) ? 0 : 22;

	need_default();
	unload_first();
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(answer(SUD_MODE_OFF), excl);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), incl);
		CHECK(module_load_with(""));
		CHECK_EQ(answer(SUD_MODE_OFF), excl);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), incl);
		CHECK(module_unload());
		CHECK(module_load_with("prctl=1"));
		CHECK_EQ(answer(SUD_MODE_OFF), 0);
		CHECK_EQ(answer(SUD_MODE_INCLUSIVE), 0);
		CHECK(module_unload());
	}
	load_again();
}
#endif
