// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls but for the short path of upcall.h.
 */
#include "compat/entry.h"
#include "upcall.h"

/* 64-bit SYSCALL gives its caller's rcx and r11 away; no other entry does. */
static bool by_syscall(void)
{
	return !in_ia32_syscall();
}

bool sud_upcall_possible(const struct sud_task *st, struct pt_regs *regs)
{
	if (!by_syscall() && !st->config.upcall_frame)
		return false;
	return user_64bit_mode(regs) == st->user64;
}

/* False when a page is not there, or user code points out of user space. */
static bool push_frame(const struct sud_task *st, const struct pt_regs *regs)
{
	u64 __user *top = sud_task_address(st, st->config.upcall_frame);
	struct sud_upcall_frame __user *frame;
	u64 flags = sud_upcall_flags(regs);
	u32 arch = syscall_get_arch(current);
	u64 addr;

	if (get_user(addr, top))
		return false;
	addr -= sizeof(*frame);
	frame = (struct sud_upcall_frame __user *)(uintptr_t)addr;

	if (!user_access_begin(frame, sizeof(*frame)))
		return false;
	unsafe_put_user((u64)regs->ip, &frame->ip, fault);
	unsafe_put_user(flags, &frame->flags, fault);
	unsafe_put_user((u32)regs->orig_ax, &frame->nr, fault);
	unsafe_put_user(arch, &frame->arch, fault);
	unsafe_put_user((u32)regs->cs, &frame->cs, fault);
	unsafe_put_user(0, &frame->reserved, fault);
	user_access_end();

	return !put_user(addr, top);
fault:
	user_access_end();
	return false;
}

long sud_upcall(struct sud_task *st, struct pt_regs *regs)
{
	if (!st->config.upcall_frame)
		return sud_upcall_regs(st, regs);

	if (unlikely(!push_frame(st, regs)))
		return sud_deliver_death(st, regs, SIGSEGV);

	/* With rcx equal to rip, and r11 to the flags, it leaves by SYSRET. */
	if (by_syscall()) {
		regs->cx = st->config.upcall_entry;
		regs->r11 = sud_upcall_flags(regs);
	}
	return sud_upcall_enter(st, regs);
}
