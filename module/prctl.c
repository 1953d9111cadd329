// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameter prctl: prctl(PR_SET_SYSCALL_USER_DISPATCH) is served by the
 * module, with 1 on kernels that lack it or one of its modes, with 2 on all.
 *
 * prctl() itself begins with a call of security_task_prctl(), which may serve an
 * option by returning anything but ENOSYS. For this option, serve() is called in
 * its place.
 */
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>

#include "compat/gate.h"
#include "config.h"
#include "guard.h"
#include "prctl.h"
#include "task.h"
#include "log.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* from 5.11 on in the uapi headers */
#endif

static unsigned int where;
module_param_named(prctl, where, uint, 0444);
MODULE_PARM_DESC(
	prctl,
	"serve prctl(PR_SET_SYSCALL_USER_DISPATCH): 1 where the kernel does not in all modes, 2 everywhere");

/*
 * Closed while the module is being loaded: a step that comes later can fail, and
 * a thread that was armed by then would keep its bit when the hook goes.
 */
static bool open;

/* before_any_prctl() has taken a reference to the module. */
static int serve(int option, unsigned long mode, unsigned long offset,
		 unsigned long len, unsigned long selector)
{
	struct sud_setup setup = {
		.config = {
			.size = sizeof(setup.config),
			.mode = mode,
			.offset = offset,
			.len = len,
			.selector = selector,
		},
		.code_64bit = user_64bit_mode(current_pt_regs()),
	};
	int err = -EINVAL;

	if (mode == setup.config.mode)
		err = sud_config_apply(current, &setup);
	module_put(THIS_MODULE);
	return err;
}

static void before_any_prctl(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if ((int)regs->di != PR_SET_SYSCALL_USER_DISPATCH || !READ_ONCE(open))
		return;
	/* What the kernel itself has armed, it also disarms. */
	if (sud_task_native(current))
		return;
	if (try_module_get(THIS_MODULE))
		regs->ip = (unsigned long)serve;
}

static struct sud_guard guard = { SUD_GUARD("security_task_prctl",
					    before_any_prctl) };

int sud_prctl_init(void)
{
	bool native_has_all = sud_gate_native_modes() & BIT(SUD_MODE_INCLUSIVE);

	if (where > 2) {
		pr_err("prctl=%u: it must be 0, 1 or 2\n", where);
		return -EINVAL;
	}
	if (where == 1 && native_has_all) {
		pr_info("prctl=1 changes nothing: this kernel's own prctl has both modes; prctl=2 serves it all the same\n");
		return 0;
	}
	return where ? sud_guard_attach(&guard) : 0;
}

void sud_prctl_open(void)
{
	WRITE_ONCE(open, true);
}

void sud_prctl_exit(void)
{
	sud_guard_detach(&guard);
}
