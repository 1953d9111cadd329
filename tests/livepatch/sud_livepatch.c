// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces native SUD's function by one that lets every call run: a natively
 * armed thread tells whether the patch is live.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

static bool let_run(struct pt_regs *regs)
{
	return false;
}

static struct klp_func funcs[] = { { .old_name = "syscall_user_dispatch",
				     .new_func = let_run },
				   {} };

static struct klp_object objects[] = { { .funcs = funcs }, {} };

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);

MODULE_DESCRIPTION("Live patch of syscall_user_dispatch, for a test");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
