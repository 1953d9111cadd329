// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_FLAG_SIGRETURN: the return from a SIGSYS that handed over a blocked call
 * runs, so that no region has to be exempt for it. What tells it from a guest's
 * own call of the same number is the frame that the kernel put on the stack.
 */
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <asm/sigframe.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "compat/gate.h"
#include "sigreturn.h"
#include "task.h"

#define NR_X32_RT_SIGRETURN (0x40000000 + 513)
#define NR_IA32_RT_SIGRETURN 173

/*
 * Where the siginfo lies, from the stack pointer: the handler's "ret" has taken
 * the return address, the frame's first member, off the stack.
 */
#define BEHIND_RET(type, ret) (offsetof(type, info) - sizeof(ret))

static bool siginfo_offset(struct pt_regs *regs, unsigned long *offset)
{
	int nr = syscall_get_nr(current, regs);

#ifdef CONFIG_IA32_EMULATION
	if (in_ia32_syscall()) {
		*offset = BEHIND_RET(struct rt_sigframe_ia32, u32);
		return nr == NR_IA32_RT_SIGRETURN;
	}
#endif
#ifdef CONFIG_X86_X32_ABI
	if (nr == NR_X32_RT_SIGRETURN) {
		*offset = BEHIND_RET(struct rt_sigframe_x32, u64);
		return true;
	}
#endif
	*offset = BEHIND_RET(struct rt_sigframe, u64);
	return nr == __NR_rt_sigreturn;
}

bool sud_sigreturn_exempt(struct pt_regs *regs, const struct sud_task *st)
{
	struct {
		s32 signo;
		s32 error;
		s32 code;
	} info;
	unsigned long offset;

	if (!(st->config.flags & SUD_FLAG_SIGRETURN) ||
	    !siginfo_offset(regs, &offset))
		return false;
	/* All layouts begin with these three. */
	if (copy_from_user(&info, (void __user *)(regs->sp + offset),
			   sizeof(info)))
		return false;
	return info.signo == SIGSYS && info.code == SYS_USER_DISPATCH;
}
