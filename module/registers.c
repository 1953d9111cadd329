// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that a listener reads and writes.
 */
#include <linux/limits.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>

#include "registers.h"

/* As FLAG_MASK in arch/x86/kernel/ptrace.c, for 64-bit kernels. */
#define CHANGEABLE                                                       \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
	 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF | \
	 X86_EFLAGS_RF | X86_EFLAGS_AC)

/* The names are the same in both. */
#define COPY(to, from)                   \
	do {                             \
		(to)->bx = (from)->bx;   \
		(to)->cx = (from)->cx;   \
		(to)->dx = (from)->dx;   \
		(to)->si = (from)->si;   \
		(to)->di = (from)->di;   \
		(to)->bp = (from)->bp;   \
		(to)->sp = (from)->sp;   \
		(to)->r8 = (from)->r8;   \
		(to)->r9 = (from)->r9;   \
		(to)->r10 = (from)->r10; \
		(to)->r11 = (from)->r11; \
		(to)->r12 = (from)->r12; \
		(to)->r13 = (from)->r13; \
		(to)->r14 = (from)->r14; \
		(to)->r15 = (from)->r15; \
		(to)->ip = (from)->ip;   \
	} while (0)

void sud_registers_read(const struct pt_regs *regs, unsigned long flags,
			struct sud_regs *out)
{
	COPY(out, regs);
	out->ax = regs->orig_ax;
	out->flags = flags;
}

static bool fits_32bit(const struct sud_regs *new)
{
	return !((new->ax | new->bx | new->cx | new->dx | new->si | new->di |
		  new->bp | new->sp | new->ip) &
		 ~(u64)U32_MAX);
}

bool sud_registers_ok(const struct pt_regs *regs, unsigned long flags,
		      const struct sud_regs *new)
{
	/* Elsewhere the kernel would have to fault as it leaves. */
	if (new->ip >= TASK_SIZE_MAX)
		return false;
	if ((new->flags ^ flags) & ~CHANGEABLE)
		return false;
	return user_64bit_mode((struct pt_regs *)regs) || fits_32bit(new);
}

void sud_registers_write(struct pt_regs *regs, const struct sud_regs *new)
{
	COPY(regs, new);
	regs->flags = new->flags;
	/* As ptrace's set_flags(): whose is the trap flag, the program's or a debugger's? */
	if (new->flags & X86_EFLAGS_TF)
		clear_thread_flag(TIF_FORCED_TF);
	else if (test_thread_flag(TIF_FORCED_TF))
		regs->flags |= X86_EFLAGS_TF;
}
