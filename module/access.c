// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may see another thread's configuration: who may follow its /proc/PID/exe
 * (PTRACE_MODE_READ_FSCREDS).
 *
 * The kernel's own ptrace_may_access() is asked, because it also asks the security
 * modules, which are not for modules to ask. It is not exported; a static call of it
 * is a direct call, as in native.c.
 */
#include <linux/ptrace.h>
#include <linux/static_call.h>

#include "access.h"
#include "guard.h"
#include "log.h"

static bool allow_nothing(struct task_struct *task, unsigned int mode)
{
	return false;
}

DEFINE_STATIC_CALL(sud_may_access, allow_nothing);

bool sud_access_allows(struct task_struct *task)
{
	/* Without a record in the audit log: nobody has asked for just this thread. */
	return static_call(sud_may_access)(task, PTRACE_MODE_READ_FSCREDS |
							 PTRACE_MODE_NOAUDIT);
}

int sud_access_init(void)
{
	unsigned long ip;
	int err = sud_guard_find("ptrace_may_access", &ip);

	if (err) {
		pr_err("cannot find the function ptrace_may_access (%d); %s\n",
		       err, sud_hint(err));
		return err;
	}
	static_call_update(sud_may_access, (typeof(&allow_nothing))ip);
	return 0;
}

void sud_access_exit(void)
{
	static_call_update(sud_may_access, allow_nothing);
}
