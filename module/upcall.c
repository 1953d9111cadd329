// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls, but for the form in registers, which is in upcall.h.
 */
#include <linux/audit.h>
#include <linux/compiler.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "area.h"
#include "upcall.h"

/*
 * In a control area. User code may have written anything at @top; it is read once,
 * checked, and masked for the speculation that runs ahead of the check. Return:
 * false when the frame would not lie in the area.
 */
static __always_inline bool push_mapped(const struct pt_regs *regs,
					const struct sud_task *st, u64 *top,
					u64 flags, u32 arch)
{
	const struct sud_area *area = st->area;
	struct sud_upcall_frame *frame;
	u64 addr = READ_ONCE(*top) - sizeof(*frame);
	unsigned long offset = addr - st->area_base;

	if (unlikely(offset >= area->places))
		return false;
	offset = array_index_nospec(offset, area->places);
	frame = (struct sud_upcall_frame *)(area->memory + offset);

	frame->ip = regs->ip;
	frame->flags = flags;
	frame->nr = regs->orig_ax;
	frame->arch = arch;
	/* With @reserved, in one store. */
	*(u64 *)&frame->cs = (u16)regs->cs;
	WRITE_ONCE(*top, addr);
	return true;
}

/* Return: false when a page is not there, or an address not user space's. */
static bool push_user(const struct pt_regs *regs, const struct sud_task *st)
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

static bool push_frame(const struct pt_regs *regs, const struct sud_task *st)
{
	if (st->config.flags & SUD_FLAG_MAPPED)
		return push_mapped(regs, st, sud_task_top(st),
				   sud_upcall_flags(regs),
				   syscall_get_arch(current));
	return push_user(regs, st);
}

enum sud_verdict __noendbr sud_upcall_mapped(struct pt_regs *regs,
					     struct sud_task *st)
{
	u64 flags = sud_upcall_flags(regs);

	if (unlikely(!push_mapped(regs, st, st->top, flags, AUDIT_ARCH_X86_64)))
		return sud_force_death(st, SIGSEGV, SUD_DEATH_FRAME);

	return sud_upcall_by_sysret(regs, st, flags);
}

enum sud_verdict sud_upcall(struct pt_regs *regs, struct sud_task *st)
{
	if (!st->config.upcall_frame)
		return sud_upcall_regs(regs, st);

	if (unlikely(!push_frame(regs, st)))
		return sud_force_death(st, SIGSEGV, SUD_DEATH_FRAME);

	if (sud_upcall_by_syscall())
		return sud_upcall_by_sysret(regs, st, sud_upcall_flags(regs));
	return sud_upcall_enter(regs, st, st->config.upcall_entry);
}
