// SPDX-License-Identifier: GPL-2.0-only
#include "int80.h"

#include "harness.h"
#include "sites.h"

#define I386_GETPID 20

bool has_int80(void)
{
	int status;
	pid_t pid = fork();

	CHECK_OK(pid);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(site_int80(I386_GETPID, 0, 0, 0) == getpid() ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status == 0;
}

void need_int80(void)
{
	if (!has_int80())
		SKIP("this kernel has no int $0x80");
}
