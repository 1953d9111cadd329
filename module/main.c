// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syscall User Dispatch through /dev/sud.
 *
 * The data path reads in one direction:
 *
 *	system call -> entry.S -> dispatch.c -> task.h -> deliver.c
 *
 * hook.c puts entry.S in front of the function that the kernel's slow system
 * call path calls for a thread with the arming bit set, and only for such a
 * thread; dispatch.c decides in native SUD's order; deliver.c hands a blocked
 * call back. The control path is dev.c -> config.c -> task.c; tracee.c and
 * prctl.c are two more ways into it. lifecycle.c follows fork, exec and exit.
 * What differs between kernels is in hook.c and compat/.
 *
 * Init opens the users' doors last, when nothing can fail any more, and exit
 * closes them first. A thread's state
 * pins the module, so exit runs when no thread is armed any more.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "regions.h"
#include "sud.h"
#include "task.h"

static int __init sud_init(void)
{
	int err;

	sud_task_init();

	err = sud_regions_init();
	if (err)
		return err;

	err = sud_lifecycle_init();
	if (err)
		goto err_regions;

	err = sud_hook_init();
	if (err)
		goto err_lifecycle;

	err = sud_prctl_init();
	if (err)
		goto err_hook;

	err = sud_dev_init();
	if (err)
		goto err_prctl;

	sud_prctl_open();
	return 0;

err_prctl:
	sud_prctl_exit();
err_hook:
	sud_hook_exit();
err_lifecycle:
	sud_lifecycle_exit();
err_regions:
	sud_regions_exit();
	return err;
}

static void __exit sud_exit(void)
{
	sud_dev_exit();
	sud_prctl_exit();
	sud_hook_exit();
	sud_lifecycle_exit();
	/*
	 * A thread that dropped the last reference to the module may still be
	 * in the few instructions between that and its return to the kernel.
	 */
	synchronize_rcu_tasks();
	sud_regions_exit();
}

module_init(sud_init);
module_exit(sud_exit);

MODULE_DESCRIPTION("Syscall User Dispatch through an ioctl");
MODULE_AUTHOR("The sud authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
